"""What a checkpoint is made of, what it can do, and what the paper leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.plain_values import check_texts, check_whole, from_plain
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig

MODEL_TYPE = "medvlsam2"
FORMAT_VERSION = 1
ENCODER = "volume_encoder"
PROJECTOR = "projector"
LANGUAGE = "language_model"
SEG_PROJECTOR = "seg_projector"
MASK_MODEL = "mask_model"
LOCATOR = "locator"
COMPONENTS = (ENCODER, PROJECTOR, LANGUAGE, SEG_PROJECTOR, MASK_MODEL, LOCATOR)
"""The parts a checkpoint may have. A ``locator`` is a second, small mask model that finds what a phrase names, for a mask
model that takes clicks and boxes only."""

PHRASE, QUESTION, REPORT = "phrase", "question", "report"
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        PHRASE: (ENCODER, PROJECTOR, LANGUAGE, SEG_PROJECTOR, MASK_MODEL),
        QUESTION: (ENCODER, PROJECTOR, LANGUAGE),
        REPORT: (ENCODER, PROJECTOR, LANGUAGE),
    }
)
"""The parts that each capability of language needs; all others need the mask model. ``MedVLSam2Config.needed_for`` has a
checkpoint's own."""

SegPrompt = Literal["append", "replace"]


@dataclass(frozen=True)
class ComponentSource:
    """Where a part lies: a folder, or a repository of the Hugging Face hub.

    Attributes:
        path: relative to the checkpoint's folder, or absolute.
        repo_id: the repository instead of a path.
        revision: its commit; empty for the newest.
        subfolder: the part's folder in the repository.
    """

    path: str = ""
    repo_id: str = ""
    revision: str = ""
    subfolder: str = ""

    def __post_init__(self) -> None:
        check_texts("a component's path, repo_id, revision and subfolder", tuple(vars(self).values()))
        if bool(self.path) == bool(self.repo_id):
            raise ValueError("a component needs either a path or a repo_id")

    def to_dict(self) -> dict[str, str]:
        """Plain values; fields that are empty are left out."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class MedVLSam2Config:
    """A checkpoint of MedVL-SAM2 (arXiv 2601.09879), of which only the abstract is public.

    Attributes:
        name: what people call it.
        capabilities: what it was trained for: ``click``, ``box``, ``scribble``, ``lasso``, ``prior``, ``phrase``,
            ``question``, ``report``. Nothing else is offered.
        components: its parts by name (``COMPONENTS``) and where each lies.
        language: how the language model is asked and where its ``[SEG]`` states are read.
        volume_input: how a volume is shown to the encoder.
        low_scale: which of the encoder's scales is the projector's low one (Med3DVLM: the last but one).
        high_scale: and which the high one (Med3DVLM: the last).
        seg_prompt: whether the seg token is appended to the mask model's own sparse prompts or replaces them
            (``append``: our choice, so that text combines with clicks and boxes; LISA has no others). Only the kind
            ``slices`` can do either; ``patches``, which hears words in every layer, always has both.
        found_threshold: an object that a phrase names counts as found when the mask model's own estimate of its Dice
            is at least this (our choice; a checkpoint's training sets it).
        phrase_sees_volume: whether the language model is shown the volume when it reads a phrase (our choice; the paper's
            abstract does not say). Without it a phrase means the same in every scan, which a small model learns from
            little data, and neither encoder nor projector is read for one; questions always see the volume.
        question_sees_volume: whether the language model is shown the volume when it answers (the paper's way). A small model
            that cannot read volumes yet answers from its survey alone (our choice).
        surveys: full names of the structures that are looked for before the first question about a volume; what was seen of
            each stands as text before that question (our choice: an answer then says no more than masks show). Those
            that the checkpoint finds reliably; none, and it answers from the volume alone.
        rereads_phrases: whether the words before a ``[SEG]`` in an answer are read once more as a phrase of their own, rather
            than where the answer says them (LISA's way): for a mask model that learned from phrases only (our choice).
        refines: whether what a ``locator`` found is segmented once more by the mask model, from a box and a point (our choice,
            for a mask model that is the larger one); if not, the locator's mask is the answer.
        licence: of the weights, or of the strictest of their parts.
        trained_on: one line for each source of data, with its licence.
    """

    name: str = "unnamed"
    capabilities: tuple[str, ...] = ()
    components: Mapping[str, ComponentSource] = field(default_factory=dict)
    language: LanguageConfig = field(default_factory=LanguageConfig)
    volume_input: VolumeInputConfig = field(default_factory=VolumeInputConfig)
    low_scale: int = -2
    high_scale: int = -1
    seg_prompt: SegPrompt = "append"
    found_threshold: float = 0.5
    phrase_sees_volume: bool = True
    question_sees_volume: bool = True
    surveys: tuple[str, ...] = ()
    rereads_phrases: bool = False
    refines: bool = True
    licence: str = ""
    trained_on: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        check_texts("name and licence", (self.name, self.licence))
        check_texts("capabilities", self.capabilities)
        check_texts("trained_on", self.trained_on)
        check_texts("surveys", self.surveys)
        check_whole("scales", (self.low_scale, self.high_scale), -64, 64)
        unknown = sorted(set(self.components) - set(COMPONENTS))
        if unknown:
            raise ValueError(f"unknown components {', '.join(unknown)}")
        if self.seg_prompt not in ("append", "replace"):
            raise ValueError(f"seg_prompt is {self.seg_prompt!r}, but must be one of append, replace")
        for capability in self.capabilities:
            missing = [part for part in self.needed_for(capability) if part not in self.components]
            if missing:
                raise ValueError(f"the capability {capability} needs {', '.join(missing)}")

    def needed_for(self, capability: str) -> tuple[str, ...]:
        """The parts that a capability needs in this checkpoint."""
        needed = NEEDED.get(capability, (MASK_MODEL,))
        sees_volume = {
            PHRASE: self.phrase_sees_volume,
            QUESTION: self.question_sees_volume,
            REPORT: self.question_sees_volume,
        }
        if not sees_volume.get(capability, True):
            needed = tuple(part for part in needed if part not in (ENCODER, PROJECTOR))
        if capability in (QUESTION, REPORT) and self.surveys:
            needed = tuple(dict.fromkeys((*needed, *self.needed_for(PHRASE))))
        return needed

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        components = {name: source.to_dict() for name, source in self.components.items()}
        rest = {
            name: value.to_dict() if isinstance(value, LanguageConfig | VolumeInputConfig) else value
            for name, value in vars(self).items()
            if name != "components"
        }
        return {"model_type": MODEL_TYPE, **rest, "components": components}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MedVLSam2Config:
        """The config from ``to_dict``'s values or from parsed JSON."""
        components = {name: from_plain(ComponentSource, source) for name, source in values["components"].items()}
        return from_plain(
            cls,
            {
                **values,
                "components": components,
                "language": LanguageConfig.from_dict(values.get("language", {})),
                "volume_input": VolumeInputConfig.from_dict(values.get("volume_input", {})),
            },
        )
