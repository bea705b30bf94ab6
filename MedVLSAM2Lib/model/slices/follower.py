"""One object on the slices of one stack: prompts answered, and the object followed from slice to slice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.precision import Precision
from MedVLSAM2Lib.model.slices.slice_prompts import AskedSlice
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.tensors import SliceFeatures, SliceMasks, SlicePrompt
from MedVLSAM2Lib.model.slices.track import SliceRecord, Track, Way

# The largest logit an earlier answer is fed back with, as in the original; a mask given by hand is as sure as that of
# ``SliceNetwork.accept``.
_LARGEST_LOGIT = 32.0
_SURE_LOGIT = 10.0


class Follower:
    """Asks the network about slices of a stack.

    Args:
        network: in evaluation mode.
        stack: the slices.
        features: the image features of a slice by its index, from a cache perhaps.
        tokens: (N, C), what words say of the object, told with every prompt; None without words.
        precision: to compute in, float32 by default.
        replace: the network was trained to hear tokens in the place of points, not beside them.
    """

    def __init__(
        self,
        network: SliceNetwork,
        stack: SliceStack,
        features: Callable[[int], SliceFeatures],
        tokens: np.ndarray | None = None,
        precision: Precision | None = None,
        replace: bool = False,
    ) -> None:
        self._network = network
        self._stack = stack
        self._features = features
        self._precision = precision or Precision()
        self._replace = replace
        self._tokens = None if tokens is None else torch.from_numpy(tokens)[None].to(network.device)

    def way(self, downwards: bool) -> Way:
        """A direction through the stack."""
        rules = self._network.config.rules
        return Way(downwards, len(self._stack), rules.most_conditioning, rules.reset_between_directions)

    @torch.inference_mode()
    def prompted(
        self, track: Track, index: int, asked: AskedSlice, given: np.ndarray | None = None
    ) -> list[SliceRecord]:
        """The answers to prompts on a slice, smallest first: three to a first click, else one.

        A slice that the object was followed into is decoded with its memory, any other on its own. The slice's earlier
        answer, or else the mask ``given`` (rows, columns), is fed back.
        """
        features, known = self._features(index), track.get(index)
        downwards = known.downwards if known is not None else False
        on_its_own = known.on_its_own if known is not None else asked.is_positive or not track.prompted
        top = (
            self._network.without_memory(features) if on_its_own else self._attended(features, track, index, downwards)
        )
        prompt = asked.prompt(self._fed_back(known, given), self._network.device, self._tokens, self._replace)
        with self._precision.cast():
            masks = self._network.decode(features, top, prompt)
        several = asked.is_single_point and prompt.mask is None
        choices = range(masks.logits.shape[1]) if several else [int(masks.best)]
        by_size = sorted((masks.chosen(choice) for choice in choices), key=_size)
        return [self._record(features, one, on_its_own=on_its_own, downwards=downwards) for one in by_size]

    @torch.inference_mode()
    def accepted(self, index: int, given: np.ndarray) -> SliceRecord:
        """A mask given by hand (rows, columns) as the answer on a slice."""
        features = self._features(index)
        mask = self._stack.resized_mask(given).to(self._network.device)
        with self._precision.cast():
            masks = self._network.accept(features, mask)
        return self._record(features, masks, on_its_own=True)

    @torch.inference_mode()
    def followed(self, track: Track, index: int, downwards: bool) -> SliceRecord:
        """The object on the next slice of its way."""
        features, nothing = self._features(index), SlicePrompt.nothing(device=self._network.device)
        with self._precision.cast():
            masks = self._network.decode(features, self._attended(features, track, index, downwards), nothing)
            masks = masks.chosen(int(masks.best))
            memory = self._network.remember(features, masks, prompted=False)
        return SliceRecord(masks, memory, downwards=downwards)

    def _record(
        self, features: SliceFeatures, masks: SliceMasks, on_its_own: bool, downwards: bool = False
    ) -> SliceRecord:
        with self._precision.cast():
            memory = self._network.remember(features, masks, prompted=True)
        return SliceRecord(masks, memory, on_its_own, downwards)

    def _attended(self, features: SliceFeatures, track: Track, index: int, downwards: bool) -> torch.Tensor:
        way = self.way(downwards)
        memories, pointers = track.memories(index, way), track.pointers(index, way)
        with self._precision.cast():
            return self._network.attend(features, memories, pointers, way.farthest_pointer)

    def _fed_back(self, known: SliceRecord | None, given: np.ndarray | None) -> torch.Tensor | None:
        if known is not None:
            return known.masks.logits.clamp(-_LARGEST_LOGIT, _LARGEST_LOGIT)
        if given is None or not given.any():
            return None
        size = (self._network.config.logits_size,) * 2
        mask = torch.nn.functional.interpolate(
            self._stack.resized_mask(given), size, mode="bilinear", align_corners=False, antialias=True
        )
        return ((2 * mask - 1) * _SURE_LOGIT).to(self._network.device)


def _size(masks: SliceMasks) -> int:
    return int((masks.logits > 0).sum())
