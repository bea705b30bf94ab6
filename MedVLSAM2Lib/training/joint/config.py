"""Everything that decides one stage of training, read from one JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.model.medvlsam2.config import COMPONENTS, LOCATOR
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.plain_values import as_tuples, from_plain
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.training.config import Mix, RunConfig, Schedule
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageMix

TRAINED = tuple(name for name in COMPONENTS if name != LOCATOR)


@dataclass(frozen=True)
class LanguageSize:
    """The shape of a language model that is made from nothing, in the Qwen2 family."""

    width: int = 192
    layers: int = 4
    heads: int = 6
    key_value_heads: int = 2
    inner_width: int = 576
    positions: int = 2048


@dataclass(frozen=True)
class NetworkSize:
    """The shapes of all parts of a checkpoint that is made from nothing.

    Attributes:
        encoder: the volume encoder's.
        low_tokens, high_tokens: visual tokens that the projector makes of either scale.
        language: the language model's.
        token_width: of the seg tokens.
        masks: the mask model's, which takes its ``token_width`` from here.
    """

    encoder: DCFormerConfig = field(
        default_factory=lambda: DCFormerConfig(
            (64, 96, 96), 3, channels=(32, 64, 128, 256), depths=(1, 2, 2), kernel_sizes=(11, 9, 7), stem_gelu=True
        )
    )
    low_tokens: int = 32
    high_tokens: int = 16
    language: LanguageSize = field(default_factory=LanguageSize)
    token_width: int = 128
    masks: PatchConfig = field(default_factory=PatchConfig)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkSize:
        """The shapes from parsed JSON; what it leaves out keeps its default."""
        kinds = {"encoder": DCFormerConfig, "language": LanguageSize, "masks": PatchConfig}
        made: dict[str, Any] = {name: from_plain(kind, values[name]) for name, kind in kinds.items() if name in values}
        return cls(**{**values, **made})


@dataclass(frozen=True)
class LossWeights:
    """How much each loss counts; what counts nothing is not computed.

    Attributes:
        alignment: sigmoid contrastive loss between volumes and captions (SigLIP, arXiv 2303.15343).
        language: next-token loss of the answers.
        words: mask losses of views with seg tokens.
        clicks: mask losses of views with prompts only.
        meaning: what the seg tokens of phrases say of the vocabulary's terms.
        survey: next-token loss of answers about surveys.
        keeping: how far the seg tokens of phrases have moved since the stage began, so that a mask model which learned
            them goes on to hear the same while the language model learns something else.
    """

    alignment: float = 0.0
    meaning: float = 0.5
    language: float = 1.0
    words: float = 1.0
    clicks: float = 1.0
    survey: float = 0.0
    keeping: float = 0.0


@dataclass(frozen=True)
class WordShares:
    """What views with words are of, in shares that sum to one.

    Attributes:
        structures: structures by their names.
        phrases: phrases of any sort, findings and what is referred to by its place or size among them.
        answers: what the model's own answers point at.
        absent: things that are not there.
        size_power: a structure's chance grows with its volume to this power: at 0 all of a scan's are alike, at 0.4 a
            body is drawn eight times as often as a parotid gland.
    """

    structures: float = 0.3
    phrases: float = 0.35
    answers: float = 0.15
    absent: float = 0.2
    size_power: float = 0.4


@dataclass(frozen=True)
class Adapters:
    """Low-rank adapters of the language model, which learn while its own weights stay as they are.

    Attributes:
        rank: of what is added to a layer's weights.
        alpha: what is added counts ``alpha / rank``.
        targets: names of the linear layers that are adapted.
        seg_token: whether the embedding of the token for segmentation learns too; a language model that was just given
            one needs it.
    """

    rank: int = 8
    alpha: float = 16.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    seg_token: bool = True


@dataclass(frozen=True)
class JointConfig(RunConfig):
    """One stage; see also ``RunConfig``.

    Attributes:
        stage: its name, for the log and the card: ``align``, ``caption``, ``joint`` or ``finetune``.
        network: the shapes of parts that are made from nothing.
        schedule: the mask model's learning rate over time.
        language_rate: the other parts' learning rate, in multiples of the mask model's.
        learns: the parts that learn; the others stay as they are. A locator learns when the mask model does.
        adapters: how the language model learns, if it does; None: all of its weights.
        weights: of the losses.
        language_data, mix: what examples are drawn of.
        words: what views with words are of.
        scans: conversations a step.
        worded: views with words a step.
        clicks: views with clicks a step.
        meanings: phrases a step that are learned, or kept, without an image.
        surveyed: surveys a step, with a conversation of ``language_data.turns`` questions each.
        surveys: the structures that the checkpoint looks for in every scan, of which most surveys are drawn; those of the
            checkpoint that the stage begins with if empty.
        accumulate: batches a step, their gradients added up.
        rounds, word_rounds: shares of examples with 0, 1, 2, … rounds before the one that is learned from.
        word_corrections: the share of answers to words that a click corrects.
        validation_objects: organs of held-out scans and of phantoms that are looked for, each.
        validation_people: phantoms of either part that nobody learns from.
    """

    stage: str = "joint"
    network: NetworkSize = field(default_factory=NetworkSize)
    language_rate: float = 3.0
    learns: tuple[str, ...] = TRAINED
    adapters: Adapters | None = None
    weights: LossWeights = field(default_factory=LossWeights)
    language_data: LanguageConfig = field(default_factory=LanguageConfig)
    words: WordShares = field(default_factory=WordShares)
    scans: int = 8
    worded: int = 8
    clicks: int = 2
    meanings: int = 32
    surveyed: int = 0
    surveys: tuple[str, ...] = ()
    accumulate: int = 1
    word_rounds: tuple[float, ...] = (0.55, 0.45)
    word_corrections: float = 0.2
    validation_people: int = 12

    def __post_init__(self) -> None:
        unknown = sorted(set(self.learns) - set(TRAINED))
        if unknown:
            raise ValueError(f"unknown parts {', '.join(unknown)}; there are {', '.join(TRAINED)}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> JointConfig:
        """The config from parsed JSON; what it leaves out keeps its default."""
        made = dict(values)
        if "network" in made:
            made["network"] = NetworkSize.from_dict(made["network"])
        if "language_data" in made:
            mix = from_plain(LanguageMix, made["language_data"].get("mix", {}))
            made["language_data"] = from_plain(LanguageConfig, {**made["language_data"], "mix": mix})
        plain = {"schedule": Schedule, "weights": LossWeights, "mix": Mix, "words": WordShares}
        made |= {name: from_plain(kind, made[name]) for name, kind in plain.items() if name in made}
        if made.get("adapters") is not None:
            made["adapters"] = from_plain(Adapters, made["adapters"])
        return cls(**{name: as_tuples(value) for name, value in made.items()})

    @classmethod
    def read(cls, path: Path) -> JointConfig:
        """The config in a JSON file."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
