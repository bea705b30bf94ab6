"""One scan or label map with the objects that can be asked for in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.model.patches.view import Triple

LABELS, TISSUES = "labels", "tissues"


@dataclass(frozen=True)
class TrainingObject:
    """Something to segment: one or several ids of one layer of a case.

    Attributes:
        name: for logs and the card.
        layer: ``labels`` (from the data set) or ``tissues`` (found by thresholds).
        ids: values of the layer that together make the object.
        lo, hi: half-open box (K, J, I) of its voxels.
        voxels: how many it has.
        clicks: int32 (N, 3) voxels inside, of which some are far from its surface.
    """

    name: str
    layer: str
    ids: tuple[int, ...]
    lo: np.ndarray
    hi: np.ndarray
    voxels: int
    clicks: np.ndarray


@dataclass(frozen=True)
class Case:
    """A scan (or a label map without one); arrays are (K, J, I) in canonical order.

    Attributes:
        name: the folder it came from, unique.
        group: which part of the mix it belongs to (``head_neck``, ``tumour``, ``trunk``; ``map_…`` without a scan).
        spacing_mm: voxel size (K, J, I) in millimetres.
        image: int16 Hounsfield units, or None.
        layers: uint8 label maps by layer name.
        objects: what can be asked for.
        sample: int16 values of a few thousand voxels, for percentiles; empty without an image.
        held_out: never trained on, used for validation.
    """

    name: str
    group: str
    spacing_mm: Triple
    image: np.ndarray | None
    layers: dict[str, np.ndarray]
    objects: tuple[TrainingObject, ...]
    sample: np.ndarray
    held_out: bool = False

    @property
    def scan(self) -> np.ndarray:
        """The image of a case that has one."""
        if self.image is None:
            raise ValueError(f"{self.name} is a label map without a scan")
        return self.image

    @property
    def shape(self) -> tuple[int, ...]:
        """(K, J, I) number of voxels."""
        return next(iter(self.layers.values())).shape if self.image is None else self.image.shape


def is_any_of(ids: tuple[int, ...]) -> np.ndarray:
    """A table for ``table[labels]``: True for the ids."""
    table = np.zeros(256, bool)
    table[list(ids)] = True
    return table
