"""Draws language examples from phantoms and from the training cases."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.data.cases import LABELS, Case
from MedVLSAM2Lib.training.data.own_scans import GROUP as OWN
from MedVLSAM2Lib.training.examples.case_groups import CaseGroups
from MedVLSAM2Lib.training.facts.deformation import deformed
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan
from MedVLSAM2Lib.training.facts.observing import Observer
from MedVLSAM2Lib.training.facts.sources import scan_of_case
from MedVLSAM2Lib.training.facts.view import AIR_HU, Shape, scaled, seen_through
from MedVLSAM2Lib.training.language.dialogue import Dialogue
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.phantom import Part, Phase
from MedVLSAM2Lib.training.phantom.grid import Bounds
from MedVLSAM2Lib.training.synthesis.plausible_image import plausible_image
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Volume

_GROUP_SHARES = {
    "scan": {"head_neck": 0.6, "tumour": 0.15, "trunk": 0.25, OWN: 1.0},
    "label_map": {"map_trunk": 0.85, "map_head_neck": 0.15},
}
"""How often each group of cases is drawn, where it is there: by their number the trunk would hardly be seen."""
_FIELDS: dict[Part, tuple[tuple[float, float], ...]] = {
    Part.TRUNK: ((-60.0, 240.0), (-260.0, 20.0), (-345.0, 20.0), (-260.0, 240.0), (-345.0, 255.0), (-150.0, 100.0)),
    Part.HEAD: ((-185.0, 140.0), (-20.0, 140.0), (-185.0, -10.0), (-95.0, 60.0)),
}
"""Lower and upper end of the fields of view, S in mm: chest, abdomen, …; the last of each shows no region wholly."""
_ACROSS: dict[Part, tuple[float, float, float, float]] = {
    Part.TRUNK: (-190.0, 190.0, -132.0, 128.0),
    Part.HEAD: (-112.0, 112.0, -126.0, 126.0),
}
_JITTER_MM, _NARROW_SHARE = 18.0, 0.12
_SIZES = (0.88, 1.12)
_CUT_SHARE, _SMALLEST_SHARE_OF_A_SCAN = 0.5, 0.6
_MOST_NOISE_HU = 22.0


@dataclass(frozen=True)
class LanguageMix:
    """Shares of the kinds of examples; they are normalised, and kinds without cases are left out."""

    trunk: float = 0.58
    head: float = 0.14
    scan: float = 0.18
    label_map: float = 0.10


@dataclass(frozen=True)
class LanguageConfig:
    """How examples are drawn.

    Attributes:
        grid: voxels (K, J, I) of every example's volume.
        turns: questions in a conversation, at most.
        phrases: phrases with an object beside the conversation, at most.
        absent_phrases: phrases without an object beside it, at most.
        people: how many phantoms there are of either part of the body.
        first_person: the number of the first; another range is unseen by whoever learned from this one.
        mix: what the examples are of.
    """

    grid: Shape = (64, 96, 96)
    turns: int = 6
    phrases: int = 2
    absent_phrases: int = 2
    people: int = 400
    first_person: int = 0
    mix: LanguageMix = LanguageMix()


class LanguageSource:
    """Endless examples; each is decided by the generator it is drawn with, and by nothing else."""

    def __init__(
        self,
        people: People,
        vocabulary: Vocabulary,
        cases: Sequence[Case] = (),
        config: LanguageConfig = LanguageConfig(),
        cases_in_memory: int = 24,
    ) -> None:
        self._people, self._vocabulary, self.config = people, vocabulary, config
        self._observer = Observer(vocabulary)
        self._groups = CaseGroups(cases)
        shares = {k: s for k, s in asdict(config.mix).items() if s > 0 and self._has(k)}
        if not shares:
            raise ValueError("no case fits any part of the mix")
        self._kinds, self._shares = list(shares), np.array(list(shares.values())) / sum(shares.values())
        self._scans: OrderedDict[str, LabelledScan] = OrderedDict()
        self._scans_in_memory = cases_in_memory

    def draw(self, rng: np.random.Generator) -> LanguageExample:
        """One example."""
        while True:
            kind = str(rng.choice(self._kinds, p=self._shares))
            scan = self._of_case(kind, rng) if kind in _GROUP_SHARES else self._of_person(Part(kind), rng)
            facts = self._observer.facts(scan)
            dialogue = Dialogue(facts, self._vocabulary)
            turns = dialogue.turns(self.config.turns, rng)
            if turns:
                ids = {**scan.ids, **{finding.name: (finding.id,) for finding in scan.findings}}
                phrases = dialogue.phrases(self.config.phrases, rng)
                absent = dialogue.absent_phrases(self.config.absent_phrases, rng)
                shown = _disturbed(scan.volume, rng)
                caption = dialogue.caption(rng)
                return LanguageExample(kind, shown, scan.labels, ids, turns, phrases, absent, caption, facts)

    def _has(self, kind: str) -> bool:
        """Whether there is anything to draw of a kind: there always are phantoms."""
        return kind not in _GROUP_SHARES or any(group in self._groups for group in _GROUP_SHARES[kind])

    def _of_person(self, part: Part, rng: np.random.Generator) -> LabelledScan:
        number = self.config.first_person + int(rng.integers(self.config.people))
        whole = self._people.scan(part, number)
        seen = seen_through(whole, _field_of_view(part, rng), self.config.grid)
        return scaled(seen, float(rng.uniform(*_SIZES)))

    def _of_case(self, kind: str, rng: np.random.Generator) -> LabelledScan:
        case = self._groups.a_case(self._groups.a_group(_GROUP_SHARES[kind], rng), rng)
        scan = self._scan_of(case)
        bounds = _all_of(scan)
        if rng.random() < _CUT_SHARE:
            # What regions somebody noted was of all of it.
            bounds, scan = _part_of(bounds, rng), replace(scan, regions=scan.regions and ())
        if case.image is not None:
            return seen_through(scan, bounds, self.config.grid)
        return self._imagined(scan, bounds, case, rng)

    def _scan_of(self, case: Case) -> LabelledScan:
        if case.name not in self._scans:
            self._scans[case.name] = scan_of_case(case, self._vocabulary)
            if len(self._scans) > self._scans_in_memory:
                self._scans.popitem(last=False)
        self._scans.move_to_end(case.name)
        return self._scans[case.name]

    def _imagined(self, scan: LabelledScan, bounds: Bounds, case: Case, rng: np.random.Generator) -> LabelledScan:
        """A label map as a CT that is made for it, in a body that is deformed each time."""
        names = {item.ids[0]: item.name for item in case.objects if item.layer == LABELS and len(item.ids) == 1}
        known = {value: self._vocabulary.of_label(name) for value, name in names.items()}
        structures = {value: meant[0] for value, meant in known.items() if meant}
        phase = Phase(str(rng.choice(list(Phase))))
        seen = deformed(seen_through(scan, bounds, self.config.grid, with_image=False), rng)
        image = plausible_image(seen.labels, structures, seen.volume.spacing_mm, phase, rng)
        # Only a vessel shows the phase.
        known_phase = phase if {"aorta", "inferior vena cava"} & set(scan.ids) else None
        return replace(seen, volume=replace(seen.volume, array=image), phase=known_phase)


def _field_of_view(part: Part, rng: np.random.Generator) -> Bounds:
    fields = _FIELDS[part]
    low, high = np.array(fields[int(rng.integers(len(fields)))]) + rng.uniform(-_JITTER_MM, _JITTER_MM, 2)
    right, left, back, front = np.array(_ACROSS[part]) + rng.uniform(-_JITTER_MM / 2, _JITTER_MM / 2, 4)
    if rng.random() < _NARROW_SHARE:
        middle, reach = rng.uniform(-50, 50), rng.uniform(0.3, 0.45) * (left - right)
        right, left = middle - reach, middle + reach
    return (float(right), float(back), float(low)), (float(left), float(front), float(high))


def _all_of(scan: LabelledScan) -> Bounds:
    i, j, k = scan.volume.shape[::-1]
    ends = [scan.volume.ijk_to_ras_position(p) for p in ((-0.5, -0.5, -0.5), (i - 0.5, j - 0.5, k - 0.5))]
    (r, a, s), (high_r, high_a, high_s) = np.min(ends, axis=0).tolist(), np.max(ends, axis=0).tolist()
    return (r, a, s), (high_r, high_a, high_s)


def _part_of(bounds: Bounds, rng: np.random.Generator) -> Bounds:
    """All of it across, a good part of it along the body."""
    (r, a, low), (high_r, high_a, high) = bounds
    kept = float(rng.uniform(_SMALLEST_SHARE_OF_A_SCAN, 1.0)) * (high - low)
    low += float(rng.uniform(0, 1)) * (high - low - kept)
    return (r, a, low), (high_r, high_a, low + kept)


def _disturbed(volume: Volume, rng: np.random.Generator) -> Volume:
    """The same as another scanner would show it: noisier, blurred, a little off."""
    array = volume.array.astype(np.float32)
    if rng.random() < 0.3:
        array = ndimage.gaussian_filter(array, float(rng.uniform(0.3, 0.8)))
    array = array * np.float32(rng.uniform(0.97, 1.03)) + np.float32(rng.normal() * 4)
    if rng.random() < 0.6:
        array += rng.standard_normal(array.shape, np.float32) * np.float32(rng.uniform(0, _MOST_NOISE_HU))
    shown = np.clip(np.rint(array), AIR_HU, 3071).astype(np.int16)
    return Volume(shown, volume.ijk_to_ras, volume.modality, volume.units, volume.name)
