"""Reading a list of engine events."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from MedVLSAM2Lib.engine import EngineClient, EngineEvent
from MedVLSAM2Lib.results import MaskRegion
from MedVLSAM2Lib.volume import VoxelBox

P = TypeVar("P")


def payloads(events: Iterable[EngineEvent], kind: type[P]) -> list[P]:
    """What the events of one kind tell."""
    return [event.payload for event in events if isinstance(event.payload, kind)]


def poll_until(client: EngineClient, kind: type, timeout_s: float = 60) -> list[EngineEvent]:
    """All that ``client`` tells until it tells something of ``kind``."""
    deadline = time.monotonic() + timeout_s
    events = client.poll()
    while not payloads(events, kind):
        assert time.monotonic() < deadline, f"no {kind.__name__} in {timeout_s} s, only {events}"
        time.sleep(0.01)
        events += client.poll()
    return events


def apply_regions(mask: np.ndarray, events: Iterable[EngineEvent | MaskRegion]) -> np.ndarray:
    """``mask`` (K, J, I) after the regions among ``events``, written in order, as the scene writes them."""
    mask = mask.copy()
    for event in events:
        region = event.payload if isinstance(event, EngineEvent) else event
        if isinstance(region, MaskRegion) and not region.mask.box.is_empty:
            assert VoxelBox.of_shape(mask.shape).intersection(region.mask.box) == region.mask.box
            mask[region.mask.box.slices] = region.mask.unpack()
    return mask
