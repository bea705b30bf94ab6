"""From a checkpoint folder to what a session is driven by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from MedVLSAM2Lib.model.allocator import share_one_arena
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import read_config
from MedVLSAM2Lib.model.mask_model import Answer, Cache, LocatingMaskModel, MaskModel, MaskRequest
from MedVLSAM2Lib.model.medvlsam2.checkpoint_digest import checkpoint_digest
from MedVLSAM2Lib.model.medvlsam2.component_owner import ComponentOwner
from MedVLSAM2Lib.model.medvlsam2.component_store import FAST, ComponentResolver
from MedVLSAM2Lib.model.medvlsam2.config import MASK_MODEL, MODEL_TYPE, PHRASE, QUESTION, REPORT, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent, load_mask_component
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.patches.mask_model import PatchMaskModel
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.torch_machine import cpu_multiplies_bfloat16
from MedVLSAM2Lib.plain_json import shortened
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.model_speaker import ModelSpeaker
from MedVLSAM2Lib.session.phrase_reader import ModelPhraseReader
from MedVLSAM2Lib.session.speaking import Speaker
from MedVLSAM2Lib.session.surveying import Surveyor
from MedVLSAM2Lib.session.views import ViewPlanner
from MedVLSAM2Lib.vocabulary import Vocabulary


@dataclass(frozen=True)
class LoadedModel:
    """What a session is driven by: a mask model, and what its checkpoint can do beside it.

    Attributes:
        masks: answers clicks and boxes.
        grounding: finds the objects that words name; None for a checkpoint that does not know any.
        speaker: answers questions; None for a mask model on its own.
        surveyor: looks for what the speaker is told of; None where it is told nothing.
        name: what people call the checkpoint; empty when it does not say.
        device: where it runs, as torch calls it.
        folder: of a checkpoint with more parts than the mask model; None for a mask model on its own.
    """

    masks: MaskModel
    grounding: Grounding | None = None
    speaker: Speaker | None = None
    surveyor: Surveyor | None = None
    name: str = ""
    device: str = "cpu"
    folder: Path | None = None

    @cached_property
    def identity(self) -> str:
        """The mask model's kind, and a short hash of the checkpoint: of all that may have a part in a mask or a sentence."""
        if self.folder is None:
            return self.masks.identity
        kind, _, _ = self.masks.identity.partition(":")
        return f"{kind}:{checkpoint_digest(self.folder)[:16]}"

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the checkpoint was trained for."""
        return self.masks.capabilities

    @property
    def finds_findings(self) -> bool:
        """Whether findings are found reliably: not where the checkpoint says what is, and no finding is among it."""
        return self.surveyor is None or self.surveyor.looks_for_findings

    @property
    def cache_bytes(self) -> int:
        """How much of what the mask model makes of one volume is worth keeping."""
        return self.masks.cache_bytes

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """The mask model's answers."""
        return self.masks.answer(request, cache)


def load_mask_model(
    folder: Path,
    owner: ComponentOwner | None = None,
    resolver: ComponentResolver | None = None,
    device: str = "cpu",
) -> LoadedModel:
    """The checkpoint in ``folder``: a mask model alone, or all of MedVL-SAM2, of which only the mask model is read now.

    Args:
        folder: of the checkpoint.
        owner: holds the parts that this process has in memory already.
        resolver: finds parts that lie in hub repositories.
        device: where all parts go, as torch calls it (``device_for`` chooses one).

    Raises:
        CheckpointError: it cannot be used; the message is one sentence.
    """
    share_one_arena()
    if read_config(folder).get("model_type") != MODEL_TYPE:
        component = load_mask_component(folder, torch.device(device))
        masks = _mask_model(component, component.capabilities)
        return LoadedModel(masks, name=str(component.card.get("name", "")), device=device)
    model = MedVLSam2Model.from_pretrained(
        folder, (MASK_MODEL,), owner=owner, resolver=resolver, dtype=FAST, device=device
    )
    masks = _mask_model(model.mask_model, model.config.capabilities, model.replaces_prompts)
    reader = ModelPhraseReader(model)
    grounding = _grounding(model, masks, reader) if model.offers(PHRASE) else None
    speaker = ModelSpeaker(model, reader)
    return LoadedModel(masks, grounding, speaker, _surveyor(model.config), model.config.name, device, folder)


def _mask_model(component: MaskComponent, capabilities: tuple[str, ...], replace: bool = False) -> LocatingMaskModel:
    if isinstance(component.network, PatchNetwork):
        return _patches(component.network, component, capabilities)
    # transformers, which this kind is made of, takes seconds to import; with such a network it has been.
    from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
    from MedVLSAM2Lib.model.slices.network import SliceNetwork

    if not isinstance(component.network, SliceNetwork):
        raise CheckpointError(f"Mask models of the kind {component.kind} cannot be used by this MedVLSAM2.")
    # On a GPU the weights' own precision is kept; on a CPU bfloat16 pays only where the processor multiplies it itself.
    is_fast = component.network.device.type == "cpu" and cpu_multiplies_bfloat16()
    precision = torch.bfloat16 if is_fast else torch.float32
    return SliceMaskModel(component.network, component.identity, capabilities, precision, replace)


def _patches(network: PatchNetwork, component: MaskComponent, capabilities: tuple[str, ...]) -> PatchMaskModel:
    return PatchMaskModel(network, ViewPlanner(), component.identity, capabilities)


def _surveyor(config: MedVLSam2Config) -> Surveyor | None:
    if not config.surveys or not {QUESTION, REPORT}.intersection(config.capabilities):
        return None
    vocabulary = Vocabulary.read()
    try:
        return Surveyor([vocabulary.structure(name) for name in config.surveys], vocabulary)
    except KeyError as error:
        raise CheckpointError(
            f"The checkpoint {config.name} looks for {shortened(error.args[0])}, which this MedVLSAM2 has no word for; use a"
            " newer MedVLSAM2."
        ) from error


def _grounding(model: MedVLSam2Model, masks: LocatingMaskModel, reader: ModelPhraseReader) -> Grounding:
    threshold, component = model.config.found_threshold, model.locator
    if not component.network.token_width:
        raise CheckpointError(
            f"The checkpoint {model.config.name} promises to find what words name, but the mask model that should find it "
            "was made without seg tokens (token_width 0); name one that has them as its locator."
        )
    if component is model.mask_model:
        return Grounding(reader, masks, threshold)
    locator = _mask_model(component, component.capabilities, model.replaces_prompts)
    return Grounding(reader, locator, threshold, refiner=masks if model.config.refines else None)
