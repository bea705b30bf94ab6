"""What is said, and which voxels it points at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from MedVLSAM2Lib.slots import MOST_SEGS, SEG, shifted
from MedVLSAM2Lib.training.language.grammar import capitalized

Target = tuple[str, ...]
"""What one ``[SEG]`` means: the names of one or several structures or findings of a scan."""


@dataclass(frozen=True)
class Said:
    """A text in the model's words.

    Attributes:
        text: words, ``[SEG]`` and slots.
        targets: for each ``[SEG]`` of the text, in order, what it means.
    """

    text: str
    targets: tuple[Target, ...] = ()

    def __post_init__(self) -> None:
        if self.text.count(SEG) != len(self.targets):
            raise ValueError(f"{self.text!r} points {self.text.count(SEG)} times, but has {len(self.targets)} targets")

    def as_sentence(self) -> Said:
        """The same with a capital first letter."""
        return Said(capitalized(self.text), self.targets)


@dataclass(frozen=True)
class Turn:
    """A question and its answer.

    Attributes:
        kind: what sort of question it is, e.g. ``"presence"`` or ``"report"``.
        question: in the user's words.
        answer: in the model's.
        key: the answer to a closed question in a word or two (``"yes"``, ``"right"``, ``"two"``, ``"cannot tell"``); None
            for an open one.
    """

    kind: str
    question: str
    answer: Said
    key: str | None = None


def joined(parts: Iterable[Said], between: str = " ") -> Said:
    """Texts one after the other, their slots renumbered; what would point beyond ``MOST_SEGS`` is left out."""
    texts: list[str] = []
    targets: list[Target] = []
    for part in parts:
        if len(targets) + len(part.targets) > MOST_SEGS:
            continue
        texts.append(shifted(part.text, len(targets)))
        targets += part.targets
    return Said(between.join(texts), tuple(targets))
