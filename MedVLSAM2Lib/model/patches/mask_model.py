"""The mask model of the kind ``patches``: views of the volume through the patch network, answers back on voxels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.memory import CACHE_BYTES, PATCHES
from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.model.patches.eye import EarlierMask, Eye, FoundMask
from MedVLSAM2Lib.model.patches.look import Look, distinct, open_face, trust, volume_mm3
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.patches.sampling import logits_on_voxels
from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.model.patches.view_planner import ViewPlanner
from MedVLSAM2Lib.model.threads import lone_threads
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

T = TypeVar("T")

MOST_CANDIDATES = 3
# In a view of the whole volume, what is slender or small stays below zero; whether it is there is for the closer look to say.
COARSE_LOGIT = -2.0
# More objects than this are not looked at for one phrase.
MOST_OBJECTS = 12
# An object that fills more than this share of a face of its view probably goes on behind it.
OPEN_FACE = 0.02
MOST_GROWTHS = 2


class PatchMaskModel:
    """Answers a request with one Answer: on a first prompt up to three candidates, later the corrected mask."""

    def __init__(
        self, network: PatchNetwork, planner: ViewPlanner, identity: str, capabilities: tuple[str, ...] = ()
    ) -> None:
        self._network = network.eval()
        self._planner = planner
        self._identity = identity
        self._capabilities = capabilities
        self._threads = lone_threads()

    @property
    def identity(self) -> str:
        """Kind and weights, e.g. ``patches:1f3a…``."""
        return self._identity

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the weights were trained for."""
        return self._capabilities

    @property
    def cache_bytes(self) -> int:
        """How much of what it makes of one volume is worth keeping."""
        return CACHE_BYTES[PATCHES]

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """One Answer; its estimates' boxes are the views they come from."""
        eye = Eye(self._network, self._identity, request, cache)
        if not request.earlier.is_empty:
            look = self._each(partial(self._look_around, eye, request), [eye.given])[0]
            yield Answer((_estimate(eye, look, request),))
            return
        looks = self._first_looks(eye, request)
        estimates = tuple(_estimate(eye, look, request) for look in looks)
        chosen = max(range(len(looks)), key=lambda index: trust(looks[index]))
        yield Answer(estimates, chosen)

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """Coarse masks of what the request's tokens mean, from one look at the whole volume, the most certain first."""
        eye = Eye(self._network, self._identity, request, cache)
        look = eye.look(self._planner.whole_view(request.volume))
        logits = look.logits - COARSE_LOGIT
        parts, count = ndimage.label(logits > 0)
        numbers = np.arange(1, count + 1)
        peaks = ndimage.maximum(logits, parts, numbers) if count else numbers
        likeliest = numbers[np.argsort(-np.asarray(peaks), kind="stable")][:MOST_OBJECTS]
        coarse = [eye.mask_of(np.where(parts == number, logits, -np.abs(logits)), look.view) for number in likeliest]
        return [mask for mask in coarse if not mask.is_empty]

    def _first_looks(self, eye: Eye, request: MaskRequest) -> list[Look]:
        views = self._planner.first_views(request.volume, request.prompts)
        tried = sorted(self._each(eye.look, views), key=trust, reverse=True)
        kept = distinct(tried, request.volume.spacing_mm)[:MOST_CANDIDATES]
        found = [FoundMask(eye, look, request) for look in kept]
        refined = self._each(partial(self._look_around, eye, request), found)
        return sorted(refined, key=volume_mm3)

    def _each(self, look: Callable[[T], Look], items: Sequence[T]) -> list[Look]:
        return list(self._threads.map(look, items))

    def _look_around(self, eye: Eye, request: MaskRequest, earlier: EarlierMask) -> Look:
        """Look at the object with its earlier mask, in a view that grows while the object leaves it."""
        view = self._planner.object_view(request.volume, earlier.box, request.prompts)
        look = eye.look(view, earlier)
        for _ in range(MOST_GROWTHS):
            if open_face(look.logits) <= OPEN_FACE or self._planner.covers(request.volume, look.view):
                break
            look = eye.look(self._planner.grown(look.view), earlier)
        return look


@dataclass(frozen=True)
class _LogitsOfView:
    """A view's logits, worked out on the voxels of its box part by part."""

    cells: np.ndarray
    view: View
    spacing_mm: tuple[float, float, float]
    box: VoxelBox

    def __getitem__(self, part: tuple[slice, slice, slice]) -> np.ndarray:
        low = tuple(start + s.start for start, s in zip(self.box.low, part, strict=True))
        high = tuple(start + s.stop for start, s in zip(self.box.low, part, strict=True))
        return logits_on_voxels(self.cells, self.spacing_mm, self.view, low, high)


def _estimate(eye: Eye, look: Look, request: MaskRequest) -> MaskEstimate:
    box = eye.box_of(look.view)
    cells = eye.kept_cells(look, request)
    logits = _LogitsOfView(cells, look.view, request.volume.spacing_mm, box)
    confidence = float(np.clip(look.quality, 0.0, 1.0))
    return MaskEstimate(box, logits, confidence, eye.object_box(cells, look.view), is_coarse=True)
