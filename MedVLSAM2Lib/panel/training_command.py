"""``medvlsam2 train finetune`` in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from MedVLSAM2Lib.environment import EnvironmentProblem
from MedVLSAM2Lib.panel.cli_process import run_cli


class TrainingCommand:
    """Runs the command.

    Args:
        python: the interpreter; this process's when None.
        variables: its environment variables; this process's when None.
        config: a JSON file with the stage's settings; the one that comes with the program when None.
    """

    def __init__(
        self, python: Path | None = None, variables: Mapping[str, str] | None = None, config: Path | None = None
    ) -> None:
        self._python, self._variables, self.config = python, variables, config

    def finetune(self, start: Path, data: Path, output: Path, minutes: float, cancelled: Callable[[], bool]) -> None:
        """Go on from the checkpoint ``start`` with the scans in ``data``, or from where the run in ``output`` was; blocks.

        Raises:
            LaunchError: there is no interpreter.
            EnvironmentProblem: it did not work; the message is the command's own sentence.
            Cancelled: ``cancelled()`` became true; what was saved is kept.
        """
        arguments = [
            "train",
            "finetune",
            "--from",
            str(start),
            "--data",
            str(data),
            "--output",
            str(output),
            "--resume",
        ]
        if self.config is not None:
            arguments += ["--config", str(self.config)]
        else:
            arguments += ["--hours", f"{minutes / 60:.6g}"]
        status, lines = run_cli(self._python, self._variables, arguments, lambda _: None, cancelled)
        if status:
            raise EnvironmentProblem(_sentence(lines))


def _sentence(lines: list[str]) -> str:
    """What went wrong, from the end of what the command wrote."""
    last = lines[-1] if lines else "it ended without a word"
    return f"Learning failed: {last}"
