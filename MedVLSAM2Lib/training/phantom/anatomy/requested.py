"""The findings that were asked for, made at places where they fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.findings import EFFUSION, extent
from MedVLSAM2Lib.training.phantom.anatomy.places import Places
from MedVLSAM2Lib.training.phantom.anatomy.tubes import moved, ras
from MedVLSAM2Lib.training.phantom.patient import FindingRequest
from MedVLSAM2Lib.training.phantom.shapes import Behind, Common, Ellipsoid, Ras, Shape, Without
from MedVLSAM2Lib.training.phantom.structures import ARTERIAL_BLOOD, Finding, Phase, Structure, Tissue

_SOLID = {
    "lung nodule": Tissue(45, 8, native=30, arterial=40),
    "liver cyst": Tissue(6, 2),
    "liver mass": Tissue(66, 9, native=42, arterial=58),
    "splenic lesion": Tissue(72, 6, native=36, arterial=64),
    "gallstone": Tissue(260, 25),
    "renal cyst": Tissue(8, 2),
    "kidney stone": Tissue(950, 30),
    "aortic aneurysm": ARTERIAL_BLOOD,
    "aortic calcification": Tissue(780, 40),
    "enlarged lymph node": Tissue(92, 6, native=42, arterial=70),
    "bone lesion": Tissue(48, 10),
    "intracranial hemorrhage": Tissue(72, 4),
    "intracranial calcification": Tissue(300, 20),
    "brain mass": Tissue(82, 5, native=24, arterial=62),
}
_DENSE = {"lung nodule": Tissue(420, 30), "bone lesion": Tissue(950, 60)}
# How much of it must lie in its organ: a renal cyst may bulge out, a plaque lies on the wall.
_SHARES = {"renal cyst": 0.6, "bone lesion": 0.75, "gallstone": 0.75, "enlarged lymph node": 0.8, "kidney stone": 0.8}
_NODES_REACH_MM = 42.0
_ABOVE_THE_PELVIS_MM, _BELOW_THE_KIDNEYS_MM = -175.0, -65.0
_LOWEST_EFFUSION_LEVEL_MM = -82.0


@dataclass
class RequestedFindings:
    """What was made of the requests, by when it is painted.

    Attributes:
        in_the_lungs: right after the lungs, under everything else.
        before_the_bones: after the organs.
        on_top: last of all.
        facts: what a report should mention.
    """

    in_the_lungs: list[Structure] = field(default_factory=list)
    before_the_bones: list[Structure] = field(default_factory=list)
    on_top: list[Structure] = field(default_factory=list)
    facts: list[Finding] = field(default_factory=list)

    def name_of_next(self, kind: str) -> str:
        """A label for one more of a kind."""
        number = sum(fact.kind == kind for fact in self.facts) + 1
        return kind if number == 1 else f"{kind} {number}"


class FindingMaker:
    """Makes findings in one person; those that fit nowhere are left out."""

    def __init__(self, places: Places, chance: Chance, phase: Phase) -> None:
        self._places, self._chance, self._phase = places, chance, phase
        self._made = RequestedFindings()

    def made_of(
        self, requests: tuple[FindingRequest, ...], lungs: dict[str, Shape], diaphragm: Shape | None
    ) -> RequestedFindings:
        """All that were asked for. ``lungs`` and ``diaphragm`` bound the effusions; a head has none."""
        for request in requests:
            if request.kind == "pleural effusion" and diaphragm is not None:
                self._effusion(request, lungs[request.organ], diaphragm)
            elif request.kind == "aortic aneurysm":
                self._aneurysm(request)
            else:
                self._round(request)
        return self._made

    def _round(self, request: FindingRequest) -> None:
        kind, radius = request.kind, request.radius_mm
        tissue = _DENSE.get(kind, _SOLID[kind]) if request.dense else _SOLID[kind]
        half = [self._chance.sized(radius, 0.15) for _ in range(3)]
        centre = self._place(request, max(half))
        if centre is None:
            return
        ball = Ellipsoid(centre, (half[0], half[1], half[2]))
        structure = Structure(ball, tissue, self._made.name_of_next(kind))
        self._made.on_top.append(structure)
        self._places.add(structure)
        self._note(request, ball, tissue)

    def _place(self, request: FindingRequest, reach_mm: float) -> Ras | None:
        if request.kind == "aortic calcification":
            return self._on_the_wall("aorta")
        share = _SHARES.get(request.kind, 0.93)
        if request.kind == "enlarged lymph node":
            return self._places.beside("aorta", request.organ, reach_mm, _NODES_REACH_MM, share)
        return self._places.inside(request.organ, reach_mm, share)

    def _on_the_wall(self, tube: str) -> Ras:
        rng = self._chance.rng
        point = rng.choice(self._places.axis(tube))
        angle = rng.uniform(0, 2 * np.pi)
        out = self._places.radius(tube) * 0.7
        return moved(ras(point), (float(out * np.cos(angle)), float(out * np.sin(angle)), 0.0))

    def _aneurysm(self, request: FindingRequest) -> None:
        axis = self._places.axis(request.organ)
        abdominal = axis[(axis[:, 2] > _ABOVE_THE_PELVIS_MM) & (axis[:, 2] < _BELOW_THE_KIDNEYS_MM)]
        if not len(abdominal) or any(fact.kind == request.kind for fact in self._made.facts):
            return
        radius = request.radius_mm
        # It bulges to the front: the spine is behind it.
        centre = moved(ras(self._chance.rng.choice(abdominal)), (0.0, radius - 11.0, 0.0))
        bulge = Ellipsoid(centre, (radius, radius, self._chance.sized(1.6 * radius)))
        self._made.before_the_bones.append(Structure(bulge, _SOLID[request.kind], request.kind))
        self._note(request, bulge, _SOLID[request.kind])

    def _effusion(self, request: FindingRequest, lung: Shape, diaphragm: Shape) -> None:
        """Fluid behind a lung; its level rises towards the base."""
        level = _LOWEST_EFFUSION_LEVEL_MM + request.radius_mm
        fluid = Without(Common(lung, Behind(level, height=0.0, fall=0.14)), diaphragm)
        self._made.in_the_lungs.append(Structure(fluid, EFFUSION, self._made.name_of_next(request.kind)))
        centre, size = extent(fluid)
        name = self._made.name_of_next(request.kind)
        self._made.facts.append(Finding(name, request.kind, request.organ, centre, size, EFFUSION.hu))

    def _note(self, request: FindingRequest, ball: Ellipsoid, tissue: Tissue) -> None:
        r, a, s = (2 * half for half in ball.half_axes)
        name = self._made.name_of_next(request.kind)
        hu = tissue.hu_in(self._phase)
        self._made.facts.append(Finding(name, request.kind, request.organ, ball.centre, (r, a, s), hu))
