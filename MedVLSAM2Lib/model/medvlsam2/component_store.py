"""From a component's source to the component, read when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import torch
from torch import nn

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import load_weights, read_config, reason_of
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.loading import load_language_model
from MedVLSAM2Lib.model.medvlsam2.component_owner import ComponentOwner
from MedVLSAM2Lib.model.medvlsam2.config import (
    ENCODER,
    LANGUAGE,
    LOCATOR,
    MASK_MODEL,
    PROJECTOR,
    SEG_PROJECTOR,
    ComponentSource,
    MedVLSam2Config,
)
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent, load_mask_component
from MedVLSAM2Lib.model.projector.config import MixerConfig
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer

FAST: Literal["fast"] = "fast"
"""As it is stored, but for float16 on a CPU, which multiplies float32 many times faster."""

Precision = torch.dtype | Literal["fast"] | None

Component = DCFormer | MixerProjector | LanguageModel | SegProjector | MaskComponent


class ComponentResolver(Protocol):
    """Finds the folder of a part that lies elsewhere, in the hub's cache say; downloads nothing unasked."""

    def folder(self, source: ComponentSource) -> Path:
        """The part's folder; CheckpointError with one sentence when it is not on this machine."""
        ...


class LocalFoldersOnly:
    """Knows no hub: a checkpoint whose parts are in repositories cannot be used with it."""

    def folder(self, source: ComponentSource) -> Path:
        """CheckpointError, always."""
        raise CheckpointError(
            f"A part of the checkpoint is in the repository {source.repo_id}, which is not on this machine; download it"
            f" with medvlsam2 models download {source.repo_id}."
        )


class ComponentStore:
    """A checkpoint's parts on disk. Nothing is read before it is asked for."""

    def __init__(
        self,
        folder: Path,
        config: MedVLSam2Config,
        owner: ComponentOwner,
        resolver: ComponentResolver,
        dtype: Precision,
        device: torch.device,
    ) -> None:
        self._folder = folder
        self._config = config
        self._owner = owner
        self._resolver = resolver
        self._precision = dtype
        self._dtype = dtype if isinstance(dtype, torch.dtype) else None
        self._device = device

    @property
    def folder(self) -> Path:
        """The checkpoint's own folder."""
        return self._folder

    def folder_of(self, name: str) -> Path:
        """Where a part lies; CheckpointError when the checkpoint has none of that name or it is not on this machine."""
        source = self._config.components.get(name)
        if source is None:
            raise CheckpointError(f"The checkpoint in {self._folder} has no {name}.")
        return self._folder / source.path if source.path else self._resolver.folder(source)

    def load(self, name: str) -> Component:
        """The part called ``name``, from memory if the owner has it; CheckpointError when it cannot be used."""
        folder = self.folder_of(name)
        variant = (name, self._precision, str(self._device), self._config.language if name == LANGUAGE else None)
        return self._owner.get_or_load(folder, variant, lambda: self._read(name, folder))

    def _read(self, name: str, folder: Path) -> Component:
        if name in (MASK_MODEL, LOCATOR):
            return load_mask_component(folder, self._device)
        if name == LANGUAGE:
            model = load_language_model(folder, self._config.language, self._dtype)
            if model.missing_tokens:
                raise CheckpointError(
                    f"The tokenizer in {folder} lacks {' and '.join(model.missing_tokens)}; copy the checkpoint again."
                )
            self._placed(model.network)
            return model
        return self._read_network(name, folder)

    def _read_network(self, name: str, folder: Path) -> DCFormer | MixerProjector | SegProjector:
        values = read_config(folder)
        try:
            with torch.device("meta"):
                network = _empty_network(name, values)
        except (TypeError, ValueError, KeyError) as error:
            raise CheckpointError(
                f"The checkpoint in {folder} describes no usable {name}: {reason_of(error)}."
            ) from error
        load_weights(network, folder, self._dtype)
        self._placed(network)
        return network.eval()

    def _placed(self, network: nn.Module) -> None:
        """Put a network where it is to work, in the precision it is to work in."""
        is_half = next(network.parameters()).dtype is torch.float16
        network.to(self._device)
        if self._precision == FAST and is_half and self._device.type == "cpu":
            network.float()


def _empty_network(name: str, values: dict[str, object]) -> DCFormer | MixerProjector | SegProjector:
    if name == ENCODER:
        return DCFormer(DCFormerConfig.from_dict(values))
    if name == PROJECTOR:
        return MixerProjector(MixerConfig.from_dict(values))
    if name == SEG_PROJECTOR:
        return SegProjector(SegProjectorConfig.from_dict(values))
    raise ValueError(f"there is no component {name}")
