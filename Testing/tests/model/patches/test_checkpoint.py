"""A network on disk, and what a user is told when it cannot be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.patches.network import PatchNetwork


@pytest.fixture
def a_checkpoint(tmp_path: Path, a_small_network: PatchNetwork) -> Path:
    save_checkpoint(tmp_path / "small", a_small_network, {"capabilities": ["click"], "trained_on": ["nothing"]})
    return tmp_path / "small"


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))


def test_what_is_loaded_is_bit_for_bit_what_was_saved(a_checkpoint: Path, a_small_network: PatchNetwork) -> None:
    loaded, info = load_checkpoint(a_checkpoint)
    assert info.config == a_small_network.config
    assert info.capabilities == ("click",)
    for name, tensor in a_small_network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float()), name


def test_saving_what_was_loaded_changes_no_byte_of_the_weights(a_checkpoint: Path, tmp_path: Path) -> None:
    network, info = load_checkpoint(a_checkpoint)
    save_checkpoint(tmp_path / "again", network, info.card)
    _, again = load_checkpoint(tmp_path / "again")
    assert again == info


def test_the_hash_is_that_of_the_weights_file(a_checkpoint: Path) -> None:
    expected = hashlib.sha256((a_checkpoint / "model.safetensors").read_bytes()).hexdigest()
    assert load_checkpoint(a_checkpoint)[1].sha256 == expected


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"There is no checkpoint folder .*nowhere\.$"):
        load_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(a_checkpoint: Path, name: str) -> None:
    (a_checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match=rf"small has no {name}\.$"):
        load_checkpoint(a_checkpoint)


@pytest.mark.parametrize("kept", [0, 4, 0.5, 0.99])
def test_a_truncated_file_is_called_damaged(a_checkpoint: Path, kept: float) -> None:
    path = a_checkpoint / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(CheckpointError, match="damaged or incomplete; copy or download it again"):
        load_checkpoint(a_checkpoint)


def test_another_format_version_names_both(a_checkpoint: Path) -> None:
    change_config(a_checkpoint, format_version=2)
    with pytest.raises(CheckpointError, match=r"has format version 2, this MedVLSAM2 reads version 1\.$"):
        load_checkpoint(a_checkpoint)


def test_another_architecture_is_refused(a_checkpoint: Path) -> None:
    change_config(a_checkpoint, architecture="slices")
    with pytest.raises(CheckpointError, match="of the kind 'slices', not 'patches'"):
        load_checkpoint(a_checkpoint)


@pytest.mark.parametrize("content", ["{", "[1, 2]"])
def test_a_config_that_is_no_json_object_is_named(a_checkpoint: Path, content: str) -> None:
    (a_checkpoint / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"config\.json (is not readable JSON|does not hold a JSON object)"):
        load_checkpoint(a_checkpoint)


@pytest.mark.parametrize("values", [{"side": 15}, {"channels": "wide"}, {"depths": [1]}])
def test_a_config_without_sense_is_said_to_describe_no_network(a_checkpoint: Path, values: dict[str, object]) -> None:
    change_config(a_checkpoint, **values)
    with pytest.raises(CheckpointError, match="describes no usable network"):
        load_checkpoint(a_checkpoint)


def test_a_missing_tensor_is_named(a_checkpoint: Path) -> None:
    weights = load_file(a_checkpoint / "model.safetensors")
    del weights["mask_head.bias"]
    save_file(weights, a_checkpoint / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"lacks tensor mask_head\.bias, so it does not fit its config\.json"):
        load_checkpoint(a_checkpoint)


def test_an_unexpected_tensor_is_named(a_checkpoint: Path) -> None:
    weights = load_file(a_checkpoint / "model.safetensors") | {"extra": torch.zeros(1)}
    save_file(weights, a_checkpoint / "model.safetensors")
    with pytest.raises(CheckpointError, match="has an unexpected tensor extra"):
        load_checkpoint(a_checkpoint)


def test_a_tensor_of_another_shape_is_named(a_checkpoint: Path) -> None:
    change_config(a_checkpoint, channels=[4, 12])
    with pytest.raises(CheckpointError, match=r"of shape \(\d.* instead of \(\d"):
        load_checkpoint(a_checkpoint)
