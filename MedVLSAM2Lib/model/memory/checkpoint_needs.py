"""What a whole checkpoint will take on this machine, from its parts' configs and the sizes of their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.memory.estimate import FLOAT32_BYTES
from MedVLSAM2Lib.model.component_folder import read_config
from MedVLSAM2Lib.model.devices import Needs
from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE
from MedVLSAM2Lib.model.memory.estimate import estimate
from MedVLSAM2Lib.model.memory.weights import is_known_decoder

_HALF = ("bfloat16", "float16")
# Of a language model of an unknown family: its weights, and states and cache on top (our choice).
_STATES_OF_UNKNOWN = 0.25


def needs_of(title: str, parts: Mapping[str, Path]) -> Needs:
    """What the parts (by name, each with its folder) take all together; no weights are read.

    An upper estimate, the same for a GPU as for the CPU.
    """
    configs = {name: read_config(folder) for name, folder in parts.items()}
    unknown = 0
    if LANGUAGE in configs and not is_known_decoder(configs[LANGUAGE]):
        stored = sum(file.stat().st_size for file in parts[LANGUAGE].glob("*.safetensors"))
        unknown = int(stored * (1 + _STATES_OF_UNKNOWN))
        del configs[LANGUAGE]
    total = unknown + estimate(configs, _width_of(configs.get(LANGUAGE, {}))).total
    return Needs(title, total, total)


def _width_of(values: Mapping[str, Any]) -> int:
    return FLOAT32_BYTES // 2 if (values.get("dtype") or values.get("torch_dtype")) in _HALF else FLOAT32_BYTES
