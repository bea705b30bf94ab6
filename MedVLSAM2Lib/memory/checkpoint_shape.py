"""A checkpoint's shape, from its ``config.json`` and the headers of its weights; no weight is read."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.memory.estimate import PATCHES, SLICES, MaskShape
from MedVLSAM2Lib.plain_json import parse_json

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000  # as the safetensors library has it


def read_mask_shape(folder: Path) -> MaskShape | None:
    """The shape of the mask model of the checkpoint in ``folder``; None where the folder does not tell.

    Whether the checkpoint can be used is found out, and said, by whoever loads it.
    """
    try:
        card = _card(folder)
        part = card.get("components", {}).get("mask_model", {}).get("path")
        place = folder / part if part else folder
        return _shape(_card(place) if part else card, _parameters(place))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, struct.error):
        return None


def _card(folder: Path) -> Any:
    return parse_json((folder / "config.json").read_text(encoding="utf-8"))


def _shape(card: dict[str, Any], parameters: int) -> MaskShape | None:
    if card["architecture"] == PATCHES:
        return MaskShape(PATCHES, parameters, int(card["side"]), int(card["channels"][0]))
    return MaskShape(SLICES, parameters, int(card["image_size"])) if card["architecture"] == SLICES else None


def _parameters(folder: Path) -> int:
    """How many numbers the safetensors files in ``folder`` hold (huggingface.co/docs/safetensors, "Format")."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(_LENGTH_BYTES))[0]
            header = parse_json(file.read(length if length < _LARGEST_HEADER else 0))
        total += sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    return total
