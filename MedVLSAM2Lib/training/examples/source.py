"""Draws training examples from the cases, by the shares of the mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.training.config import Mix
from MedVLSAM2Lib.training.data.cases import LABELS, Case, TrainingObject
from MedVLSAM2Lib.training.examples.case_groups import TISSUE_KIND, CaseGroups, an_object
from MedVLSAM2Lib.training.examples.example import Example, ExampleView
from MedVLSAM2Lib.training.examples.rendering import AIR_HU, byte, click_on, rendered, scan_renderer
from MedVLSAM2Lib.training.examples.slabs import Slabs
from MedVLSAM2Lib.training.examples.subject import Subject
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.frames.framing import ObjectFraming
from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt
from MedVLSAM2Lib.training.prompting.earlier_masks import faulty_mask
from MedVLSAM2Lib.training.prompting.first_prompts import first_prompts
from MedVLSAM2Lib.training.synthesis.contrast import MADE_IMAGE_CURVES, Contrast
from MedVLSAM2Lib.training.synthesis.label_image import LabelImage
from MedVLSAM2Lib.training.synthesis.lesion import Lesion
from MedVLSAM2Lib.training.synthesis.region import grown_region

SMALLEST_TARGET_CELLS = 12
ONE_WINDOW_SHARE = 0.22
SLAB_SHARE = 0.12
EARLIER_MASK_SHARE = 0.14
PROMPT_BESIDE_EARLIER_SHARE = 0.35
# Of the label maps: the two whole trunks hold what the scans do not.
MAP_SHARES = {"map_trunk": 0.65, "map_abdomen": 0.13, "map_head_neck": 0.14, "map_head": 0.08}
# In whole trunks, a large structure is drawn more often than a small one.
MAP_SIZE_POWER = 0.3


class ExampleSource:
    """Endless examples; each is decided by the generator it is drawn with, and by nothing else."""

    def __init__(self, cases: Sequence[Case], mix: Mix, network: PatchConfig) -> None:
        self._network = network
        self._groups = CaseGroups(cases)
        shares = {kind: share for kind, share in asdict(mix).items() if share > 0 and self._has(kind)}
        if not shares:
            raise ValueError("no case fits any part of the mix")
        self._kinds = list(shares)
        self._shares = np.array(list(shares.values())) / sum(shares.values())

    def draw(self, rng: np.random.Generator) -> Example:
        """One example."""
        while True:
            kind = self._kind(rng)
            example = self._region(rng) if kind == "region" else self._of_subject(self._subject(kind, rng), rng)
            if example is not None:
                return example

    def draw_subject(self, rng: np.random.Generator) -> Subject:
        """Something to look at in frames of one's own choice."""
        while True:
            kind = self._kind(rng)
            subject = None if kind == "region" else self._subject(kind, rng)
            if subject is not None:
                return subject

    def _kind(self, rng: np.random.Generator) -> str:
        return str(rng.choice(self._kinds, p=self._shares))

    def _subject(self, kind: str, rng: np.random.Generator) -> Subject | None:
        if kind == "synthetic":
            return self._synthetic(rng)
        return self._lesion(rng) if kind == "lesion" else self._scanned(kind, rng)

    def _has(self, kind: str) -> bool:
        if kind == "synthetic":
            return any(group in self._groups for group in MAP_SHARES)
        return bool(self._groups.scans) if kind in (TISSUE_KIND, "lesion", "region") else kind in self._groups

    def _scanned(self, kind: str, rng: np.random.Generator) -> Subject | None:
        """A labelled object, or a tissue, of a real scan."""
        drawn = self._groups.of_a_scan(kind, rng)
        if drawn is None:
            return None
        case, item = drawn
        framing = ObjectFraming(case, item, self._network.side, rng)
        contrast = Contrast(rng, case.sample, rng.random() < ONE_WINDOW_SHARE, self._network)
        return Subject(kind, framing, scan_renderer(case, item), contrast, _volume_mm3(case, item))

    def _synthetic(self, rng: np.random.Generator) -> Subject | None:
        """An object of a label map, in an image made for it."""
        case = self._groups.a_case(self._groups.a_group(MAP_SHARES, rng), rng)
        item = an_object(case, LABELS, _size_weight, rng)
        if item is None:
            return None
        framing = ObjectFraming(case, item, self._network.side, rng)
        image = LabelImage(rng, case, item, framing.fitting())
        one_window = rng.random() < 1.5 * ONE_WINDOW_SHARE
        contrast = Contrast(rng, image.sample_values(), one_window, self._network, MADE_IMAGE_CURVES)
        return Subject("synthetic", framing, image.in_frame, contrast, _volume_mm3(case, item))

    def _lesion(self, rng: np.random.Generator) -> Subject:
        """A made lesion in a real scan."""
        case = self._groups.a_scan(rng) if rng.random() < 0.5 else self._groups.a_case("trunk", rng)
        lesion = Lesion(rng, case)
        reach = lesion.radii_mm.max() / np.array(case.spacing_mm)
        lo, hi = np.floor(lesion.centre - reach), np.ceil(lesion.centre + reach) + 1
        item = TrainingObject("lesion", LABELS, (), lo.astype(int), hi.astype(int), 0, lesion.inner_voxels(16))
        framing = ObjectFraming(case, item, self._network.side, rng)
        contrast = Contrast(rng, case.sample, rng.random() < ONE_WINDOW_SHARE, self._network)

        def render(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
            return lesion.put_into(frame.sample(case.scan, AIR_HU), frame)

        return Subject("lesion", framing, render, contrast, lesion.volume_mm3)

    def _region(self, rng: np.random.Generator) -> Example | None:
        """A region of similar cells in a real scan, in one view only: it is defined by that view."""
        case = self._groups.a_scan(rng) if rng.random() < 0.4 else self._groups.a_case("trunk", rng)
        side = self._network.side
        size = np.full(3, np.exp(rng.uniform(np.log(30), np.log(260))))
        centre = rng.uniform(0.15, 0.85, 3) * np.array(case.shape)
        frame = Frame(centre, size, np.eye(3), np.array(case.spacing_mm), side)
        image = frame.sample(case.scan, AIR_HU)
        region = grown_region(rng, image)
        if region is None:
            return None
        contrast = Contrast(rng, case.sample, rng.random() < ONE_WINDOW_SHARE, self._network)
        target = region.astype(np.float32)
        view = ExampleView(contrast.channels(image), byte(target), size.astype(np.float32), float(region.sum()))
        return self._with_prompts("region", (view,), None, region, None, rng)

    def _of_subject(self, subject: Subject | None, rng: np.random.Generator) -> Example | None:
        """Look at a subject in its first and its second frame; None when the first does not show it."""
        if subject is None:
            return None
        first, click = subject.framing.first()
        slabs = Slabs(rng) if rng.random() < SLAB_SHARE else None
        shares = rendered(first, subject.render, slabs)
        target = shares[1] > 0.5
        if target.sum() < SMALLEST_TARGET_CELLS:
            return None
        second = subject.framing.second(first)
        views = [subject.view(first, shares)]
        if second is not first:
            views.append(subject.view(second, rendered(second, subject.render, slabs)))
        cell = None if click is None else click_on(target, first.cells_of(click[None])[0])
        to_second = second.cells_from(first) if second is not first else None
        return self._with_prompts(subject.kind, tuple(views), to_second, target, cell, rng)

    def _with_prompts(
        self,
        kind: str,
        views: tuple[ExampleView, ...],
        to_second: tuple[np.ndarray, np.ndarray] | None,
        target: np.ndarray,
        click: np.ndarray | None,
        rng: np.random.Generator,
    ) -> Example:
        prompts: Sequence[CellPrompt] = first_prompts(target, click, rng)
        earlier = None
        if rng.random() < EARLIER_MASK_SHARE:
            earlier = byte(faulty_mask(target, rng))
            prompts = prompts if rng.random() < PROMPT_BESIDE_EARLIER_SHARE else ()
        return Example(kind, views, to_second, tuple(prompts), earlier)


def _volume_mm3(case: Case, item: TrainingObject) -> float:
    return item.voxels * float(np.prod(case.spacing_mm))


def _size_weight(item: TrainingObject) -> float:
    return float(item.voxels**MAP_SIZE_POWER)
