"""From a model's answer to a mask on a volume's voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from MedVLSAM2Lib.model.mask_model import MaskEstimate
from MedVLSAM2Lib.model.threads import lone_threads
from MedVLSAM2Lib.prompts import Prompt, in_force
from MedVLSAM2Lib.session.intensity_edges import with_sharper_edges
from MedVLSAM2Lib.session.prompt_rules import apply_rules, reach
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

# Logits are worked out this many voxels at a time, which stay in a core's cache.
_VOXELS_OF_LOGITS = 2_000_000


class MaskMaker:
    """Makes masks of one volume.

    Answers whose masks were not made yet hold on to it. It knows nothing of them, so that all of it goes, the volume first,
    as soon as their session does.
    """

    def __init__(self, volume: Volume) -> None:
        """``volume`` is in canonical order."""
        self._volume = volume
        self._threads = lone_threads()

    def mask_of(
        self, estimate: MaskEstimate, base: PackedMask, prompts: Sequence[Prompt], new_prompts: Sequence[Prompt]
    ) -> PackedMask:
        """The mask after an estimate: changed within the estimate's box, and where the new prompts say so themselves."""
        if estimate.is_coarse:
            estimate = self._threads.submit(with_sharper_edges, estimate, self._volume).result()
        object_box = estimate.positive_box
        prompted = reach(new_prompts)
        # Beyond these boxes nothing was and nothing will be: a view is several times as large as the object in it.
        whole = object_box.union(prompted).union(base.box)
        mask = base.unpack(whole)
        changeable = estimate.box.union(prompted).intersection(whole)
        changed = mask[changeable.relative_to(whole).slices]
        changed[estimate.box.intersection(whole).relative_to(changeable).slices] = False
        self._threshold(estimate, object_box, changed[object_box.relative_to(changeable).slices])
        apply_rules(changed, changeable, in_force(prompts))
        return PackedMask.pack_tight(mask, whole)

    def _threshold(self, estimate: MaskEstimate, part: VoxelBox, out: np.ndarray) -> None:
        """Write ``logits > 0`` of a part of the estimate's box into ``out``, slabs side by side."""
        depth, rows, columns = part.shape
        k, j, i = part.relative_to(estimate.box).low
        slab = max(1, _VOXELS_OF_LOGITS // max(rows * columns, 1))

        def write(first: int) -> None:
            last = min(first + slab, depth)
            logits = estimate.logits[slice(k + first, k + last), slice(j, j + rows), slice(i, i + columns)]
            out[first:last] = logits > 0

        # Asked for one by one: what fails in a thread fails here.
        for _ in self._threads.map(write, range(0, depth, slab)):
            pass
