"""A mask model as a part of the whole: a network that takes seg tokens beside its own prompts."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import read_config
from MedVLSAM2Lib.model.patches.checkpoint import ARCHITECTURE as PATCHES
from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.plain_json import shortened

SLICES = "slices"


class TokenPromptedNetwork(Protocol):
    """What either kind of mask network answers to: its own prompts as tensors, and seg tokens."""

    @property
    def token_width(self) -> int:
        """The width of its seg tokens; 0 when it takes none."""
        ...

    def __call__(self, *prompts: Tensor, tokens: Tensor | None = None, **how: bool) -> tuple[Tensor, Tensor]:
        """Mask logits and an estimate of their quality, from the kind's own prompts and seg tokens (B, N, width).

        The kind ``slices`` can be told to ``replace`` its own prompts by the tokens.
        """
        ...


@dataclass(frozen=True)
class MaskComponent:
    """A mask network and what its folder says of it.

    Attributes:
        kind: ``patches`` or ``slices``.
        network: answers to prompts and seg tokens.
        card: everything in its ``config.json``.
        identity: kind and weights: equal identities, equal answers.
        dtype: the precision it is stored in; it works in float32.
    """

    kind: str
    network: TokenPromptedNetwork
    card: Mapping[str, Any]
    identity: str
    dtype: torch.dtype = torch.float32

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The kinds of prompts it was trained for."""
        return tuple(self.card.get("capabilities", ()))


def load_mask_component(folder: Path, device: torch.device) -> MaskComponent:
    """The mask model in ``folder``, in float32; CheckpointError when it cannot be used."""
    kind = read_config(folder).get("architecture")
    if kind == PATCHES:
        network, info = load_checkpoint(folder)
        return MaskComponent(PATCHES, network.to(device), info.card, f"patches:{info.sha256[:16]}", info.dtype)
    if kind == SLICES:
        return _load_slices(folder, device)
    raise CheckpointError(
        f"The mask model in {folder} is of the kind {shortened(kind)}, which this MedVLSAM2 does not know."
    )


def save_mask_component(folder: Path, component: MaskComponent) -> None:
    """Write a mask model into its folder, in the precision it is stored in."""
    if isinstance(component.network, PatchNetwork):
        save_checkpoint(folder, component.network, dict(component.card), component.dtype)
        return
    from MedVLSAM2Lib.model.slices import checkpoint as slices
    from MedVLSAM2Lib.model.slices.network import SliceNetwork

    if not isinstance(component.network, SliceNetwork):
        raise TypeError(f"a mask model of the kind {component.kind} cannot be saved")
    slices.save_checkpoint(folder, component.network, component.card)


def _load_slices(folder: Path, device: torch.device) -> MaskComponent:
    if importlib.util.find_spec("transformers") is None:
        raise CheckpointError(f"The mask model in {folder} needs the package transformers; install it and try again.")
    # Imported here because transformers takes seconds, and only this kind needs it.
    from MedVLSAM2Lib.model.slices import checkpoint as slices

    network, info = slices.load_checkpoint(folder)
    return MaskComponent(SLICES, network.to(device), info.card, f"{SLICES}:{info.sha256[:16]}")
