"""The most memory this process has held: since it began, or since its peak was last forgotten."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# What the Linux kernel takes as: the peak is what is held now (proc_pid_clear_refs(5)).
_PEAK = "5"


def peak_bytes() -> int:
    """Resident memory at its peak, in bytes: the Python, its libraries, scans and models together."""
    if _STATUS.is_file():
        # Not by getrusage: on Linux a process inherits the peak of the one that started it.
        line = next(line for line in _STATUS.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> bool:
    """Let the peak begin anew at what is held now; False where the system cannot (any but Linux)."""
    try:
        _FORGET.write_text(_PEAK, encoding="ascii")
    except OSError:
        return False
    return True
