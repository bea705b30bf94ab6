"""MedVL-SAM2: a volume and words in, words and masks out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import LARGEST_SHARD, read_config, reason_of
from MedVLSAM2Lib.model.language.conversation import GeneratedPiece
from MedVLSAM2Lib.model.language.language_model import Choose, LanguageModel
from MedVLSAM2Lib.model.medvlsam2.component_owner import ComponentOwner
from MedVLSAM2Lib.model.medvlsam2.component_store import (
    Component,
    ComponentResolver,
    ComponentStore,
    LocalFoldersOnly,
    Precision,
)
from MedVLSAM2Lib.model.medvlsam2.config import (
    ENCODER,
    LANGUAGE,
    LOCATOR,
    MASK_MODEL,
    MODEL_TYPE,
    PHRASE,
    PROJECTOR,
    QUESTION,
    REPORT,
    SEG_PROJECTOR,
    MedVLSam2Config,
)
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.saving import save_checkpoint_folder
from MedVLSAM2Lib.model.patches.checkpoint import ARCHITECTURE as PATCHES
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.plain_json import shortened
from MedVLSAM2Lib.prompts import Turn

T = TypeVar("T")


class CapabilityError(Exception):
    """The checkpoint was not trained for this; the message is one sentence for the user."""


class MedVLSam2Model:
    """All parts of a checkpoint, each read when it is first needed.

    Example::

        model = MedVLSam2Model.from_pretrained(folder)
        visual = model.encode_volume(torch.from_numpy(prepare(volume, model.config.volume_input))[None])
        states = model.seg_states(visual, ["left kidney"])
    """

    def __init__(
        self, config: MedVLSam2Config, parts: Mapping[str, Component], store: ComponentStore | None = None
    ) -> None:
        """A model of ``parts`` in memory (by name, as in the config) and, for the others, of a store on disk."""
        self.config = config
        self._parts = dict(parts)
        self._store = store

    @classmethod
    def from_pretrained(
        cls,
        folder: Path | str,
        components: Sequence[str] = (),
        *,
        resolver: ComponentResolver | None = None,
        owner: ComponentOwner | None = None,
        dtype: Precision = None,
        device: torch.device | str = "cpu",
    ) -> MedVLSam2Model:
        """The checkpoint in ``folder``.

        Args:
            folder: with a ``config.json`` of this model.
            components: parts to read now; the others are read when they are first needed. Of parts that are never
                needed, no byte is read.
            resolver: finds parts that lie in hub repositories.
            owner: holds the parts that this process has in memory already.
            dtype: the precision of encoder, projectors and language model; as they are stored if None, or ``FAST`` of the
                component store. Mask models choose their own.
            device: where the parts go.

        Raises:
            CheckpointError: it cannot be used.
        """
        folder = Path(folder)
        config = read_model_config(folder)
        target = torch.device(device)
        store = ComponentStore(folder, config, owner or ComponentOwner(), resolver or LocalFoldersOnly(), dtype, target)
        model = cls(config, {}, store)
        for name in components:
            model.component(name)
        return model

    def save_pretrained(self, folder: Path | str, largest_shard: int = LARGEST_SHARD) -> None:
        """Write the checkpoint: config, model card, and each part in its own folder.

        Parts that the config finds outside the checkpoint's folder, and that were not given in memory, stay there:
        they are pointed to again.
        """
        save_checkpoint_folder(Path(folder), self.config, self._parts, self._store, largest_shard)

    def offers(self, capability: str) -> bool:
        """Whether the checkpoint was trained for ``capability``."""
        return capability in self.config.capabilities

    def component(self, name: str) -> Component:
        """The part called ``name``, read if it is not in memory; CheckpointError when there is none."""
        if name not in self._parts:
            if self._store is None:
                raise CheckpointError(f"This model has no {name}.")
            self._parts[name] = self._store.load(name)
        return self._parts[name]

    @property
    def volume_encoder(self) -> DCFormer:
        """The volume encoder."""
        return self._component(ENCODER, DCFormer)

    @property
    def projector(self) -> MixerProjector:
        """The projector."""
        return self._component(PROJECTOR, MixerProjector)

    @property
    def language_model(self) -> LanguageModel:
        """The language model."""
        return self._component(LANGUAGE, LanguageModel)

    @property
    def seg_projector(self) -> SegProjector:
        """The seg projector."""
        return self._component(SEG_PROJECTOR, SegProjector)

    @property
    def mask_model(self) -> MaskComponent:
        """The mask model."""
        return self._component(MASK_MODEL, MaskComponent)

    @property
    def locator(self) -> MaskComponent:
        """The mask model that finds what a phrase names: the locator if there is one, else the mask model itself.

        Raises:
            CheckpointError: it cannot be used, or cannot hear words as the config says.
        """
        component = self._component(LOCATOR, MaskComponent) if LOCATOR in self.config.components else self.mask_model
        if self.replaces_prompts and component.kind == PATCHES:
            raise CheckpointError(
                f"The checkpoint {self.config.name} replaces prompts by words (seg_prompt), but a mask model of the kind "
                f"{PATCHES} hears words in every layer beside its prompts; set seg_prompt to append."
            )
        return component

    @property
    def replaces_prompts(self) -> bool:
        """Whether seg tokens stand in the place of the mask model's own prompts, not beside them."""
        return self.config.seg_prompt == "replace"

    def encode_volume(self, volume: Tensor) -> Tensor:
        """Visual tokens of a volume.

        Args:
            volume: (B, C, D, H, W) as ``volume_input.prepare`` makes it.

        Returns:
            (B, N, width of the language model).
        """
        weight = next(self.volume_encoder.parameters())
        scales = self.volume_encoder(volume.to(weight))
        return torch.as_tensor(self.projector(scales[self.config.low_scale], scales[self.config.high_scale]))

    def seg_states(self, visual: Tensor | None, phrases: Sequence[str]) -> Tensor:
        """The language model's ``[SEG]`` states of phrases: (len(phrases), width), from visual tokens (1, N, width)."""
        self._require(PHRASE, "find what words name")
        return self.language_model.seg_states(visual, phrases)

    def seg_tokens(self, states: Tensor) -> Tensor:
        """``[SEG]`` states (..., width) as prompt tokens (..., d) of the mask model, in float32."""
        weight = next(self.seg_projector.parameters())
        return self.seg_projector(states.to(weight)).float()

    def generate(
        self,
        visual: Tensor | None,
        conversation: Sequence[Turn],
        cancelled: Callable[[], bool],
        choose: Choose | None = None,
    ) -> Iterator[GeneratedPiece]:
        """Answer a conversation's last question about a volume, piece by piece; see ``LanguageModel.generate``."""
        self.require_answers()
        return self.language_model.generate(visual, conversation, cancelled, choose)

    def require_answers(self) -> None:
        """CapabilityError unless the checkpoint was trained to answer."""
        if not self.offers(REPORT):
            self._require(QUESTION, "answer questions")

    def segment(self, states: Tensor, *prompts: Tensor) -> tuple[Tensor, Tensor]:
        """Masks of what ``[SEG]`` states mean, joined with the mask network's own prompts; gradients reach the states.

        Args:
            states: (B, N, width), N for each of the network's inputs.
            prompts: the mask network's own inputs: for ``patches`` the channels and sizes of views, for ``slices``
                their pixels, points and labels.

        Returns:
            What the network returns: logits and its estimate of their quality.
        """
        self._require(PHRASE, "find what words name")
        how = {"replace": True} if self.replaces_prompts else {}
        return self.locator.network(*prompts, tokens=self.seg_tokens(states), **how)

    def _component(self, name: str, kind: type[T]) -> T:
        part = self.component(name)
        if not isinstance(part, kind):
            raise CheckpointError(f"The {name} is a {type(part).__name__}, not a {kind.__name__}.")
        return part

    def _require(self, capability: str, what: str) -> None:
        if not self.offers(capability):
            trained = ", ".join(self.config.capabilities) or "nothing"
            raise CapabilityError(
                f"The checkpoint {self.config.name} was not trained to {what} (it was for: {trained}); choose another one."
            )


def read_model_config(folder: Path) -> MedVLSam2Config:
    """The config of the checkpoint in ``folder``; CheckpointError when there is none that can be used."""
    values = read_config(folder)
    if values.get("model_type") != MODEL_TYPE:
        raise CheckpointError(
            f"The checkpoint in {folder} is of the type {shortened(values.get('model_type'))}, not {MODEL_TYPE}."
        )
    version = values.get("format_version")
    if version != MedVLSam2Config.format_version:
        raise CheckpointError(
            f"The checkpoint in {folder} has format version {shortened(version)}, this MedVLSAM2 reads version"
            f" {MedVLSam2Config.format_version}."
        )
    try:
        return MedVLSam2Config.from_dict(values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError(f"The checkpoint in {folder} describes no usable model: {reason_of(error)}.") from error
