"""Shows views of a volume to the network, with prompts and an earlier mask drawn into them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from scipy import ndimage

from MedVLSAM2Lib.model.mask_model import Cache, MaskRequest
from MedVLSAM2Lib.model.patches.carry import carried
from MedVLSAM2Lib.model.patches.look import Look
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.patches.prompt_channels import prompt_channels, window_channels
from MedVLSAM2Lib.model.patches.sampling import logits_on_voxels, sample_view, voxel_box_of_view
from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.model.torch_machine import cpu_multiplies_bfloat16, device_of
from MedVLSAM2Lib.volume import Modality, PackedMask, VoxelBox

AIR_HU = -1024.0


class EarlierMask(Protocol):
    """What is known of an object, to be drawn into the next view of it."""

    @property
    def box(self) -> VoxelBox:
        """The voxels it lies in."""
        ...

    def in_view(self, view: View) -> np.ndarray:
        """Its share of each of the view's cells: float32 (P, P, P), 0..1."""
        ...


class Eye:
    """Shows views of one request to the network."""

    def __init__(self, network: PatchNetwork, identity: str, request: MaskRequest, cache: Cache) -> None:
        self._network, self._identity, self._request, self._cache = network, identity, request, cache
        self.volume = request.volume
        self.side = network.config.side
        self.given = GivenMask(request.earlier, request.volume.spacing_mm, self.side)

    def look(self, view: View, earlier: EarlierMask | None = None) -> Look:
        """Run the network on a view, with the earlier mask drawn into it."""
        device = device_of(self._network)
        channels = torch.from_numpy(self._channels(view, earlier))[None].to(device)
        size = torch.tensor([view.size_mm], dtype=torch.float32, device=device)
        words = self._request.tokens
        tokens = () if words is None else (torch.from_numpy(words)[None].to(device),)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=_has_fast_bfloat16(device)):
            logits, quality = self._network(channels, size, *tokens)
        return Look(view, logits[0, 0].float().cpu().numpy(), float(quality))

    def box_of(self, view: View) -> VoxelBox:
        """The voxels a view covers."""
        return VoxelBox(*voxel_box_of_view(self.volume.shape, self.volume.spacing_mm, view))

    def kept_cells(self, look: Look, request: MaskRequest) -> np.ndarray:
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

    def _channels(self, view: View, earlier: EarlierMask | None) -> np.ndarray:
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


class GivenMask:
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


class FoundMask:
    """What another view of the same request showed, without the parts that no prompt asks for."""

    def __init__(self, eye: Eye, look: Look, request: MaskRequest) -> None:
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


def _has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and cpu_multiplies_bfloat16()
