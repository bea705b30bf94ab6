"""The cases by the part of the mix they belong to, and the objects drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from MedVLSAM2Lib.training.data.cases import LABELS, TISSUES, Case, TrainingObject
from MedVLSAM2Lib.training.data.own_scans import GROUP as OWN

TISSUE_KIND = "tissues"
TISSUE_GROUP_SHARES = {"trunk": 0.55, "head_neck": 0.25, "tumour": 0.20, OWN: 0.5}
# Lungs are asked for more often than the fat; all of the soft tissue hardly ever.
TISSUE_WEIGHTS = {"lung": 2.0, "other lung": 2.0, "both lungs": 3.0, "body": 2.0, "bone": 1.5, "gas": 0.5,
                  "fat": 0.4, "soft tissue": 0.3, "body without gas": 0.2}  # fmt: skip


class CaseGroups:
    """Cases to draw from; a draw is decided by the generator it is given, and by nothing else.

    Attributes:
        scans: every case with an image.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._groups: dict[str, list[Case]] = {}
        for case in cases:
            if case.objects:
                self._groups.setdefault(case.group, []).append(case)
        self.scans = [case for group in self._groups.values() for case in group if case.image is not None]

    def __contains__(self, group: str) -> bool:
        return group in self._groups

    def a_scan(self, rng: np.random.Generator) -> Case:
        """Any case with an image."""
        return self.scans[rng.integers(len(self.scans))]

    def a_case(self, group: str, rng: np.random.Generator) -> Case:
        """A case of a group; of any scan where the group has none."""
        cases = self._groups.get(group) or self.scans
        return cases[rng.integers(len(cases))]

    def a_group(self, shares: dict[str, float], rng: np.random.Generator) -> str:
        """A group that has cases, by its share."""
        present = [group for group in shares if group in self._groups]
        weights = np.array([shares[group] for group in present])
        return str(rng.choice(present, p=weights / weights.sum()))

    def of_a_scan(self, kind: str, rng: np.random.Generator) -> tuple[Case, TrainingObject] | None:
        """A labelled object of a group of scans, or, if ``kind`` is ``tissues``, a tissue; None where a case has none."""
        tissues = kind == TISSUE_KIND
        case = self.a_case(self.a_group(TISSUE_GROUP_SHARES, rng) if tissues else kind, rng)
        item = an_object(case, TISSUES if tissues else LABELS, _tissue_weight if tissues else _equal_weight, rng)
        return None if item is None else (case, item)


def an_object(
    case: Case, layer: str, weight: Callable[[TrainingObject], float], rng: np.random.Generator
) -> TrainingObject | None:
    """An object of a case's layer, by its weight; None when there is none."""
    items = [item for item in case.objects if item.layer == layer]
    if not items:
        return None
    weights = np.array([weight(item) for item in items])
    return items[rng.choice(len(items), p=weights / weights.sum())]


def _equal_weight(_: TrainingObject) -> float:
    return 1.0


def _tissue_weight(item: TrainingObject) -> float:
    return TISSUE_WEIGHTS.get(item.name, 1.0)
