"""The mask model of the kind ``patches``: views of the volume through the patch network, answers back on voxels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
import torch
from scipy import ndimage

from MedVLSAM2Lib.memory import CACHE_BYTES, PATCHES
from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.model.patches.carry import carried
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.patches.prompt_channels import prompt_channels, window_channels
from MedVLSAM2Lib.model.patches.sampling import logits_on_voxels, sample_view, voxel_box_of_view
from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.model.threads import lone_threads
from MedVLSAM2Lib.model.torch_machine import cpu_multiplies_bfloat16, device_of
from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VoxelBox

T = TypeVar("T")

AIR_HU = -1024.0
MOST_CANDIDATES = 3
# In a view of the whole volume, what is slender or small stays below zero; whether it is there is for the closer look to say.
COARSE_LOGIT = -2.0
# More objects than this are not looked at for one phrase.
MOST_OBJECTS = 12
# Two answers that agree this well (DSC) are one candidate.
SAME_ANSWER = 0.85
# An object that fills more than this share of a face of its view probably goes on behind it.
OPEN_FACE = 0.02
MOST_GROWTHS = 2
FEWEST_CELLS = 20
SMALLEST_EXTENT = 0.25


class ViewPlanner(Protocol):
    """Decides which views to look at; sizes and places are the session's business."""

    def first_views(self, volume: Volume, prompts: Sequence[Prompt]) -> list[View]:
        """The views to try on an object that has no mask yet, small to large."""
        ...

    def object_view(self, volume: Volume, mask_box: VoxelBox, prompts: Sequence[Prompt]) -> View:
        """The object with its prompts and surroundings."""
        ...

    def grown(self, view: View) -> View:
        """The same view, larger."""
        ...

    def covers(self, volume: Volume, view: View) -> bool:
        """Whether the view holds the whole volume."""
        ...

    def whole_view(self, volume: Volume) -> View:
        """The whole volume in one view."""
        ...


@dataclass(frozen=True)
class _Look:
    """What the network saw in one view: logits (P, P, P) and its own estimate of their Dice."""

    view: View
    logits: np.ndarray
    quality: float


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
        eye = _Eye(self._network, self._identity, request, cache)
        if not request.earlier.is_empty:
            look = self._each(partial(self._look_around, eye, request), [eye.given])[0]
            yield Answer((_estimate(eye, look, request),))
            return
        looks = self._first_looks(eye, request)
        estimates = tuple(_estimate(eye, look, request) for look in looks)
        chosen = max(range(len(looks)), key=lambda index: _trust(looks[index]))
        yield Answer(estimates, chosen)

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """Coarse masks of what the request's tokens mean, from one look at the whole volume, the most certain first."""
        eye = _Eye(self._network, self._identity, request, cache)
        look = eye.look(self._planner.whole_view(request.volume))
        logits = look.logits - COARSE_LOGIT
        parts, count = ndimage.label(logits > 0)
        numbers = np.arange(1, count + 1)
        peaks = ndimage.maximum(logits, parts, numbers) if count else numbers
        likeliest = numbers[np.argsort(-np.asarray(peaks), kind="stable")][:MOST_OBJECTS]
        coarse = [eye.mask_of(np.where(parts == number, logits, -np.abs(logits)), look.view) for number in likeliest]
        return [mask for mask in coarse if not mask.is_empty]

    def _first_looks(self, eye: _Eye, request: MaskRequest) -> list[_Look]:
        views = self._planner.first_views(request.volume, request.prompts)
        tried = sorted(self._each(eye.look, views), key=_trust, reverse=True)
        distinct = _distinct(eye, tried)[:MOST_CANDIDATES]
        found = [_FoundMask(eye, look, request) for look in distinct]
        refined = self._each(partial(self._look_around, eye, request), found)
        return sorted(refined, key=_volume_mm3)

    def _each(self, look: Callable[[T], _Look], items: Sequence[T]) -> list[_Look]:
        return list(self._threads.map(look, items))

    def _look_around(self, eye: _Eye, request: MaskRequest, earlier: _EarlierMask) -> _Look:
        """Look at the object with its earlier mask, in a view that grows while the object leaves it."""
        view = self._planner.object_view(request.volume, earlier.box, request.prompts)
        look = eye.look(view, earlier)
        for _ in range(MOST_GROWTHS):
            if _open_face(look.logits) <= OPEN_FACE or self._planner.covers(request.volume, look.view):
                break
            look = eye.look(self._planner.grown(look.view), earlier)
        return look


class _Eye:
    """Shows views of one request to the network."""

    def __init__(self, network: PatchNetwork, identity: str, request: MaskRequest, cache: Cache) -> None:
        self._network, self._identity, self._request, self._cache = network, identity, request, cache
        self.volume = request.volume
        self.side = network.config.side
        self.given = _GivenMask(request.earlier, request.volume.spacing_mm, self.side)

    def look(self, view: View, earlier: _EarlierMask | None = None) -> _Look:
        """Run the network on a view, with the earlier mask drawn into it."""
        device = device_of(self._network)
        channels = torch.from_numpy(self._channels(view, earlier))[None].to(device)
        size = torch.tensor([view.size_mm], dtype=torch.float32, device=device)
        words = self._request.tokens
        tokens = () if words is None else (torch.from_numpy(words)[None].to(device),)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=_has_fast_bfloat16(device)):
            logits, quality = self._network(channels, size, *tokens)
        return _Look(view, logits[0, 0].float().cpu().numpy(), float(quality))

    def box_of(self, view: View) -> VoxelBox:
        """The voxels a view covers."""
        return VoxelBox(*voxel_box_of_view(self.volume.shape, self.volume.spacing_mm, view))

    def kept_cells(self, look: _Look, request: MaskRequest) -> np.ndarray:
        """The look's logits, negative wherever a connected part is neither asked for nor part of the earlier mask."""
        seeds = self.given.in_view(look.view) > 0.5
        asked = prompt_channels(request.prompts, self.volume.spacing_mm, look.view, self.side)
        seeds |= (asked[0] > 0) | (asked[2] > 0) | (asked[3] > 0)
        parts, _ = ndimage.label(look.logits > 0)
        kept = np.unique(parts[seeds])
        wanted = np.isin(parts, kept[kept > 0])
        return np.where((parts > 0) & ~wanted, -np.abs(look.logits), look.logits)

    def object_box(self, cells: np.ndarray, view: View) -> VoxelBox:
        """A box that holds every voxel of the view at which its logits (P, P, P) are above zero."""
        # Between the centres of a cell inside and of one outside, voxels may still be inside.
        return self.voxels_of(cells, view, margin=1).intersection(self.box_of(view))

    def voxels_of(self, cells: np.ndarray, view: View, margin: int = 0) -> VoxelBox:
        """The voxels that a view's cells above zero cover, with ``margin`` more cells on every side."""
        inside = VoxelBox.around(cells > 0)
        if inside.is_empty:
            return inside
        low = view.voxel_of_cell(np.array(inside.low) - 0.5 - margin, self.volume.spacing_mm, self.side)
        high = view.voxel_of_cell(np.array(inside.high) - 0.5 + margin, self.volume.spacing_mm, self.side)
        lo, hi = np.floor(low + 0.5).astype(int), np.ceil(high - 0.5).astype(int) + 1
        box = VoxelBox((int(lo[0]), int(lo[1]), int(lo[2])), (int(hi[0]), int(hi[1]), int(hi[2])))
        return box.intersection(VoxelBox.of_shape(self.volume.shape))

    def mask_of(self, cells: np.ndarray, view: View) -> PackedMask:
        """Where a view's logits (P, P, P) are above zero, on the voxels."""
        box = self.object_box(cells, view)
        if box.is_empty:
            return PackedMask.empty()
        return PackedMask.pack_tight(logits_on_voxels(cells, self.volume.spacing_mm, view, box.low, box.high) > 0, box)

    def _channels(self, view: View, earlier: _EarlierMask | None) -> np.ndarray:
        key = (self._request.volume_id, self._identity, view, self.side)
        image = self._cache.get_or_make(key, lambda: self._image_channels(view))
        drawn = prompt_channels(self._request.prompts, self.volume.spacing_mm, view, self.side)
        before = earlier.in_view(view) if earlier is not None else np.zeros((self.side,) * 3, np.float32)
        return np.concatenate([image, drawn, before[None]])

    def _image_channels(self, view: View) -> np.ndarray:
        is_hu = self.volume.modality is Modality.CT
        window = self.volume.window
        fill = AIR_HU if is_hu else window.low
        cells = sample_view(self.volume.array, self.volume.spacing_mm, view, self.side, fill=fill)
        return window_channels(cells, is_hu, window.low, window.high, self._network.config)


class _EarlierMask(Protocol):
    """What is known of an object, to be drawn into the next view of it."""

    @property
    def box(self) -> VoxelBox:
        """The voxels it lies in."""
        ...

    def in_view(self, view: View) -> np.ndarray:
        """Its share of each of the view's cells: float32 (P, P, P), 0..1."""
        ...


class _GivenMask:
    """The mask of an earlier request."""

    # It must not know the eye that has it: together they would keep the volume in memory long after its session ended.
    def __init__(self, mask: PackedMask, spacing_mm: tuple[float, float, float], side: int) -> None:
        self._mask, self._spacing_mm, self._side = mask, spacing_mm, side
        self._voxels = mask.unpack()

    @property
    def box(self) -> VoxelBox:
        return self._mask.box

    def in_view(self, view: View) -> np.ndarray:
        if self.box.is_empty:
            return np.zeros((self._side,) * 3, np.float32)
        k, j, i = (c - low for c, low in zip(view.centre, self.box.low, strict=True))
        own = View((k, j, i), view.size_mm)
        return sample_view(self._voxels, self._spacing_mm, own, self._side, fill=0.0)


class _FoundMask:
    """What another view of the same request showed, without the parts that no prompt asks for."""

    def __init__(self, eye: _Eye, look: _Look, request: MaskRequest) -> None:
        self._eye, self._view = eye, look.view
        self._cells = eye.kept_cells(look, request)

    @property
    def box(self) -> VoxelBox:
        return self._eye.voxels_of(self._cells, self._view)

    def in_view(self, view: View) -> np.ndarray:
        spacing_mm, side = self._eye.volume.spacing_mm, self._eye.side
        scale = np.array(self._view.size_mm) / np.array(view.size_mm)
        first = self._view.voxel_of_cell(np.zeros(3), spacing_mm, side)
        offset = view.cell_of_voxel(first, spacing_mm, side)
        logits = carried(torch.from_numpy(self._cells)[None, None], scale, offset)
        cells: np.ndarray = (logits[0, 0] > 0).float().numpy()
        return cells


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


def _estimate(eye: _Eye, look: _Look, request: MaskRequest) -> MaskEstimate:
    box = eye.box_of(look.view)
    cells = eye.kept_cells(look, request)
    logits = _LogitsOfView(cells, look.view, request.volume.spacing_mm, box)
    confidence = float(np.clip(look.quality, 0.0, 1.0))
    return MaskEstimate(box, logits, confidence, eye.object_box(cells, look.view), is_coarse=True)


def _trust(look: _Look) -> float:
    """How far to believe a look: the network's own estimate, less for objects cut by the view or tiny in it."""
    inside = look.logits > 0
    if inside.sum() < FEWEST_CELLS:
        return look.quality - 2.0
    faces = [inside.take(index, axis).mean() for axis in range(3) for index in (0, -1)]
    extent = max(VoxelBox.around(inside).shape) / inside.shape[0]
    return look.quality - 0.8 * min(6 * float(np.mean(faces)), 1.0) - 0.6 * max(0.0, 1 - extent / SMALLEST_EXTENT)


def _distinct(eye: _Eye, looks: Sequence[_Look]) -> list[_Look]:
    """The looks whose objects differ, each the most trusted of its kind; at least one."""
    kept: list[_Look] = []
    for look in looks:
        if (look.logits > 0).sum() < FEWEST_CELLS:
            continue
        if all(_agreement(look, other, eye.volume.spacing_mm) < SAME_ANSWER for other in kept):
            kept.append(look)
    return kept or list(looks[:1])


def _agreement(look: _Look, other: _Look, spacing_mm: tuple[float, float, float]) -> float:
    """DSC of two looks' masks, on the cells of the coarser one."""
    coarse, fine = (look, other) if look.view.size_mm[0] >= other.view.size_mm[0] else (other, look)
    inside, resampled = coarse.logits > 0, _nearest_cells(fine, coarse, spacing_mm)
    total = int(inside.sum()) + int(resampled.sum())
    return float(2 * (inside & resampled).sum() / total) if total else 1.0


def _nearest_cells(look: _Look, other: _Look, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """A look's mask on another's cells (bool, P, P, P): the cell nearest to each, false outside the look's view."""
    side = look.logits.shape[0]
    cells = np.repeat(np.arange(side)[:, None], 3, axis=1)
    own = look.view.cell_of_voxel(other.view.voxel_of_cell(cells, spacing_mm, side), spacing_mm, side)
    nearest = np.floor(own + 0.5).astype(int)
    is_inside = (nearest >= 0) & (nearest < side)
    k, j, i = (np.clip(nearest[:, axis], 0, side - 1) for axis in range(3))
    mask = look.logits[np.ix_(k, j, i)] > 0
    seen: np.ndarray = mask & is_inside[:, 0, None, None] & is_inside[None, :, 1, None] & is_inside[None, None, :, 2]
    return seen


def _open_face(logits: np.ndarray) -> float:
    inside = logits > 0
    return max(float(inside.take(index, axis).mean()) for axis in range(3) for index in (0, -1))


def _volume_mm3(look: _Look) -> float:
    return float((look.logits > 0).mean() * np.prod(look.view.size_mm))


def _has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and cpu_multiplies_bfloat16()
