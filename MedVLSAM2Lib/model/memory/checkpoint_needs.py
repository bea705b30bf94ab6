"""What a whole checkpoint will take on this machine, from its parts' configs and the sizes of their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.model.component_folder import read_config
from MedVLSAM2Lib.model.devices import Needs
from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE
from MedVLSAM2Lib.model.memory.estimate import FLOAT32, estimate
from MedVLSAM2Lib.model.memory.weights import is_known_decoder

_HALF = ("bfloat16", "float16")
# What a mask model of the kind slices takes beside its weights, as the catalogue has it of SAM 2.1 at 512 and 1024 pixels.
_SLICES_ALWAYS, _SLICES_AT_1024 = 950_000_000, 2_630_000_000
# Of a language model of an unknown family: its weights, and states and cache on top (our choice).
_STATES_OF_UNKNOWN = 0.25


def needs_of(title: str, parts: Mapping[str, Path]) -> Needs:
    """What the parts (by name, each with its folder) take all together; no weights are read.

    An upper estimate: each part is counted as if all worked at once. It is the same for a GPU as for the CPU.
    """
    total = sum(_bytes_of(name, folder) for name, folder in parts.items())
    return Needs(title, total, total)


def _bytes_of(name: str, folder: Path) -> int:
    values = read_config(folder)
    stored = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if values.get("architecture") == "slices":
        return stored + _SLICES_ALWAYS + int(_SLICES_AT_1024 * (values.get("image_size", 1024) / 1024) ** 2)
    if name == LANGUAGE and not is_known_decoder(values):
        return int(stored * (1 + _STATES_OF_UNKNOWN))
    return estimate({name: values}, _width_of(values)).total


def _width_of(values: Mapping[str, Any]) -> int:
    return FLOAT32 // 2 if (values.get("dtype") or values.get("torch_dtype")) in _HALF else FLOAT32
