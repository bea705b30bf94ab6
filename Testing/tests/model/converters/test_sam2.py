"""Weights in the ``sam2`` package's names, as its authors' files hold them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

pytest.importorskip("sam2")

from MedVLSAM2Lib.evaluation.baselines.sam2_package import build_predictor
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import save_weights
from MedVLSAM2Lib.model.converters.sam2 import (
    convert_sam2_file,
    convert_transformers_folder,
    network_from_sam2,
    read_sam2_file,
)
from MedVLSAM2Lib.model.slices.checkpoint import load_checkpoint
from MedVLSAM2Lib.model.slices.published import PUBLISHED


@pytest.fixture(scope="module")
def tiny_weights() -> dict[str, torch.Tensor]:
    """A state dict of SAM 2.1 tiny with random weights."""
    return build_predictor(PUBLISHED["medsam2"]).state_dict()


@pytest.fixture
def a_file(tmp_path: Path, tiny_weights: dict[str, torch.Tensor]) -> Path:
    """In the layout of MedSAM2's published file."""
    torch.save({"model": tiny_weights}, tmp_path / "MedSAM2_latest.pt")
    return tmp_path / "MedSAM2_latest.pt"


def test_a_file_becomes_a_checkpoint(a_file: Path, tmp_path: Path, tiny_weights: dict[str, torch.Tensor]) -> None:
    convert_sam2_file(a_file, tmp_path / "medsam2", PUBLISHED["medsam2"], {"licence": "Apache-2.0"})
    network, info = load_checkpoint(tmp_path / "medsam2")
    assert info.config == PUBLISHED["medsam2"]
    assert info.card["licence"] == "Apache-2.0"
    assert "click" in info.capabilities
    name = "vision_encoder.neck.convs.0.weight"
    assert torch.equal(network.sam.state_dict()[name], tiny_weights["image_encoder.neck.convs.0.conv.weight"])


def test_a_folder_in_transformers_format_becomes_a_checkpoint(
    tmp_path: Path, tiny_weights: dict[str, torch.Tensor]
) -> None:
    network = network_from_sam2(tiny_weights, PUBLISHED["medsam2"])
    save_weights(tmp_path / "hub", network.sam.state_dict())
    convert_transformers_folder(tmp_path / "hub", tmp_path / "tiny", replace(PUBLISHED["sam2.1-tiny"], image_size=512))
    converted, info = load_checkpoint(tmp_path / "tiny")
    assert info.config.image_size == 512
    for name, tensor in network.sam.state_dict().items():
        assert torch.equal(converted.sam.state_dict()[name], tensor)


def test_a_bare_state_dict_is_read_too(tmp_path: Path, tiny_weights: dict[str, torch.Tensor]) -> None:
    torch.save(tiny_weights, tmp_path / "bare.pt")
    assert read_sam2_file(tmp_path / "bare.pt").keys() == tiny_weights.keys()


def test_weights_of_another_size_are_refused(tiny_weights: dict[str, torch.Tensor]) -> None:
    small = replace(PUBLISHED["sam2.1-small"], image_size=64)
    with pytest.raises(CheckpointError, match="of another model than was chosen"):
        network_from_sam2(tiny_weights, small)
    other = {**tiny_weights, "no_obj_ptr": torch.zeros(1, 3)}
    with pytest.raises(CheckpointError, match="of another size than was chosen"):
        network_from_sam2(other, replace(PUBLISHED["sam2.1-tiny"], image_size=64))


class Payload:
    """What a hostile file would hold."""

    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('the file ran code')",))


def test_a_file_that_wants_to_run_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hostile.pt").write_bytes(pickle.dumps({"model": Payload()}))
    with pytest.raises(CheckpointError, match="no file of plain weights"):
        read_sam2_file(tmp_path / "hostile.pt")
    torch.save({"model": Payload()}, tmp_path / "zipped.pt")
    with pytest.raises(CheckpointError, match="no file of plain weights"):
        read_sam2_file(tmp_path / "zipped.pt")


def test_damaged_missing_and_foreign_files_are_told(a_file: Path, tmp_path: Path) -> None:
    (tmp_path / "short.pt").write_bytes(a_file.read_bytes()[:100_000])
    with pytest.raises(CheckpointError, match="copy or download it again"):
        read_sam2_file(tmp_path / "short.pt")
    with pytest.raises(CheckpointError, match=r"There is no file .*nowhere\.pt"):
        read_sam2_file(tmp_path / "nowhere.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match="holds no state dict"):
        read_sam2_file(tmp_path / "list.pt")
