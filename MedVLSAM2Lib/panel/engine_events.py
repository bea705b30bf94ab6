"""What the engine tells, handed to whoever it concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from MedVLSAM2Lib.engine import EngineClient, EngineEvent
from MedVLSAM2Lib.results import MaskRegion

_POLL_S = 0.025


class Receiver(Protocol):
    """Somebody who asked the engine something."""

    def take(self, event: EngineEvent) -> bool:
        """Whether the event was about that; if so it was dealt with."""
        ...


class EngineEvents:
    """Hands each event to the first of ``receivers`` that it concerns.

    Args:
        client: the engine.
        receivers: in the order they are asked.
        changed: called after events that may change what can be done; a piece of a mask does not.
    """

    def __init__(self, client: EngineClient, receivers: Sequence[Receiver], changed: Callable[[], object]) -> None:
        self._client = client
        self._receivers = tuple(receivers)
        self._changed = changed

    def poll(self) -> None:
        """Take in what was told since the last time, as much as takes no longer than the eye notices."""
        may_have_changed = False
        for event in self._client.poll_for(_POLL_S):
            any(receiver.take(event) for receiver in self._receivers)
            may_have_changed |= not isinstance(event.payload, MaskRegion)
        if may_have_changed:
            self._changed()
