"""Where packages come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_CPU_BUILDS = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class PackageSource:
    """The registry that pip is set up for, or a folder of wheels.

    Attributes:
        folder: of wheels; None for the registry.
        cpu_only: whether torch is to come without the libraries for NVIDIA GPUs, several gigabytes on Linux.
    """

    folder: Path | None = None
    cpu_only: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """For pip."""
        if self.folder is not None:
            # What the user's pip is set up for elsewhere could bring in another file of the same name.
            return ("--isolated", "--no-index", "--find-links", str(self.folder))
        return ("--extra-index-url", _CPU_BUILDS) if self.cpu_only else ()
