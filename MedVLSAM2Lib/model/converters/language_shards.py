"""A large language model written shard by shard, as each shard is read."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from MedVLSAM2Lib.model.component_folder import INDEX_NAME, WEIGHTS_NAME


class LanguageShards:
    """Writes at most ``count`` shards into a folder, and their index at the end; a single one needs none."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._file_of: dict[str, str] = {}
        self._bytes = 0

    def write(self, weights: dict[str, Tensor]) -> None:
        """Write one shard; nothing for no weights."""
        if not weights:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        number = len(set(self._file_of.values())) + 1
        name = WEIGHTS_NAME if self._count == 1 else f"model-{number:05d}-of-{self._count:05d}.safetensors"
        save_file(weights, str(self._folder / name), metadata={"format": "pt"})
        (self._folder / name).chmod(0o644)
        self._file_of |= dict.fromkeys(weights, name)
        self._bytes += sum(tensor.nbytes for tensor in weights.values())

    def finish(self) -> None:
        """Write the index."""
        if self._count > 1:
            index = {"metadata": {"total_size": self._bytes}, "weight_map": self._file_of}
            (self._folder / INDEX_NAME).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
