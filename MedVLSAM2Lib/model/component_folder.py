"""One component on disk: a folder with ``config.json`` and weights as safetensors, in one file or in shards.

Shards and their index are laid out as the Hugging Face libraries lay them out.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.plain_values import check_texts
from MedVLSAM2Lib.plain_json import parse_json, shortened

C = TypeVar("C")

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
INDEX_NAME = "model.safetensors.index.json"
LARGEST_SHARD = 5 * 10**9
_LONGEST_NAME = _LONGEST_REASON = 200


def write_config(folder: Path, values: Mapping[str, Any]) -> None:
    """Write ``values`` as the folder's ``config.json``; the folder is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_NAME).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's ``config.json``; CheckpointError when there is none that can be read."""
    if not folder.is_dir():
        raise CheckpointError(f"There is no checkpoint folder {folder}.")
    return read_json(folder / CONFIG_NAME)


def reason_of(error: Exception) -> str:
    """What ``error`` says, short enough for a sentence: it may repeat what a file says at any length."""
    return " ".join(str(error).split())[:_LONGEST_REASON].rstrip(".") or type(error).__name__


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; CheckpointError when there is none."""
    if not path.is_file():
        raise CheckpointError(f"The checkpoint in {path.parent} has no {path.name}.")
    try:
        values = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({reason_of(error)}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} does not hold a JSON object.")
    return values


def config_of_kind(
    card: Mapping[str, Any], folder: Path, architecture: str, version: int, make: Callable[[Mapping[str, Any]], C]
) -> C:
    """The config that ``make`` finds in a mask network's ``config.json``.

    Args:
        card: the content of ``config.json``.
        folder: where it lies, for messages.
        architecture: the kind it must be of.
        version: the format version it must have.
        make: raises TypeError, ValueError or AttributeError for values that describe no network.

    Raises:
        CheckpointError: it is of another kind or version, or describes no network.
    """
    if card.get("architecture") != architecture:
        kind = shortened(card.get("architecture"))
        raise CheckpointError(f"The checkpoint in {folder} is of the kind {kind}, not {architecture!r}.")
    if card.get("format_version") != version:
        raise CheckpointError(
            f"The checkpoint in {folder} has format version {shortened(card.get('format_version'))}, this MedVLSAM2 reads version "
            f"{version}."
        )
    try:
        check_texts("capabilities", card.get("capabilities", ()))
        return make(card)
    except (TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"The checkpoint in {folder} describes no usable network: {reason_of(error)}.") from error


def save_weights(folder: Path, weights: Mapping[str, Tensor], largest_shard: int = LARGEST_SHARD) -> None:
    """Write tensors, each in its own type, into one file, or into shards of at most ``largest_shard`` bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (folder / INDEX_NAME, *folder.glob("model*.safetensors")):
        stale.unlink(missing_ok=True)
    shards = list(_shards(weights, largest_shard))
    if len(shards) == 1:
        _save_file(folder / WEIGHTS_NAME, shards[0])
        return
    file_of: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        _save_file(folder / name, shard)
        file_of |= dict.fromkeys(shard, name)
    size = sum(tensor.nbytes for tensor in weights.values())
    index = {"metadata": {"total_size": size}, "weight_map": file_of}
    (folder / INDEX_NAME).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def load_weights(network: nn.Module, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Give ``network`` (which may be on the meta device) the folder's weights; CheckpointError when they do not fit.

    Floating point weights keep the type they are stored in, or become ``dtype``.
    """
    weights: dict[str, Tensor] = {}
    for path in weight_files(folder):
        weights |= read_weights(path)
    named = folder / (INDEX_NAME if (folder / INDEX_NAME).is_file() else WEIGHTS_NAME)
    check_fit(network, weights, named)
    if dtype is not None:
        weights = {name: w.to(dtype) if w.is_floating_point() else w for name, w in weights.items()}
    network.load_state_dict(weights, assign=True)


def weight_files(folder: Path) -> list[Path]:
    """The folder's weight files; CheckpointError when one is missing."""
    names = [WEIGHTS_NAME]
    if (folder / INDEX_NAME).is_file():
        file_of = read_json(folder / INDEX_NAME).get("weight_map")
        if not isinstance(file_of, dict) or not all(isinstance(name, str) for name in file_of.values()):
            raise CheckpointError(f"{folder / INDEX_NAME} names no weight files; copy or download it again.")
        names = sorted(set(file_of.values()))
    for name in names:
        if Path(name).name != name or len(name) > _LONGEST_NAME or not (folder / name).is_file():
            raise CheckpointError(f"The checkpoint in {folder} has no {name[:_LONGEST_NAME]}.")
    return [folder / name for name in names]


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in one safetensors file; CheckpointError when it is damaged."""
    try:
        return load_file(str(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or incomplete; copy or download it again ({reason_of(error)})."
        ) from error


def check_fit(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Raise CheckpointError unless ``weights`` (from ``path``) has the network's names and shapes, and no others."""
    expected = network.state_dict()
    for name in sorted(expected.keys() ^ weights.keys()):
        what = "lacks" if name in expected else "has an unexpected"
        raise CheckpointError(f"{path} {what} tensor {name[:_LONGEST_NAME]}, so it does not fit its {CONFIG_NAME}.")
    for name, tensor in weights.items():
        if tensor.is_complex():
            raise CheckpointError(f"{path} has tensor {name} of complex numbers, so it does not fit its {CONFIG_NAME}.")
        if tensor.shape != expected[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(expected[name].shape)}"
            raise CheckpointError(f"{path} has tensor {name} of shape {shapes}, so it does not fit its {CONFIG_NAME}.")


def _shards(weights: Mapping[str, Tensor], largest: int) -> Iterator[dict[str, Tensor]]:
    shard: dict[str, Tensor] = {}
    size = 0
    for name, tensor in weights.items():
        if shard and size + tensor.nbytes > largest:
            yield shard
            shard, size = {}, 0
        shard[name] = tensor.detach().cpu().contiguous()
        size += tensor.nbytes
    yield shard


def _save_file(path: Path, weights: dict[str, Tensor]) -> None:
    # The metadata is what transformers asks of a safetensors file before it reads it.
    try:
        save_file(weights, str(path), metadata={"format": "pt"})
    except SafetensorError as error:  # a full disk, in words of its own
        raise OSError(errno.EIO, reason_of(error)) from error
    # safetensors makes files that their owner alone can read; a checkpoint is shared with everybody on the machine.
    path.chmod(0o644)
