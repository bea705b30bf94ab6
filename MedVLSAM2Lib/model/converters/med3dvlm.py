"""Med3DVLM's published checkpoint as one of ours: its encoder, projector and language model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import (
    check_fit,
    read_config,
    read_weights,
    save_weights,
    weight_files,
    write_config,
)
from MedVLSAM2Lib.model.converters.language_shards import LanguageShards
from MedVLSAM2Lib.model.converters.med3dvlm_names import our_name, our_tensor
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.medvlsam2.config import (
    ENCODER,
    LANGUAGE,
    PROJECTOR,
    QUESTION,
    REPORT,
    ComponentSource,
    MedVLSam2Config,
)
from MedVLSAM2Lib.model.medvlsam2.model_card import write_model_card
from MedVLSAM2Lib.model.projector.config import ARCHITECTURE as MIXER
from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.volume_encoder.config import ARCHITECTURE as DCFORMER
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig

MODEL_TYPE = "vlm_qwen"
_ARCHITECTURES = MappingProxyType({ENCODER: DCFORMER, PROJECTOR: MIXER})
# What Med3DVLM added to Qwen2's own config; its `auto_map` would name code, which is never run.
_NOT_QWEN2S = (
    "auto_map", "depth", "dim", "high_input_size", "high_output_size", "input_size", "low_input_size", "low_output_size",
    "mm_hidden_size", "mm_mlp_depth", "mm_projector_type", "patch_size", "proj_out_num", "tune_mm_mlp_adapter",
    "vision_select_feature", "vision_select_layer", "vision_tower",
)  # fmt: skip
_TOKENIZER_FILES = (
    "added_tokens.json", "chat_template.jinja", "generation_config.json", "merges.txt", "special_tokens_map.json",
    "tokenizer.json", "tokenizer_config.json", "vocab.json",
)  # fmt: skip


def convert_med3dvlm(
    source: Path,
    target: Path,
    encoder: DCFormerConfig | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Write the Med3DVLM checkpoint in ``source`` as one of ours into ``target``; at most one shard is in memory.

    Args:
        source: Med3DVLM's folder: ``config.json``, safetensors (sharded or not), tokenizer.
        target: our folder, made if missing.
        encoder: the encoder's sizes, which Med3DVLM leaves to its code; DCFormer-small if None.
        progress: told how much is done, 0..1.

    Raises:
        CheckpointError: it is no Med3DVLM checkpoint, or not a whole one.
    """
    values = read_config(source)
    if values.get("model_type") != MODEL_TYPE:
        raise CheckpointError(f"{source} holds no Med3DVLM checkpoint (its type is {values.get('model_type')!r}).")
    shape, projector = encoder or _encoder_config(values, source), _projector_config(values, source)
    collected: dict[str, dict[str, Tensor]] = {ENCODER: {}, PROJECTOR: {}}
    files = weight_files(source)
    shards = LanguageShards(target / LANGUAGE, len(files))
    for number, path in enumerate(files):
        parts = _sorted_into_parts(path)
        shards.write(parts.pop(LANGUAGE, {}))
        for name, tensors in parts.items():
            collected[name] |= tensors
        progress((number + 1) / len(files))
    shards.finish()
    write_config(target / LANGUAGE, _language_config(values))
    _copy_tokenizer(source, target / LANGUAGE)
    with torch.device("meta"):
        check_fit(DCFormer(shape), collected[ENCODER], source)
        check_fit(MixerProjector(projector), collected[PROJECTOR], source)
    for name, part in ((ENCODER, shape), (PROJECTOR, projector)):
        save_weights(target / name, collected[name])
        write_config(target / name, {"architecture": _ARCHITECTURES[name], **part.to_dict()})
    config = med3dvlm_config(shape)
    write_config(target, config.to_dict())
    write_model_card(target, config)


def med3dvlm_config(encoder: DCFormerConfig) -> MedVLSam2Config:
    """Our config of Med3DVLM: questions and reports, with its own preparation, prompt style and splice."""
    return MedVLSam2Config(
        name="Med3DVLM-Qwen-2.5-7B",
        capabilities=(QUESTION, REPORT),
        components={name: ComponentSource(path=name) for name in (ENCODER, PROJECTOR, LANGUAGE)},
        language=LanguageConfig.med3dvlm(),
        volume_input=VolumeInputConfig("foreground", encoder.input_size, ()),
        licence="MIT (Med3DVLM); Apache-2.0 (Qwen2.5-7B-Instruct, on which it is built)",
        trained_on=("M3D-Cap and M3D-VQA (M3D, arXiv 2404.00578)",),
    )


def _sorted_into_parts(path: Path) -> dict[str, dict[str, Tensor]]:
    parts: dict[str, dict[str, Tensor]] = {}
    for theirs, tensor in read_weights(path).items():
        ours = our_name(theirs)
        if ours is None:
            raise CheckpointError(f"{path} has an unexpected tensor {theirs}, so it is no Med3DVLM checkpoint.")
        part, name = ours
        parts.setdefault(part, {})[name] = our_tensor(part, tensor)
    return parts


def _projector_config(values: dict[str, Any], source: Path) -> MixerConfig:
    if values.get("mm_projector_type") != "mixer" or values.get("vision_tower") != "dcformer":
        raise CheckpointError(
            f"{source} is a Med3DVLM with the encoder {values.get('vision_tower')!r} and the projector"
            f" {values.get('mm_projector_type')!r}; only dcformer with mixer can be used."
        )
    try:
        low, high = (_stream_config(values, scale) for scale in ("low", "high"))
        return MixerConfig(low, high, values["hidden_size"], values["mm_mlp_depth"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The config in {source} describes no projector ({error}).") from error


def _stream_config(values: dict[str, Any], scale: str) -> StreamConfig:
    tokens, width = values[f"{scale}_input_size"]
    return StreamConfig(tokens, width, tuple(values[f"{scale}_output_size"]))


def _encoder_config(values: dict[str, Any], source: Path) -> DCFormerConfig:
    """DCFormer-small, for the input that Med3DVLM's config names in the order (H, W, D)."""
    try:
        h, w, d = values.get("input_size", (256, 256, 128))
        return replace(DCFormerConfig.small(), input_size=(d, h, w))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The config in {source} describes no encoder ({error}).") from error


def _language_config(values: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in values.items() if name not in _NOT_QWEN2S}
    return {**kept, "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}


def _copy_tokenizer(source: Path, target: Path) -> None:
    for name in _TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
