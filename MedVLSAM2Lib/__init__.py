"""MedVLSAM2: one 3D vision-language model that segments, answers and reports inside 3D Slicer.

``from MedVLSAM2Lib import Session`` is all that a script needs; importing the package alone brings no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from MedVLSAM2Lib.scripting.session import Session

__all__ = ["Session", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # torch, which a session needs, takes seconds to import, and Slicer imports this package without it.
    if name == "Session":
        from MedVLSAM2Lib.scripting.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
