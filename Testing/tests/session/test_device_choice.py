"""A checkpoint goes where it fits, and says so when it fits nowhere."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine.failures import failure_of
from MedVLSAM2Lib.engine.worker import CheckpointLoader
from MedVLSAM2Lib.model.devices import Device, NotEnoughMemory
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.patches.mask_model import PatchMaskModel
from MedVLSAM2Lib.session.device_choice import device_for
from MedVLSAM2Lib.session.mask_models import load_mask_model
from tests.session.toy_phrases import toy_model

MB = 10**6


@dataclass(frozen=True)
class Machine:
    """A machine with so much free memory, and perhaps a GPU."""

    cpu_bytes: int
    gpu_bytes: int = 0

    def accelerators(self) -> list[Device]:
        return [Device("cuda:0", "a GPU", self.gpu_bytes, "bfloat16")] if self.gpu_bytes else []

    def cpu(self) -> Device:
        return Device("cpu", "the CPU", self.cpu_bytes, "float32")


@pytest.fixture(scope="module")
def a_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    toy_model(LanguageConfig(), ("click", "phrase", "question")).save_pretrained(folder)
    return folder


def test_it_goes_to_the_gpu_if_it_fits_there_and_else_to_the_cpu(a_checkpoint: Path) -> None:
    for folder in (bundled_checkpoint(), a_checkpoint):
        assert device_for(folder, Machine(10_000 * MB, 10_000 * MB)).device == "cuda:0"
        assert device_for(folder, Machine(10_000 * MB)).device == "cpu"
        choice = device_for(folder, Machine(10_000 * MB, 1))
        assert choice.device == "cpu"
        assert "runs on the CPU, more slowly" in choice.sentence


def test_what_fits_nowhere_is_a_sentence_about_memory() -> None:
    with pytest.raises(NotEnoughMemory) as raised:
        CheckpointLoader(Machine(100 * MB))(bundled_checkpoint())
    failure = failure_of(raised.value)
    assert failure.kind == "memory"
    assert re.fullmatch(r"MedVL-SAM2 tiny needs 0\.\d GB of memory and 0\.1 GB are free; close .*", failure.message)


def test_every_part_is_counted(a_checkpoint: Path, tmp_path: Path) -> None:
    config = json.loads((a_checkpoint / "config.json").read_text("utf-8"))
    config["components"] = {name: {"path": str(a_checkpoint / name)} for name in config["components"]}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    everything = least_memory(tmp_path)
    path.write_text(
        json.dumps(config | {"capabilities": [], "components": {"mask_model": config["components"]["mask_model"]}})
    )
    assert least_memory(tmp_path) < everything


def least_memory(folder: Path) -> int:
    """Bytes that must be free, to within 10 kB."""
    low, high = 0, 10_000 * MB
    while high - low > MB // 100:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(folder, middle) else (middle, high)
    return high


def fits(folder: Path, size: int) -> bool:
    try:
        return device_for(folder, Machine(size)).device == "cpu"
    except NotEnoughMemory:
        return False


def test_a_part_that_is_not_on_this_machine_is_not_missed_before_it_is_needed(
    a_checkpoint: Path, tmp_path: Path
) -> None:
    config = json.loads((a_checkpoint / "config.json").read_text("utf-8"))
    config["components"] = {name: {"path": str(a_checkpoint / name)} for name in config["components"]}
    config["components"]["language_model"] = {"repo_id": "somebody/something"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert device_for(tmp_path, Machine(10_000 * MB)).device == "cpu"


def test_a_language_model_of_an_unknown_family_is_counted_by_its_files(a_checkpoint: Path, tmp_path: Path) -> None:
    config = json.loads((a_checkpoint / "config.json").read_text("utf-8"))
    config["components"] = {name: {"path": str(a_checkpoint / name)} for name in config["components"]}
    language = tmp_path / "language_model"
    language.mkdir()
    (language / "config.json").write_text('{"model_type": "gpt2"}')
    (language / "model.safetensors").write_bytes(bytes(400 * MB // 10))
    (tmp_path / "config.json").write_text(json.dumps(config))
    with_the_known_one = least_memory(tmp_path)
    config["components"]["language_model"] = {"path": "language_model"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert 40 * MB < least_memory(tmp_path) - with_the_known_one < 60 * MB


def test_all_parts_go_to_the_device_that_was_chosen(a_checkpoint: Path) -> None:
    # The device without memory of its own stands for a GPU.
    loaded = load_mask_model(a_checkpoint, device="meta")
    assert loaded.device == "meta"
    assert isinstance(loaded.masks, PatchMaskModel)
    alone = load_mask_model(a_checkpoint / "mask_model", device="meta")
    assert alone.device == "meta"
    for one in (loaded, alone):
        (device,) = {weight.device for weight in one.masks._network.parameters()}  # type: ignore[attr-defined]
        assert device == torch.device("meta")
