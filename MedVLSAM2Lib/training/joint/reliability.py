"""Which structures a checkpoint finds so reliably that its answers may say they were looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.session.finding import PhraseFinder
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.survey import far_from
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.facts.facts import Facts, Visibility
from MedVLSAM2Lib.training.joint.validation import FIRST_UNSEEN, SEED
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageMix, LanguageSource
from MedVLSAM2Lib.vocabulary import Kind, Vocabulary
from MedVLSAM2Lib.volume import VoxelBox

GRID = (96, 112, 112)
HIT_DSC = 0.3
FEWEST = 4
HITS_OF_PATIENTS, HITS_OF_PHANTOMS, DSC_OF_PHANTOMS, MOST_INVENTED = 0.75, 0.9, 0.8, 0.1


@dataclass
class Reliability:
    """How one structure is found where nobody learned from it.

    Attributes:
        name: its full name.
        patients: DSC in held-out patients that show it; 0 where it is not found.
        phantoms: the same in phantoms.
        invented: for each scan without it, whether something was found all the same.
    """

    name: str
    patients: list[float]
    phantoms: list[float]
    invented: list[bool]

    def add(self, dsc: float, shown: list[float] | None) -> None:
        """Take up one look: among those of scans that show it, or of one that does not (None)."""
        if shown is None:
            self.invented.append(dsc > 0)
        else:
            shown.append(dsc)

    def summary(self) -> str:
        """All of it in one line."""
        groups = (("patients", self.patients), ("phantoms", self.phantoms))
        shown = [f"{what} {len(scores)}, DSC {fmean(scores):.2f}" for what, scores in groups if scores]
        invented = f"found where it is not: {sum(self.invented)} of {len(self.invented)}"
        return "; ".join([f"{self.name}{' (reliable)' if self.is_reliable else ''}", *shown, invented])

    @property
    def is_reliable(self) -> bool:
        """Found in most held-out patients and hardly ever where it is not.

        What too few of them show must be found nearly always in phantoms, and well: those are easier than patients.
        """
        if len(self.invented) < FEWEST or fmean(self.invented) > MOST_INVENTED:
            return False
        if len(self.patients) >= FEWEST:
            return _hits(self.patients) >= HITS_OF_PATIENTS
        has_enough = len(self.phantoms) >= FEWEST
        return has_enough and _hits(self.phantoms) >= HITS_OF_PHANTOMS and fmean(self.phantoms) >= DSC_OF_PHANTOMS


def reliabilities(
    grounding: Grounding, cases: Sequence[Case], people: Path | None, scans: int, patients: int
) -> tuple[Reliability, ...]:
    """Every organ of the vocabulary, looked for in unseen phantoms and in held-out patients.

    Args:
        grounding: the checkpoint's.
        cases: prepared ones, of which those held out are used.
        people: where phantoms are kept between runs.
        scans: how many views of phantoms.
        patients: how many scans of patients.
    """
    vocabulary = Vocabulary.read()
    organs = [s.name for s in vocabulary.structures() if s.term.kind is Kind.ORGAN]
    found = {name: Reliability(name, [], [], []) for name in organs}
    for example in _phantoms(vocabulary, people, scans):
        for name, dsc in _looked_for(grounding, example, organs, vocabulary):
            found[name].add(dsc, found[name].phantoms if example.facts.visibility(name).is_seen else None)
    for example in _patients(vocabulary, cases, people, patients):
        for name, dsc in _looked_for(grounding, example, organs, vocabulary):
            found[name].add(dsc, found[name].patients if example.facts.visibility(name).is_seen else None)
    return tuple(found.values())


def _looked_for(
    grounding: Grounding, example: LanguageExample, names: Sequence[str], vocabulary: Vocabulary
) -> Iterator[tuple[str, float]]:
    """What is known to be there or not, with the DSC of what is found; of what is not there, 1 if something is."""
    known = [name for name in names if _is_known(name, example.facts, vocabulary)]
    if not known:
        return
    finder = PhraseFinder(grounding, example.volume, example.volume.name, ByteBoundedCache())
    whole = VoxelBox.of_shape(example.volume.shape)
    for name, tokens in zip(known, finder.read(known), strict=True):
        masks = [finding.mask.unpack(whole) for finding in finder.meant_by(tokens[None], lambda: False)]
        if not example.facts.visibility(name).is_seen:
            yield name, float(bool(masks))
            continue
        truth = example.mask((name,))
        union = np.any(masks, axis=0) if masks else np.zeros_like(truth)
        yield name, 2 * float((union & truth).sum()) / float(union.sum() + truth.sum())


def _is_known(name: str, facts: Facts, vocabulary: Vocabulary) -> bool:
    """Whether a structure is known to be there, or not to be: labelled so, or of a part of the body that is far away."""
    visibility = facts.visibility(name)
    if visibility is not Visibility.UNKNOWN:
        return True
    shown = {found.structure.term.region for found in facts.seen()}
    return vocabulary.structure(name).term.region in far_from(shown)


def _phantoms(vocabulary: Vocabulary, people: Path | None, scans: int) -> Iterator[LanguageExample]:
    config = LanguageConfig(GRID, people=scans, first_person=FIRST_UNSEEN, mix=LanguageMix(0.7, 0.3, 0, 0))
    source = LanguageSource(People(vocabulary, people), vocabulary, config=config)
    for number in range(scans):
        yield source.draw(np.random.default_rng((SEED, 1, number)))


def _patients(
    vocabulary: Vocabulary, cases: Sequence[Case], people: Path | None, scans: int
) -> Iterator[LanguageExample]:
    held_out = [case for case in cases if case.held_out and case.image is not None]
    if not held_out:
        return
    config = replace(LanguageConfig(GRID), mix=LanguageMix(0, 0, 1, 0))
    source = LanguageSource(People(vocabulary, people), vocabulary, held_out, config)
    for number in range(scans):
        yield source.draw(np.random.default_rng((SEED, 2, number)))


def _hits(scores: Sequence[float]) -> float:
    return fmean(score >= HIT_DSC for score in scores)
