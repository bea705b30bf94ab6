"""The contents of ``slicer.i18n``: every text stays in the language it was written in."""

from __future__ import annotations

from pathlib import Path

__all__ = ["getContext", "tr", "translate"]


def translate(context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str:
    """``text`` itself; the arguments are those of Slicer's function."""
    return text


def tr(text: str, disambiguation: str | None = None, n: int = -1) -> str:
    """``text`` itself; modules import it as ``_``."""
    return text


def getContext(sourceFile: str) -> str:
    """The name under which a file's texts would be looked up."""
    return Path(sourceFile).stem
