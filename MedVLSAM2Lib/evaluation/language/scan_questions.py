"""Closed questions about real scans, as far as their labels say the answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.evaluation.cases import Case
from MedVLSAM2Lib.evaluation.language.answer_key import answer_key, outcome
from MedVLSAM2Lib.survey import LANDMARKS, REGIONS, far_from
from MedVLSAM2Lib.vocabulary import Structure, Vocabulary
from MedVLSAM2Lib.volume import VoxelBox


@dataclass(frozen=True)
class ScanQuestion:
    """A question about what a scan shows.

    Attributes:
        kind: as of ``training.language.said.Turn``.
        text: the question.
        key: the right answer; of ``regions``, those of which one must be named.
        impossible: regions that must not be named.
    """

    kind: str
    text: str
    key: str
    impossible: tuple[str, ...] = ()

    def outcome(self, answer: str, vocabulary: Vocabulary) -> str:
        """Whether an answer is ``right``, ``declined`` or ``wrong``."""
        key = answer_key(self.kind, self.text, answer, vocabulary)
        if self.kind != "regions" or key is None:
            return outcome(key, self.key)
        named = [region for region in REGIONS if region in key]
        is_right = any(region in self.key for region in named) and not set(named).intersection(self.impossible)
        return "right" if is_right else "wrong"


def scan_questions(case: Case, vocabulary: Vocabulary) -> tuple[ScanQuestion, ...]:
    """What is in view, what cannot be, and which part of the body it is; none where no label has a name for a structure."""
    known = _known(case, vocabulary)
    shown = _shown(known)
    if not shown:
        return ()
    return (*_of_structures(known), *_of_far_ones(far_landmarks(case, vocabulary)), *_of_regions(shown))


def far_landmarks(case: Case, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Structures that cannot be in a scan: those by which parts of the body far from all that is labelled are told."""
    return tuple(name for region in far_from(_shown(_known(case, vocabulary))) for name in LANDMARKS[region])


def _known(case: Case, vocabulary: Vocabulary) -> dict[Structure, np.ndarray]:
    return {meant[0]: item.truth for item in case.objects if (meant := vocabulary.of_label(item.name))}


def _shown(known: Collection[Structure]) -> list[str]:
    return [region for region in REGIONS if any(structure.term.region == region for structure in known)]


def _of_structures(known: dict[Structure, np.ndarray]) -> Iterator[ScanQuestion]:
    for structure, truth in known.items():
        yield ScanQuestion(
            "in view",
            _in_view(structure.name),
            "in part" if VoxelBox.around(truth).reaches_border_of(truth.shape) else "yes",
        )


def _of_far_ones(names: Iterable[str]) -> Iterator[ScanQuestion]:
    for name in names:
        yield ScanQuestion("in view", _in_view(name), "no")


def _of_regions(shown: list[str]) -> Iterator[ScanQuestion]:
    """Labels do not say how much of a neighbouring region is in view: any of those that have some is right."""
    yield ScanQuestion("regions", "Which part of the body is shown?", ", ".join(shown), far_from(shown))


def _in_view(name: str) -> str:
    return f"Is the {name} in view?"
