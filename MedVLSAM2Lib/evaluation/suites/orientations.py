"""The same click on the same scan in all 48 orders and directions of its axes, and under a turned header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import permutations, product

import numpy as np

from MedVLSAM2Lib.evaluation.metrics import dice
from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.evaluation.segmenter import Segmenter
from MedVLSAM2Lib.prompts import Point, nearest_voxel
from MedVLSAM2Lib.volume import Reorientation, Volume

LEAST_DSC = 0.99
"""How equal masks of the same scan must be, whatever the order of its axes."""


@dataclass(frozen=True)
class Subject:
    """A scan under one header or several.

    Attributes:
        name: what the table calls it.
        headers: equal voxels under different headers; the first is the one the others are held against.
        click: where the user clicks, in voxels of all of them.
    """

    name: str
    headers: Mapping[str, Volume]
    click: Point


@dataclass(frozen=True)
class OrientationResult:
    """One run.

    Attributes:
        subject: the scan's name.
        header: the header's name.
        orientation: the source axis that became I, J and K, with a minus where it was run through backwards.
        clicked_voxel_inside: whether the mask holds the clicked voxel.
        dsc: Dice of the mask, brought back, with that of the subject as it is under its first header.
    """

    subject: str
    header: str
    orientation: str
    clicked_voxel_inside: bool
    dsc: float

    @property
    def passed(self) -> bool:
        """Whether the click is in the mask and the mask is the reference's."""
        return self.clicked_voxel_inside and self.dsc >= LEAST_DSC


def run_orientations(subjects: Sequence[Subject], segmenter: Segmenter, every: int = 1) -> Report:
    """Every ``every``-th of the 48 orientations of every header of every subject."""
    results = [result for subject in subjects for result in _run_subject(subject, segmenter, every)]
    data = {"segmenter": segmenter.name, "results": [asdict(result) for result in results]}
    return Report("orientations", _table(results), data, all(result.passed for result in results))


def orientations(shape: Sequence[int]) -> Iterator[Reorientation]:
    """All 48 axis orders and flips of an array of ``shape`` (K, J, I), the identity first."""
    k, j, i = (int(size) for size in shape)
    for first, second, third in permutations((0, 1, 2)):
        for flips in product((False, True), (False, True), (False, True)):
            yield Reorientation((first, second, third), flips, (i, j, k))


def reoriented(volume: Volume, turn: Reorientation) -> Volume:
    """The same scan with its array in the order of ``turn``; shares the memory."""
    array = turn.array_to_canonical(volume.array)
    return Volume(array, volume.ijk_to_ras @ turn.matrix, volume.modality, volume.units, volume.name)


def rotated(volume: Volume, degrees: float) -> Volume:
    """The same voxels, lying turned about the patient's long axis."""
    angle = np.deg2rad(degrees)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return Volume(volume.array, turn @ volume.ijk_to_ras, volume.modality, volume.units, volume.name)


def _run_subject(subject: Subject, segmenter: Segmenter, every: int) -> Iterator[OrientationResult]:
    reference = _segment(next(iter(subject.headers.values())), subject.click, segmenter, f"{subject.name} as it is")
    for header, volume in subject.headers.items():
        for turn in list(orientations(volume.shape))[::every]:
            click = Point(turn.position_to_canonical(subject.click.position))
            volume_id = f"{subject.name} {header} {_describe(turn)}"
            mask = turn.array_to_source(_segment(reoriented(volume, turn), click, segmenter, volume_id))
            inside = bool(mask[nearest_voxel(subject.click.position)])
            yield OrientationResult(subject.name, header, _describe(turn), inside, dice(mask, reference))


def _segment(volume: Volume, click: Point, segmenter: Segmenter, volume_id: str) -> np.ndarray:
    return segmenter.start(volume, volume_id).add([click])


def _describe(turn: Reorientation) -> str:
    return " ".join(("-" if flip else "+") + "IJK"[axis] for axis, flip in zip(turn.axes, turn.flipped, strict=True))


def _table(results: Sequence[OrientationResult]) -> str:
    header = ["scan", "header", "orientations", "clicked voxel inside", "lowest DSC", f"DSC below {LEAST_DSC}"]
    rows = []
    for key in dict.fromkeys((result.subject, result.header) for result in results):
        own = [result for result in results if (result.subject, result.header) == key]
        inside = sum(result.clicked_voxel_inside for result in own)
        low = [result.orientation for result in own if result.dsc < LEAST_DSC]
        lowest = f"{min(result.dsc for result in own):.4f}"
        rows.append([*key, str(len(own)), f"{inside} of {len(own)}", lowest, "; ".join(low) or "none"])
    return markdown_table(header, rows)
