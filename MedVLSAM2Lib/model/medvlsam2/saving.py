"""A checkpoint written to its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from MedVLSAM2Lib.model.component_folder import save_weights, write_config
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.loading import save_language_model
from MedVLSAM2Lib.model.medvlsam2.component_store import Component, ComponentStore
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent, save_mask_component
from MedVLSAM2Lib.model.medvlsam2.model_card import write_model_card
from MedVLSAM2Lib.model.projector.config import ARCHITECTURE as MIXER
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import ARCHITECTURE as SEG_PROJECTOR
from MedVLSAM2Lib.model.volume_encoder.config import ARCHITECTURE as DCFORMER
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer


def save_checkpoint_folder(
    folder: Path,
    config: MedVLSam2Config,
    parts: Mapping[str, Component],
    store: ComponentStore | None,
    largest_shard: int,
) -> None:
    """Write config, model card and parts; see ``MedVLSam2Model.save_pretrained``."""
    folder.mkdir(parents=True, exist_ok=True)
    sources: dict[str, ComponentSource] = {}
    for name, source in config.components.items():
        outside = store is not None and (bool(source.repo_id) or _is_outside(store, name))
        if outside and store is not None:
            sources[name] = source if source.repo_id else replace(source, path=str(store.folder_of(name).resolve()))
            continue
        sources[name] = ComponentSource(path=name)
        if store is not None and store.folder_of(name).resolve() == (folder / name).resolve():
            continue
        part = parts[name] if name in parts or store is None else store.load(name)
        save_component(folder / name, part, largest_shard)
    saved = replace(config, components=sources)
    write_config(folder, saved.to_dict())
    write_model_card(folder, saved)


def save_component(folder: Path, part: Component, largest_shard: int) -> None:
    """Write one part into its folder, in the precision it has."""
    if isinstance(part, LanguageModel):
        save_language_model(folder, part, largest_shard)
    elif isinstance(part, MaskComponent):
        save_mask_component(folder, part)
    else:
        write_config(folder, {"architecture": _architecture(part), **part.config.to_dict()})
        save_weights(folder, part.state_dict(), largest_shard)


def _architecture(part: Component) -> str:
    if isinstance(part, DCFormer):
        return DCFORMER
    return MIXER if isinstance(part, MixerProjector) else SEG_PROJECTOR


def _is_outside(store: ComponentStore, name: str) -> bool:
    return not store.folder_of(name).resolve().is_relative_to(store.folder.resolve())
