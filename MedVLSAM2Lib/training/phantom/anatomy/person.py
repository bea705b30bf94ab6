"""One person: all structures in the order they are painted, and their findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.abdomen import abdomen
from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.chest import lungs, mediastinum
from MedVLSAM2Lib.training.phantom.anatomy.findings import findings
from MedVLSAM2Lib.training.phantom.anatomy.skeleton import skeleton
from MedVLSAM2Lib.training.phantom.anatomy.spine import Spine
from MedVLSAM2Lib.training.phantom.anatomy.torso import Torso
from MedVLSAM2Lib.training.phantom.structures import Finding, Structure


@dataclass(frozen=True)
class Person:
    """A trunk on the scanner's table.

    Attributes:
        structures: what to paint, outermost first.
        findings: what a report should mention.
    """

    structures: tuple[Structure, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def born(cls, rng: np.random.Generator) -> Person:
        """A person drawn from ``rng``."""
        chance, spine = Chance(rng), Spine()
        torso = Torso.born(chance)
        breathing, lung_shapes = lungs(torso, chance)
        chest = mediastinum(torso, spine, chance)
        belly = abdomen(torso, spine, chance)
        lesions, facts = findings(lung_shapes, torso.below_diaphragm, chance)
        effusion, *focal = lesions
        structures = [
            *torso.wall(),
            *breathing,
            effusion,
            *chest,
            *torso.diaphragm(),
            *torso.back_muscles(spine),
            *belly,
            *spine.structures(),
            *skeleton(torso, spine),
            *focal,
        ]
        return cls(tuple(structures), facts)

    @property
    def names(self) -> list[str]:
        """The name of every structure that has one, each once, in the order they are painted."""
        return list(dict.fromkeys(structure.name for structure in self.structures if structure.name is not None))
