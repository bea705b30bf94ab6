"""How a language model is asked: what the paper leaves open, each choice with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from MedVLSAM2Lib.model.plain_values import from_plain

PromptStyle = Literal["chat", "plain"]
Splice = Literal["in_place", "after_first"]
SegPosition = Literal["at", "before"]
PHRASE_PLACE = "{phrase}"
"""Where a phrase stands in a question; not a format, which a checkpoint's file could make reach for anything."""

_CHOICES = {"style": ("chat", "plain"), "splice": ("in_place", "after_first"), "seg_position": ("at", "before")}


@dataclass(frozen=True)
class LanguageConfig:
    """How the language model is asked, and where its ``[SEG]`` states are read.

    Attributes:
        style: ``chat`` puts the conversation into the tokenizer's chat template (our choice); ``plain`` writes
            questions and answers one after the other with a space between (Med3DVLM's training and its demo).
        splice: ``in_place`` puts the visual tokens where their placeholders are; ``after_first`` puts them after the
            first token of all. With a BOS token the two are the same. Without one (Qwen), ``after_first`` leaves a
            placeholder before the visual tokens and overwrites the first token of the question: that is what
            Med3DVLM was trained with, so its weights need it, and only they do.
        image_token: the placeholder (Med3DVLM's).
        seg_token: the token whose state becomes a mask (LISA, arXiv 2308.00692; the name is in MedVL-SAM2's abstract);
            None for a model that was not taught one.
        seg_layer: the layer its state is read from, counted as transformers counts ``hidden_states``: -1 is the last
            one, after the final norm (LISA).
        seg_position: ``at`` the token itself, which has seen the whole phrase and itself (our choice), or ``before``
            it, at the state that predicted it (LISA).
        phrase_question: what is asked when a phrase is to be segmented (our choice).
        phrase_answer: the answer that is put into the model's mouth then, so that one pass is enough (our choice; the
            same form as in reports, where a phrase is followed by its token).
        most_new_tokens: where an answer is cut off (Med3DVLM's evaluation).
    """

    style: PromptStyle = "chat"
    splice: Splice = "in_place"
    image_token: str = "<im_patch>"
    seg_token: str | None = "[SEG]"
    seg_layer: int = -1
    seg_position: SegPosition = "at"
    phrase_question: str = "Segment {phrase} in this scan."
    phrase_answer: str = "{phrase} [SEG]"
    most_new_tokens: int = 512

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}, but must be one of {', '.join(allowed)}")

    @classmethod
    def med3dvlm(cls) -> LanguageConfig:
        """What Med3DVLM's weights were trained with."""
        return cls(style="plain", splice="after_first", seg_token=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LanguageConfig:
        """The config from ``to_dict``'s values or from parsed JSON."""
        return from_plain(cls, values)
