"""How many numbers each part holds, from its config alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.seg_projector import SegProjectorConfig
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig

# The layout that Qwen2 took over from LLaMA and that the others of the family keep.
_DECODERS = ("qwen2", "llama", "mistral", "qwen3", "smollm3")
_COUNTER_BYTES = 8
_IMAGE_AND_PROMPT_CHANNELS, _HEARD, _TOLD, _CIRCUMSTANCES, _JUDGED = 8, 32, 128, 7, 96


@dataclass(frozen=True)
class Numbers:
    """How many numbers a part holds: in its precision, and counters of eight bytes beside them."""

    values: int
    counters: int = 0

    def nbytes(self, bytes_per_value: int) -> int:
        """Bytes at a precision."""
        return self.values * bytes_per_value + self.counters * _COUNTER_BYTES


def of_encoder(config: DCFormerConfig) -> Numbers:
    """A DCFormer's weights and batch norm statistics."""
    first = config.channels[0]
    values = _decomposed(config.in_channels, first, config.stem_kernel)
    values += config.stem_depth * _decomposed(first, first, 3)
    for width_in, width, depth, kernel_size in zip(
        config.channels, config.channels[1:], config.depths, config.kernel_sizes, strict=False
    ):
        perceptron = 2 * config.expansion * width**2 + (config.expansion + 1) * width
        values += width_in * width + depth * (_decomposed(1, width, kernel_size) + perceptron + width)
    convolutions = 1 + config.stem_depth + sum(config.depths)
    return Numbers(values, counters=3 * convolutions)


def of_projector(config: MixerConfig) -> Numbers:
    """A mixer projector's weights."""
    return Numbers(sum(_stream(config, stream) for stream in (config.low, config.high)))


def of_seg_projector(config: SegProjectorConfig) -> Numbers:
    """A seg projector's weights."""
    return Numbers(_linear(config.state_width, config.state_width) + _linear(config.state_width, config.token_width))


def of_patches(config: PatchConfig) -> Numbers:
    """A patch network's weights."""
    widths = config.channels
    values = 27 * 8 * _IMAGE_AND_PROMPT_CHANNELS * widths[0] + 2 * widths[0] + _residual(widths[0], widths[0])
    for below, width, depth in zip(widths, widths[1:], config.depths[1:], strict=False):
        values += _residual(below, width, strided=True) + (depth - 1) * _residual(width, width)
        values += _linear(width, below) + _residual(2 * below, below)
    values += _linear(widths[0], 8)
    values += sum(_linear(3, _HEARD) + _linear(_HEARD, 2 * width) for width in widths)
    if config.token_width:
        values += sum(config.token_width * _TOLD + _TOLD * 2 * width for width in widths)
    return Numbers(values + _linear(widths[-1] + widths[0] + _CIRCUMSTANCES, _JUDGED) + _linear(_JUDGED, 1))


def of_language_model(values: Mapping[str, Any]) -> Numbers:
    """A language model's weights, from its ``config.json``; CheckpointError for families this does not know."""
    shape = DecoderShape.of(values)
    queries, keys = shape.heads * shape.head_width, shape.key_heads * shape.head_width
    layer = 2 * shape.width * queries + 2 * shape.width * keys + 3 * shape.width * shape.inner + 2 * shape.width
    if values.get("model_type") == "qwen2" or values.get("attention_bias"):
        layer += queries + 2 * keys
    if values.get("attention_bias") and values.get("model_type") != "qwen2":
        layer += shape.width
    if values.get("model_type") == "qwen3":
        layer += 2 * shape.head_width
    tables = 1 if values.get("tie_word_embeddings") else 2
    return Numbers(tables * shape.vocabulary * shape.width + shape.layers * layer + shape.width)


@dataclass(frozen=True)
class DecoderShape:
    """The sizes of a language model that its memory depends on."""

    layers: int
    width: int
    inner: int
    heads: int
    key_heads: int
    head_width: int
    vocabulary: int

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> DecoderShape:
        """From a language model's ``config.json``; CheckpointError for families this does not know."""
        family = values.get("model_type")
        if family not in _DECODERS:
            raise CheckpointError(f"The memory that a language model of the family {family} needs is not known.")
        heads = values["num_attention_heads"]
        return cls(
            layers=values["num_hidden_layers"],
            width=values["hidden_size"],
            inner=values["intermediate_size"],
            heads=heads,
            key_heads=values.get("num_key_value_heads") or heads,
            head_width=values.get("head_dim") or values["hidden_size"] // heads,
            vocabulary=values["vocab_size"],
        )


def is_known_decoder(values: Mapping[str, Any]) -> bool:
    """Whether the sizes of a language model can be told from its ``config.json``."""
    return values.get("model_type") in _DECODERS


def _linear(width_in: int, width_out: int) -> int:
    return width_in * width_out + width_out


def _decomposed(width_in: int, width: int, kernel_size: int) -> int:
    """Three one-dimensional convolutions, each with bias and a batch norm's four vectors."""
    return 3 * (width_in * width * kernel_size + width + 4 * width)


def _stream(config: MixerConfig, stream: StreamConfig) -> int:
    total = 0
    for tokens_in, width_in, tokens_out, width_out in config.layers(stream):
        further = (config.mlp_depth - 1) * (_linear(tokens_out, tokens_out) + _linear(width_out, width_out))
        total += 4 * width_in + _linear(tokens_in, tokens_out) + _linear(width_in, width_out) + further
    return total


def _residual(width_in: int, width: int, strided: bool = False) -> int:
    shortcut = width_in * width if strided or width_in != width else 0
    return 27 * width_in * width + 27 * width**2 + 4 * width + shortcut
