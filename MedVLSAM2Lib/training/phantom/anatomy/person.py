"""One person: all structures in the order they are painted, and their findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.abdomen import abdomen
from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.chest import lungs, mediastinum
from MedVLSAM2Lib.training.phantom.anatomy.findings import findings
from MedVLSAM2Lib.training.phantom.anatomy.head import head
from MedVLSAM2Lib.training.phantom.anatomy.places import Places
from MedVLSAM2Lib.training.phantom.anatomy.requested import FindingMaker, RequestedFindings
from MedVLSAM2Lib.training.phantom.anatomy.skeleton import skeleton
from MedVLSAM2Lib.training.phantom.anatomy.spine import Spine
from MedVLSAM2Lib.training.phantom.anatomy.torso import Torso
from MedVLSAM2Lib.training.phantom.patient import Part, Patient
from MedVLSAM2Lib.training.phantom.shapes import Shape
from MedVLSAM2Lib.training.phantom.structures import Absence, Finding, Phase, Structure


@dataclass(frozen=True)
class Person:
    """Somebody on the scanner's table.

    Attributes:
        structures: what to paint, outermost first.
        findings: what a report should mention.
        absent: the organs that were taken out.
        phase: of the contrast medium.
    """

    structures: tuple[Structure, ...]
    findings: tuple[Finding, ...]
    absent: tuple[Absence, ...] = ()
    phase: Phase = Phase.PORTAL_VENOUS

    @classmethod
    def born(cls, rng: np.random.Generator, patient: Patient | None = None) -> Person:
        """A person drawn from ``rng``: as ordered, or a trunk with the same six findings as everybody."""
        if patient is not None and patient.part is Part.HEAD:
            return cls._head(rng, patient)
        return cls._trunk(rng, patient)

    @classmethod
    def _trunk(cls, rng: np.random.Generator, patient: Patient | None) -> Person:
        chance, spine = Chance(rng), Spine()
        torso = Torso.born(chance)
        breathing, lung_shapes = lungs(torso, chance)
        chest = mediastinum(torso, spine, chance)
        belly = abdomen(torso, spine, chance, patient.shrunken if patient else None)
        removed = patient.removed if patient else frozenset()
        absent = [_absence(name, belly[name]) for name in belly if name in removed]
        organs = [
            *chest,
            *torso.diaphragm(),
            *torso.back_muscles(spine),
            *(structure for name, part in belly.items() if name not in removed for structure in part),
        ]
        bones = [*spine.structures(), *skeleton(torso, spine)]
        if patient is None:
            made = _everybodys(lung_shapes, torso.below_diaphragm, chance)
        else:
            maker = FindingMaker(Places([*torso.wall(), *breathing, *organs, *bones], rng), chance, patient.phase)
            named_lungs = {f"{side} lung": shape for side, shape in lung_shapes.items()}
            made = maker.made_of(patient.requests, named_lungs, torso.below_diaphragm)
        structures = [
            *torso.wall(),
            *breathing,
            *made.in_the_lungs,
            *organs,
            *made.before_the_bones,
            *bones,
            *made.on_top,
        ]
        phase = patient.phase if patient else Phase.PORTAL_VENOUS
        return cls(tuple(structures), tuple(made.facts), tuple(absent), phase)

    @classmethod
    def _head(cls, rng: np.random.Generator, patient: Patient) -> Person:
        chance = Chance(rng)
        structures = head(chance)
        made = FindingMaker(Places(structures, rng), chance, patient.phase).made_of(patient.requests, {}, None)
        return cls((*structures, *made.on_top), tuple(made.facts), phase=patient.phase)

    @property
    def names(self) -> list[str]:
        """The name of every structure that has one, each once, in the order they are painted."""
        return list(dict.fromkeys(structure.name for structure in self.structures if structure.name is not None))


def _everybodys(lung_shapes: dict[str, Shape], diaphragm: Shape, chance: Chance) -> RequestedFindings:
    (effusion, *focal), facts = findings(lung_shapes, diaphragm, chance)
    return RequestedFindings(in_the_lungs=[effusion], on_top=focal, facts=list(facts))


def _absence(name: str, structures: list[Structure]) -> Absence:
    bounds = np.array([structure.shape.bounds for structure in structures if structure.name == name])
    (r, a, s), (high_r, high_a, high_s) = bounds[:, 0].min(axis=0).tolist(), bounds[:, 1].max(axis=0).tolist()
    return Absence(name, ((r, a, s), (high_r, high_a, high_s)))
