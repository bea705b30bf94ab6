"""A case as it is read, before it is prepared."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from MedVLSAM2Lib.model.patches.view import Triple


@dataclass(frozen=True)
class RawCase:
    """A case as read: arrays (K, J, I) in canonical (LPS) order, ``image`` int16 HU or None, ``labels`` uint8.

    ``held_out`` says whether it is for validation only, None where its name decides that.
    """

    name: str
    group: str
    spacing_mm: Triple
    image: np.ndarray | None
    labels: np.ndarray
    label_names: dict[int, str] = field(default_factory=dict)
    held_out: bool | None = None
