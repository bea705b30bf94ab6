"""The image features of slices: from the cache, or encoded, the next ones ahead of time."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from typing import ParamSpec, Self, TypeVar

import torch

from MedVLSAM2Lib.model.mask_model import Cache
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.precision import Precision
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.tensors import SliceFeatures

T = TypeVar("T")
P = ParamSpec("P")

MOST_AHEAD = 4
# With more cores than this, following an object in one of them would keep the others waiting.
_FEW_CORES = 4


class FeatureSource:
    """Encodes slices of a stack; as a context, it ends with nothing left to be encoded.

    The slices that were held last are what the cache has used last: the next prompt will probably be on them.

    Encoding a slice needs nothing of its neighbours, following an object does: so the next slices are encoded on other
    cores meanwhile. Each task stays on a core of its own, which two tasks shared between two cores do not beat.

    Args:
        network: in evaluation mode.
        identity: names network and rules in cache keys.
        threads: of one core each.
        cache: keeps features.
        precision: to encode in.
    """

    def __init__(
        self, network: SliceNetwork, identity: str, threads: Executor, cache: Cache, precision: Precision
    ) -> None:
        self._network, self._identity, self._threads, self._cache = network, identity, threads, cache
        self._precision = precision
        self._coming: dict[int, Future[SliceFeatures]] = {}
        self._held: dict[int, SliceFeatures] = {}
        cores = os.cpu_count() or 1
        on_cpu = network.device.type == "cpu"
        self._ahead = min(cores - 1, MOST_AHEAD) if on_cpu else 0
        self._is_beside = on_cpu and 1 < cores <= _FEW_CORES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for coming in self._coming.values():
            coming.cancel()
        self._coming.clear()
        for index, features in self._held.items():
            self._cache.get_or_make(self._key_of(index), partial(_as_it_is, features))
        self._held.clear()

    def open(self, stack: SliceStack, volume_id: str) -> None:
        """The slices that are spoken of from now on."""
        self._stack = stack
        self._key = (volume_id, self._identity, stack.axis, stack.window.low, stack.window.high)

    def of(self, index: int) -> SliceFeatures:
        """The features of a slice."""
        if index in self._held:
            return self._held[index]
        coming = self._coming.pop(index, None)
        return coming.result() if coming is not None else self._made(index)

    def hold(self, index: int) -> None:
        """Keep the features of a slice until the end, however many others are seen in between."""
        self._held[index] = self.of(index)

    def expect(self, indices: Sequence[int]) -> None:
        """These slices come next, in this order: begin with as many as there are cores to spare."""
        for index in indices[: self._ahead]:
            if index not in self._coming and index not in self._held:
                self._coming[index] = self._threads.submit(self._made, index)

    def beside(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do ``work`` and wait for it: on a core of its own where few cores are shared with what is expected."""
        return (
            self._threads.submit(work, *arguments, **named).result() if self._is_beside else work(*arguments, **named)
        )

    def _made(self, index: int) -> SliceFeatures:
        return self._cache.get_or_make(self._key_of(index), lambda: self._encoded(index))

    def _key_of(self, index: int) -> Hashable:
        return ("slice features", index, *self._key)

    @torch.inference_mode()
    def _encoded(self, index: int) -> SliceFeatures:
        with self._precision.cast():
            return self._network.encode(self._stack.pixels(index).to(self._network.device))


def _as_it_is(features: SliceFeatures) -> SliceFeatures:
    return features
