"""Views of what words mean: the whole volume, then the object more closely, as a session looks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.session.views import ViewPlanner
from MedVLSAM2Lib.training.examples.example import Example, ExampleView
from MedVLSAM2Lib.training.examples.rendering import AIR_HU, byte, view_of
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.prompting.earlier_masks import faulty_mask
from MedVLSAM2Lib.training.prompting.first_prompts import first_prompts
from MedVLSAM2Lib.training.synthesis.contrast import Contrast
from MedVLSAM2Lib.volume import Volume, VoxelBox

ONE_WINDOW_SHARE = 0.12
BOX_ERROR = 0.15
# Of what is there: looked for in the whole volume and then closely; closely with a faulty mask; with a prompt as well;
# closely where something else was taken for it.
SEEN_SHARES = {"search": 0.75, "closely": 0.12, "prompted": 0.05, "mistaken": 0.08}
# Of what is not there.
ABSENT_SHARES = {"search": 0.55, "mistaken": 0.45}
SAMPLED = 20_000
LARGE_PART = 0.1


class WordedViews:
    """Draws views of one volume for masks of it."""

    def __init__(self, volume: Volume, config: PatchConfig, rng: np.random.Generator) -> None:
        self._volume, self._config, self._rng = volume, config, rng
        self._planner = ViewPlanner()
        sample = rng.choice(volume.array.ravel(), min(SAMPLED, volume.array.size))
        self._contrast = Contrast(rng, sample, rng.random() < ONE_WINDOW_SHARE, config)
        whole = self._planner.whole_view(volume)
        spacing = np.array(volume.spacing_mm)
        self._whole = Frame(np.array(whole.centre), np.array(whole.size_mm), np.eye(3), spacing, config.side)

    def draw(self, mask: np.ndarray, others: Sequence[np.ndarray]) -> Example:
        """Views for a mask (bool, K, J, I), which is empty for what is not there; ``others`` are masks of other things."""
        is_there = bool(mask.any())
        shares = dict(SEEN_SHARES if is_there else ABSENT_SHARES)
        others = [other for other in others if other.any()]
        if not others:
            shares.pop("mistaken")
        kinds = list(shares)
        kind = str(self._rng.choice(kinds, p=np.array(list(shares.values())) / sum(shares.values())))
        if kind == "closely":
            return self._closely(mask, mask)
        if kind == "mistaken":
            return self._closely(mask, others[int(self._rng.integers(len(others)))])
        return self._search(mask, is_there, with_prompt=kind == "prompted")

    def _search(self, mask: np.ndarray, is_there: bool, with_prompt: bool) -> Example:
        first = self._view(self._whole, mask)
        target = first.target > 127
        prompts = tuple(first_prompts(target, None, self._rng)) if with_prompt and target.any() else ()
        if not is_there:
            return Example("words", (first,), None, prompts, None)
        close = self._around(self._a_part_of(mask))
        views = (first, self._view(close, mask))
        return Example("words", views, close.cells_from(self._whole), prompts, None)

    def _closely(self, mask: np.ndarray, seen: np.ndarray) -> Example:
        """A look at what was found before, which may be something else."""
        part = self._a_part_of(seen)
        frame = self._around(part)
        found = frame.sample(part, 0.0) > 0.5
        earlier = byte(faulty_mask(found, self._rng))
        return Example("words", (self._view(frame, mask),), None, (), earlier)

    def _a_part_of(self, mask: np.ndarray) -> np.ndarray:
        """One connected part of a mask with several large ones: a session looks at each of them by itself."""
        parts, count = ndimage.label(mask)
        if count < 2:
            return mask
        sizes = np.bincount(parts.ravel())[1:]
        large = np.flatnonzero(sizes >= LARGE_PART * sizes.max()) + 1
        if len(large) < 2:
            return mask
        chosen: np.ndarray = parts == large[int(self._rng.integers(len(large)))]
        return chosen

    def _around(self, mask: np.ndarray) -> Frame:
        """The object with surroundings, from a box that is a little off."""
        box = VoxelBox.around(mask)
        low, high = np.array(box.low, float), np.array(box.high, float)
        error = self._rng.normal(0, BOX_ERROR / 2, (2, 3)) * (high - low)
        low, high = np.floor(low + error[0]), np.ceil(high + error[1])
        high = np.maximum(high, low + 1)
        off = VoxelBox((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))
        view = self._planner.object_view(self._volume, off, ())
        return self._whole.at(np.array(view.centre), np.array(view.size_mm))

    def _view(self, frame: Frame, mask: np.ndarray) -> ExampleView:
        image = frame.sample(self._volume.array, AIR_HU)
        share = frame.sample(mask, 0.0)
        return view_of(frame, (image, share), self._contrast, float(mask.sum()) * self._volume.voxel_volume_mm3)
