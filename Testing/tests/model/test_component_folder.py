"""A component's folder: weights in one file or in shards, and what a user is told when they cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import load_weights, read_config, save_weights, weight_files, write_config


def a_network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Linear(16, 4).half())


def same(one: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(t, theirs[n]) and t.dtype == theirs[n].dtype for n, t in one.state_dict().items())


@pytest.mark.parametrize(("largest", "files"), [(10**9, 1), (400, 3)])
def test_weights_come_back_bit_for_bit_from_one_file_and_from_shards(tmp_path: Path, largest: int, files: int) -> None:
    network, other = a_network(0), a_network(1)
    save_weights(tmp_path, network.state_dict(), largest)
    assert len(weight_files(tmp_path)) == files
    load_weights(other, tmp_path)
    assert same(network, other)


def test_a_network_without_memory_is_filled(tmp_path: Path) -> None:
    network = a_network()
    save_weights(tmp_path, network.state_dict())
    with torch.device("meta"):
        empty = a_network()
    load_weights(empty, tmp_path)
    assert same(network, empty)
    assert all(parameter.requires_grad for parameter in empty.parameters())


def test_weights_can_be_read_in_another_precision(tmp_path: Path) -> None:
    save_weights(tmp_path, a_network().state_dict())
    network = a_network()
    load_weights(network, tmp_path, torch.bfloat16)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}
    assert network[1].num_batches_tracked.dtype == torch.int64


def test_saving_again_leaves_no_shard_of_before(tmp_path: Path) -> None:
    save_weights(tmp_path, a_network().state_dict(), 400)
    save_weights(tmp_path, a_network().state_dict())
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    save_weights(tmp_path, a_network().state_dict(), 400)
    missing = weight_files(tmp_path)[1]
    missing.unlink()
    with pytest.raises(CheckpointError, match=f"has no {missing.name}"):
        load_weights(a_network(), tmp_path)


def test_an_index_that_points_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    save_weights(tmp_path, a_network().state_dict())
    inner = tmp_path / "inner"
    inner.mkdir()
    index = {"weight_map": {"0.weight": "../model.safetensors"}}
    (inner / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"inner has no \.\./model\.safetensors"):
        load_weights(a_network(), inner)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_weights(tmp_path, nn.Linear(8, 16).state_dict())
    with pytest.raises(CheckpointError, match="does not fit its config"):
        load_weights(a_network(), tmp_path)


def test_a_config_comes_back(tmp_path: Path) -> None:
    write_config(tmp_path / "part", {"name": "Leber – links"})
    assert read_config(tmp_path / "part") == {"name": "Leber – links"}
