"""How far a download has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class DownloadProgress:
    """Bytes of the whole model that are there, of how many, and the file that is arriving."""

    done_bytes: int
    total_bytes: int
    file: str

    @property
    def fraction(self) -> float:
        """0..1."""
        return self.done_bytes / self.total_bytes if self.total_bytes else 1.0


ProgressListener = Callable[[DownloadProgress], None]
Cancelled = Callable[[], bool]
