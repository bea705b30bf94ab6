"""``medvlsam2 models convert``: from a file in its authors' layout to a checkpoint that a session runs on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

pytest.importorskip("sam2")

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.evaluation.baselines.sam2_package import build_predictor
from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
from MedVLSAM2Lib.model.slices.published import PUBLISHED
from MedVLSAM2Lib.session.mask_models import load_mask_model

PREDICTOR = "image_encoder.neck.convs.0.conv.weight"


@pytest.fixture(scope="module")
def tiny_weights() -> dict[str, torch.Tensor]:
    """Random weights in the names of the ``sam2`` package; both published files hold a SAM 2.1 tiny."""
    weights: dict[str, torch.Tensor] = build_predictor(PUBLISHED["medsam2"]).state_dict()
    return weights


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    return ["--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache")]


@pytest.mark.parametrize(
    ("name", "file", "options", "size"),
    [
        ("medsam2", "MedSAM2_latest.pt", [], 512),
        ("sam2.1-tiny", "sam2.1_hiera_tiny.pt", ["out", "--image-size", "256"], 256),
    ],
)
def test_an_imported_file_is_converted_and_loads(
    tmp_path: Path,
    places: list[str],
    tiny_weights: dict,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    file: str,
    options: list[str],
    size: int,
) -> None:
    """Into the folder that is named, or into the one where the panel looks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "usb").mkdir()
    torch.save({"model": tiny_weights}, tmp_path / "usb" / file)
    assert main(["models", "import", str(tmp_path / "usb"), "--name", name, *places]) == 0
    assert main(["models", "convert", name, *options, *places]) == 0
    made = [path.parent for path in tmp_path.rglob("config.json")]
    assert made == [tmp_path / "out" if options else tmp_path / "data" / "checkpoints" / name]
    loaded = load_mask_model(made[0])
    assert isinstance(loaded.masks, SliceMaskModel)
    assert loaded.masks.network.config.image_size == size
    assert {"click", "box", "prior"} <= set(loaded.capabilities)
    weight = loaded.masks.network.sam.state_dict()["vision_encoder.neck.convs.0.weight"]
    assert torch.equal(weight, tiny_weights[PREDICTOR])


def test_what_cannot_be_converted_is_one_sentence_and_exit_status_2(
    tmp_path: Path, places: list[str], tiny_weights: dict, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["models", "convert", "interactive", str(tmp_path / "out"), *places]) == 2
    assert "needs no conversion" in caplog.messages[-1]
    assert main(["models", "convert", "medsam2", str(tmp_path / "out"), *places]) == 2
    assert "run medvlsam2 models download medsam2" in caplog.messages[-1]
    (tmp_path / "usb").mkdir()
    torch.save({"model": {"weight": torch.zeros(3)}}, tmp_path / "usb" / "MedSAM2_latest.pt")
    assert main(["models", "import", str(tmp_path / "usb"), "--name", "medsam2", *places]) == 0
    assert main(["models", "convert", "medsam2", str(tmp_path / "out"), *places]) == 2
    assert "are of another model than was chosen" in caplog.messages[-1]
    assert main(["models", "convert", "medsam2", str(tmp_path / "usb"), *places]) == 2
    assert "is there already; name a new folder" in caplog.messages[-1]
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 4
