"""A CT of a person who never lived, whose every voxel is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.phantom.anatomy.person import Person
from MedVLSAM2Lib.training.phantom.grid import Grid
from MedVLSAM2Lib.training.phantom.painting import Grain, Painter
from MedVLSAM2Lib.training.phantom.patient import Part, Patient
from MedVLSAM2Lib.training.phantom.shapes import Ras
from MedVLSAM2Lib.training.phantom.structures import Absence, Finding, Phase
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox

_MIDDLES_RAS: dict[Part, Ras] = {Part.TRUNK: (0.0, 0.0, -45.0), Part.HEAD: (0.0, 0.0, -20.0)}
_BLOCK_VOXELS = 2_000_000
_THREADS = 2


@dataclass(frozen=True)
class Phantom:
    """A volume and all there is to know about it.

    Attributes:
        volume: the CT, int16 HU; its axes run to the patient's left, posterior and superior.
        labels: uint8 (K, J, I), the structure each voxel belongs to; 0 is air outside the body.
        names: what each label is; every structure of the person, whether the volume reaches it or not.
        findings: what a report should mention, whether the volume reaches it or not.
        absent: the organs that were taken out.
        phase: of the contrast medium.
    """

    volume: Volume
    labels: np.ndarray
    names: dict[int, str]
    findings: tuple[Finding, ...]
    absent: tuple[Absence, ...] = ()
    phase: Phase = Phase.PORTAL_VENOUS

    def mask(self, name: str) -> np.ndarray:
        """Boolean (K, J, I): the voxels of the structure ``name``. Raises KeyError when there is none of that name."""
        numbers = {other: number for number, other in self.names.items()}
        return self.labels == numbers[name]

    def innermost(self, name: str) -> Ras:
        """The RAS position in mm farthest from the surface of ``name``: a good place to click.

        Raises:
            ValueError: the volume does not reach the structure.
        """
        mask = self.mask(name)
        box = VoxelBox.around(mask)
        if box.is_empty:
            raise ValueError(f"The phantom's volume does not reach the {name}.")
        around = np.pad(mask[box.slices], 1)
        depth = ndimage.distance_transform_edt(around, sampling=self.volume.spacing_mm)
        k, j, i = (
            int(v) - 1 + low for v, low in zip(np.unravel_index(depth.argmax(), depth.shape), box.low, strict=True)
        )
        return self.volume.ijk_to_ras_position((i, j, k))


def make_phantom(
    seed: int = 0,
    shape_kji: tuple[int, int, int] = (200, 256, 256),
    spacing_mm: tuple[float, float, float] = (3.0, 1.6, 1.6),
    patient: Patient | None = None,
    middle_ras: Ras | None = None,
) -> Phantom:
    """A CT of ``shape_kji`` voxels of ``spacing_mm`` (K, J, I) about ``middle_ras``; equal arguments, equal voxels.

    The trunk is about 350 x 230 x 600 mm (R, A, S), the head and neck 190 x 240 x 330 mm; without ``middle_ras`` the
    volume is about their middle. The seed varies the person: size and place of the organs, vessels, fat, and where the
    findings lie. ``patient`` orders findings, a phase, a head; without one everybody has the same six findings.
    """
    rng = np.random.default_rng(seed)
    person = Person.born(rng, patient)
    names = dict(enumerate(person.names, start=1))
    numbers = {name: number for number, name in names.items()}
    painter = Painter.for_spacing(person.structures, numbers, spacing_mm, person.phase)
    middle_ras = middle_ras or _MIDDLES_RAS[patient.part if patient else Part.TRUNK]
    matrix = _centred_matrix(shape_kji, spacing_mm, middle_ras)
    voxels, labels = np.empty(shape_kji, np.int16), np.empty(shape_kji, np.uint8)
    grain = Grain.made(rng, spacing_mm)

    def paint(block: VoxelBox) -> None:
        noise, mottle = grain.of_slices(block.low[0], block.shape[0], shape_kji[1:])
        grid = Grid.of_block(block, spacing_mm, matrix[:3, 3])
        voxels[block.slices], labels[block.slices] = painter.paint(grid, noise, mottle)

    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(paint, _blocks(shape_kji)):
            pass
    volume = Volume(voxels, matrix, Modality.CT, "HU", f"phantom {seed}")
    return Phantom(volume, labels, names, person.findings, person.absent, person.phase)


def _blocks(shape: tuple[int, int, int]) -> list[VoxelBox]:
    thickness = max(1, _BLOCK_VOXELS // (shape[1] * shape[2]))
    return [
        VoxelBox((first, 0, 0), (min(first + thickness, shape[0]), shape[1], shape[2]))
        for first in range(0, shape[0], thickness)
    ]


def _centred_matrix(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], middle_ras: Ras) -> np.ndarray:
    directions = np.array([-spacing_mm[2], -spacing_mm[1], spacing_mm[0]])
    middle = (np.array(shape[::-1]) - 1) / 2
    matrix = np.diag([*directions, 1.0])
    matrix[:3, 3] = np.array(middle_ras) - directions * middle
    return matrix
