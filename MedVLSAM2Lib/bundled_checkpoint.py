"""The checkpoint that comes with the extension."""

from __future__ import annotations

from pathlib import Path


def bundled_checkpoint() -> Path:
    """Its folder: beside the library, in a checkout as in an installed extension."""
    return Path(__file__).resolve().parents[1] / "Resources" / "checkpoints" / "tiny"
