"""A real sshd on the loopback, with a key of its own and one that it lets in."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from MedVLSAM2Lib.engine import RemoteMachine, SshLauncher
from tests.engine.relayed_line import RelayedLine

_NAME = "hospital"


def sshd_program() -> str | None:
    """Where sshd is, or None: it is not on everybody's PATH."""
    return shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


class SshServer:
    """The machine ``hospital`` for whoever uses ``options``, at the end of ``line``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host_key, self.user_key = self._key("host"), self._key("user")
        port = _free_port()
        (folder / "sshd_config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.host_key}\nPidFile {folder}/pid\nUsePAM no\n"
            f"AuthorizedKeysFile {self.user_key}.pub\nStrictModes no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself up
        command = [str(sshd_program()), "-D", "-e", "-f", str(folder / "sshd_config")]
        with (folder / "sshd.log").open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log)
        _wait_for(port)
        self.line = RelayedLine(port)
        self.trust(self.host_key)
        self.let_in_with(self.user_key)

    @property
    def options(self) -> tuple[str, ...]:
        """For ssh, to know nothing but this machine."""
        return "-F", str(self.folder / "ssh_config")

    @property
    def machine(self) -> RemoteMachine:
        """As a person types it."""
        return RemoteMachine(_NAME, command=str(self.folder / "medvlsam2"))

    def launcher(self) -> SshLauncher:
        """Starts workers on it."""
        return SshLauncher(self.machine, options=self.options)

    def install(self, script: str) -> None:
        """Make this shell script its ``medvlsam2``."""
        program = self.folder / "medvlsam2"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def trust(self, host_key: Path | None) -> None:
        """From now on the machine is known by this key, or not at all."""
        entry = f"{_NAME} {host_key.with_suffix('.pub').read_text('utf-8')}" if host_key is not None else ""
        (self.folder / "known_hosts").write_text(entry)

    def let_in_with(self, user_key: Path) -> None:
        """Show this key from now on."""
        # The user's own configuration may say what it likes: host keys are checked all the same.
        (self.folder / "ssh_config").write_text(
            f"Host {_NAME}\n  HostName 127.0.0.1\n  Port {self.line.port}\n  User {getpass.getuser()}\n"
            f"  IdentityFile {user_key}\n  IdentitiesOnly yes\n  HostKeyAlias {_NAME}\n"
            f"  UserKnownHostsFile {self.folder}/known_hosts\n  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking no\n  BatchMode no\n"
        )

    def another_key(self) -> Path:
        """One that nobody knows."""
        return self._key("another")

    def close(self) -> None:
        """End it."""
        self.line.close()
        self._process.terminate()
        self._process.wait()

    def _key(self, name: str) -> Path:
        path = self.folder / name
        path.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
        return path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
