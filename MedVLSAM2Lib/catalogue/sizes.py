"""Bytes as people write them."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB")


def in_words(size: int | None) -> str:
    """E.g. ``156 MB``, in powers of ten as the hub and disks count; ``unknown`` for None."""
    if size is None:
        return "unknown"
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in _UNITS:
        value /= 1000
        if value < 999.5 or unit == _UNITS[-1]:
            break
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
