"""The line in which the panel says what happens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from MedVLSAM2Lib.engine import EngineEvent, WorkerRestarted
from MedVLSAM2Lib.panel.typed_text import in_label

logger = logging.getLogger(__name__)

_TIME_TO_READ_S = 10.0


class StatusLine:
    """Shows the last sentence, and for a while beside it that the engine had to be started again.

    A request goes on by itself after a restart and says that it is done a moment later: nobody could read both.

    Args:
        label: the QLabel.
        clock: seconds that only grow.

    Attributes:
        last: the last sentence.
    """

    def __init__(self, label: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._clock = clock
        self._notice = ""
        self._notice_ends = 0.0
        self.last = ""

    def say(self, sentence: str) -> None:
        """Show one sentence; an empty one clears the line."""
        self.last = sentence
        notice = self._notice if sentence and self._clock() < self._notice_ends else ""
        self._label.setText(in_label(" ".join(part for part in (notice, sentence) if part)))

    def take(self, event: EngineEvent) -> bool:
        """Whether the event was about a restart of the engine."""
        payload = event.payload
        if not isinstance(payload, WorkerRestarted):
            return False
        logger.warning("%s %s", payload.reason, payload.detail)
        self._notice = f"{payload.reason} It was started again; nothing was lost."
        self._notice_ends = self._clock() + _TIME_TO_READ_S
        self._label.setText(in_label(self._notice))
        return True
