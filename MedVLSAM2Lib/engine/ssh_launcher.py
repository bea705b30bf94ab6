"""A worker on another machine: ``ssh HOST medvlsam2 worker``, its pipes carried by SSH."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine.launcher import Ending, LaunchError, LocalWorkerProcess
from MedVLSAM2Lib.engine.remote_machine import RemoteMachine
from MedVLSAM2Lib.engine.remote_worker import SIGNAL_OFFSET

# The user's own ~/.ssh/config chooses names, keys and jumps; these it cannot undo.
_OPTIONS = {
    "BatchMode": "yes",  # a hidden question for a password would hang for ever
    "StrictHostKeyChecking": "yes",  # an unknown machine is refused, whatever the configuration says
    "ConnectTimeout": "15",
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "3",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RequestTTY": "no",
    "ControlPath": "none",  # a shared connection would outlive the worker
    "Compression": "no",  # volumes are compressed already
    "LogLevel": "ERROR",
}
_SSH_FAILED = 255
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126

# What ssh says, and what it means for the user; the first that fits.
_HOPELESS = {
    "REMOTE HOST IDENTIFICATION HAS CHANGED": (
        "{host} shows another key than it used to, so nothing was sent; ask its administrator why, mend "
        "~/.ssh/known_hosts, then start the engine again."
    ),
    "Host key verification failed": (
        "{host} is not among the machines that SSH knows; connect once in a terminal with “ssh {address}”, compare its "
        "key, then start the engine again."
    ),
    "Permission denied (": (
        "{host} does not let you in without a password; set up an SSH key for it, then start the engine again."
    ),
    "Too many authentication failures": (
        "{host} takes none of your SSH keys; name the right one in ~/.ssh/config, then start the engine again."
    ),
    "Could not resolve hostname": "There is no machine called {host}; correct the address, then start the engine again.",
    "Bad configuration option": "SSH cannot read its own configuration; mend ~/.ssh/config, then start the engine again.",
    "Bad owner or permissions": "SSH refuses its own configuration; mend ~/.ssh/config, then start the engine again.",
}
_UNREACHABLE = ("Connection refused", "No route to host", "Network is unreachable", "onnection timed out")


class SshLauncher:
    """Starts the worker on another machine. Login and encryption are SSH's; no port is opened by the worker."""

    def __init__(
        self,
        machine: RemoteMachine,
        *,
        ssh: Path | None = None,
        options: Sequence[str] = (),
        base: Mapping[str, str] | None = None,
        log_file: Path | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            machine: where.
            ssh: the program; the one on the PATH when None.
            options: further ones for ``ssh``, ``("-F", "my_config")`` say; host keys are checked whatever they are.
            base: the environment variables of SSH; this process's own when None.
            log_file: appended to with what SSH and the worker print; a temporary file when None.
        """
        self._machine = machine
        self._ssh = ssh
        self._options = tuple(options)
        self._base = None if base is None else dict(base)
        self._log_file = log_file

    @property
    def shares_memory(self) -> bool:
        """Its workers are elsewhere."""
        return False

    @property
    def is_remote(self) -> bool:
        """Whether volumes are packed, and kept there beyond a lost connection."""
        return True

    def folder_there(self, folder: Path) -> str:
        """What the worker calls a checkpoint: the bundled one is its own, others lie under the same path."""
        return "" if folder == bundled_checkpoint() else str(folder)

    def launch(self) -> SshWorkerProcess:
        """Connect and start the worker; LaunchError where there is no ssh."""
        ssh = self._ssh or shutil.which("ssh")
        if ssh is None:
            raise LaunchError("SSH is not installed on this machine; install OpenSSH, then start the engine again.")
        try:
            base = os.environ if self._base is None else self._base
            return SshWorkerProcess(self._machine, [str(ssh), *self._arguments()], base, self._log_file)
        except OSError as error:
            raise LaunchError(
                f"SSH could not be started ({error.strerror or error}); install OpenSSH, then start the engine again."
            ) from error

    def _arguments(self) -> list[str]:
        fixed = [argument for name, value in _OPTIONS.items() for argument in ("-o", f"{name}={value}")]
        port = [] if self._machine.port is None else ["-p", str(self._machine.port)]
        command = f"{_quoted(self._machine.command)} worker"
        return [*fixed, *port, *self._options, "--", _bare(self._machine.address), command]


class SshWorkerProcess(LocalWorkerProcess):
    """The ``ssh`` that carries a remote worker's pipes, as a child process of this one."""

    def __init__(
        self, machine: RemoteMachine, command: Sequence[str], base: Mapping[str, str], log_file: Path | None
    ) -> None:
        """Start ``command``; OSError when that does not work."""
        super().__init__(command, {**base, "LC_ALL": "C"}, log_file)  # ssh's reasons are read
        self._machine = machine

    def ending(self, status: int) -> Ending:
        """Whether SSH failed, and why, or the worker."""
        host, log = str(self._machine), self.log_tail()
        if status == _SSH_FAILED:
            return self._ending_of_ssh(log)
        if status in (_NOT_FOUND, _NOT_EXECUTABLE):
            reason = (
                f"{host} has no command {self._machine.command}; install MedVLSAM2 there or correct the command, "
                "then start the engine again."
            )
            return Ending(reason, log, is_hopeless=True)
        # A worker that a signal ended is told of with its parent's status, as shells do.
        return super().ending(SIGNAL_OFFSET - status if status > SIGNAL_OFFSET else status)

    def _ending_of_ssh(self, log: str) -> Ending:
        host, address = str(self._machine), self._machine.address
        for sign, sentence in _HOPELESS.items():
            if sign in log:
                return Ending(sentence.format(host=host, address=address), log, is_hopeless=True)
        said = next((sign for sign in _UNREACHABLE if sign in log), "")
        if said:
            reason = f"{host} cannot be reached ({said.removeprefix('onnection ')}); check the network."
        else:
            reason = f"The connection to {host} was lost."
        return Ending(reason, log, is_blameless=True)


def _quoted(command: str) -> str:
    """For the shell there, which is to expand a home folder and nothing else."""
    home, rest = ("~/", command[2:]) if command.startswith("~/") else ("", command)
    return home + shlex.quote(rest)


def _bare(address: str) -> str:
    """Without the brackets of an IPv6 address, which ssh does not take."""
    return address.replace("[", "").replace("]", "")
