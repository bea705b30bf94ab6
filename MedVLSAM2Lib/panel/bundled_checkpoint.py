"""Where the checkpoint that comes with the extension lies."""

from __future__ import annotations

from pathlib import Path

import MedVLSAM2Lib

_FOLDER = Path("Resources") / "checkpoints" / "interactive"


def bundled_checkpoint() -> Path:
    """The folder of the bundled checkpoint, whether or not it is there: beside the library, in the clone and installed."""
    return Path(MedVLSAM2Lib.__file__).resolve().parent.parent / _FOLDER
