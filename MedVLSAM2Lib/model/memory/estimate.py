"""What loading a checkpoint and asking it something will take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.memory import (
    PATCHES,
    RUNTIME_BYTES,
    SLICES,
    MaskShape,
    MemoryEstimate,
    cached_bytes,
    kept_bytes,
    mask_activation_bytes,
    scan_bytes,
)
from MedVLSAM2Lib.memory.estimate import FLOAT32_BYTES
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import read_config
from MedVLSAM2Lib.model.medvlsam2.config import (
    ENCODER,
    LANGUAGE,
    LOCATOR,
    MASK_MODEL,
    PROJECTOR,
    SEG_PROJECTOR,
)
from MedVLSAM2Lib.model.memory.weights import (
    DecoderShape,
    Numbers,
    of_encoder,
    of_language_model,
    of_patches,
    of_projector,
    of_seg_projector,
)
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.projector.config import MixerConfig
from MedVLSAM2Lib.model.seg_projector import SegProjectorConfig
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig

# How many tensors of a layer's size are alive at once at most, among them what a convolution copies for its own use.
_ALIVE_IN_CONVOLUTIONS, _ALIVE_IN_A_DECODER = 10, 10

VolumeShape = tuple[int, int, int]


def estimate(
    configs: Mapping[str, Mapping[str, Any]],
    bytes_per_value: int,
    text_tokens: int = 1024,
    volume_shape: VolumeShape | None = None,
    device_type: str = "cpu",
) -> MemoryEstimate:
    """What a model will take, from the ``config.json`` of each of its parts.

    Args:
        configs: by the part's name; parts that are not there are not counted.
        bytes_per_value: the precision of encoder, projectors and language model: 4, or 2 for half precision. Mask models
            are reckoned in float32.
        text_tokens: of the conversation, answer included.
        volume_shape: the scan's (K, J, I); None before one is opened.
        device_type: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        CheckpointError: for a language model of a family, or a mask model of a kind, whose sizes are not known.
    """
    weights = {name: _weights(name, values).nbytes(_width(name, bytes_per_value)) for name, values in configs.items()}
    tokens = text_tokens
    if PROJECTOR in configs:
        tokens += MixerConfig.from_dict(configs[PROJECTOR]).visual_tokens
    cache = 0
    if LANGUAGE in configs:
        shape = DecoderShape.of(configs[LANGUAGE])
        cache = 2 * shape.layers * shape.key_heads * shape.head_width * tokens * bytes_per_value
    masks = [_mask_shape(values, weights[name]) for name, values in configs.items() if name in (MASK_MODEL, LOCATOR)]
    work = [mask_activation_bytes(shape) for shape in masks]
    work += [_activations(name, values, tokens) * bytes_per_value for name, values in configs.items()]
    return MemoryEstimate(
        weights,
        cache,
        max(work, default=0),
        sum(kept_bytes(shape, volume_shape) for shape in masks),
        max((cached_bytes(shape, volume_shape) for shape in masks), default=0),
        RUNTIME_BYTES[device_type],
        scan_bytes(volume_shape),
    )


def read_component_configs(folders: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """The ``config.json`` of each part, by its name, from the folder it lies in; no weights are read."""
    return {name: read_config(folder) for name, folder in folders.items()}


def _width(name: str, bytes_per_value: int) -> int:
    return FLOAT32_BYTES if name in (MASK_MODEL, LOCATOR) else bytes_per_value


def _weights(name: str, values: Mapping[str, Any]) -> Numbers:
    if name == ENCODER:
        return of_encoder(DCFormerConfig.from_dict(values))
    if name == PROJECTOR:
        return of_projector(MixerConfig.from_dict(values))
    if name == LANGUAGE:
        return of_language_model(values)
    if name == SEG_PROJECTOR:
        return of_seg_projector(SegProjectorConfig.from_dict(values))
    return _of_masks(values)


def _of_masks(values: Mapping[str, Any]) -> Numbers:
    kind = values.get("architecture", PATCHES)
    if kind == PATCHES:
        return of_patches(PatchConfig.from_dict(values))
    if kind == SLICES:
        # transformers, which builds this kind, takes seconds to import.
        from MedVLSAM2Lib.model.memory.slices import of_slices

        return of_slices(SliceConfig.from_dict(values))
    raise CheckpointError(f"The memory that a mask model of the kind {kind} needs is not known.")


def _mask_shape(values: Mapping[str, Any], weight_bytes: int) -> MaskShape:
    parameters = weight_bytes // FLOAT32_BYTES
    if values.get("architecture", PATCHES) == SLICES:
        return MaskShape(SLICES, parameters, SliceConfig.from_dict(values).image_size)
    config = PatchConfig.from_dict(values)
    return MaskShape(PATCHES, parameters, config.side, config.channels[0])


def _activations(name: str, values: Mapping[str, Any], tokens: int) -> int:
    """The most numbers that are alive at once while a part of the language road works."""
    if name == ENCODER:
        return _of_encoder(DCFormerConfig.from_dict(values))
    if name == LANGUAGE:
        return _of_decoder(DecoderShape.of(values), tokens)
    return 0


def _of_encoder(config: DCFormerConfig) -> int:
    d, h, w = config.input_size
    stem = d * h * w * config.in_channels + _ALIVE_IN_CONVOLUTIONS * config.channels[0] * config.tokens(0)
    scales = sum(width * config.tokens(scale) for scale, width in enumerate(config.channels))
    widest = max(
        width * (_ALIVE_IN_CONVOLUTIONS + 2 * config.expansion) * config.tokens(scale)
        for scale, width in enumerate(config.channels)
        if scale
    )
    return scales + max(stem, widest)


def _of_decoder(shape: DecoderShape, tokens: int) -> int:
    states = (shape.layers + 1) * tokens * shape.width
    layer = tokens * (_ALIVE_IN_A_DECODER * shape.width + 3 * shape.inner)
    return states + layer + 2 * shape.heads * tokens**2 + 2 * shape.vocabulary
