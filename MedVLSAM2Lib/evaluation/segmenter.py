"""What the suites drive: anything that turns a user's prompts into a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.volume import Volume


class Interaction(Protocol):
    """One object being segmented in one volume."""

    def add(self, prompts: Sequence[Prompt]) -> np.ndarray:
        """The object's mask (bool, K, J, I) after these further prompts."""
        ...


@runtime_checkable
class SteppingInteraction(Interaction, Protocol):
    """An interaction whose first answer is one of several, to step through from the smallest to the largest."""

    @property
    def candidate(self) -> int:
        """Which candidate is shown, 0 the smallest."""
        ...

    @property
    def candidates(self) -> int:
        """How many there are."""
        ...

    def step(self, step: int) -> np.ndarray:
        """Show the candidate ``step`` further on (back, when negative): its mask (bool, K, J, I)."""
        ...


class Segmenter(Protocol):
    """A way to segment. It is given the scan and the prompts, never the truth."""

    @property
    def name(self) -> str:
        """Its column in the table."""
        ...

    def start(self, volume: Volume, volume_id: str) -> Interaction:
        """Begin with a new object in ``volume``; equal ids promise equal volumes."""
        ...
