"""Memory estimates hold what runs really take, and the catalogue says what the estimates say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.catalogue import CatalogueEntry, read_catalogue
from MedVLSAM2Lib.memory import PATCHES, RUNTIME_BYTES, SLICES, MaskShape, mask_memory, read_mask_shape
from MedVLSAM2Lib.model.memory.estimate import estimate
from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork

SCAN = (300, 512, 512)
ENTRIES = read_catalogue().entries
# VmHWM, unlike getrusage, does not begin with the peak of the process that started this one.
_GROWTH = """
import re, sys, torch
from pathlib import Path
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
def status(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text("utf-8"))[1])
before, side = status("VmRSS"), int(sys.argv[1])
network = PatchNetwork(PatchConfig(side=side)).eval()
with torch.inference_mode():
    network(torch.rand(6, 8, side, side, side), torch.full((6, 3), 100.0))
print(status("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what Linux tells of a process")
@pytest.mark.parametrize("side", [48, 64])
def test_the_estimate_of_a_patch_network_holds_its_peak_and_not_much_more(side: int) -> None:
    run = subprocess.run([sys.executable, "-c", _GROWTH, str(side)], capture_output=True, text=True, check=True)
    peak = int(run.stdout)
    estimated = estimate({"mask_model": PatchConfig(side=side).to_dict()}, 4).device_bytes - RUNTIME_BYTES["cpu"]
    assert 0.8 * peak < estimated < 2 * peak


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.kind == "slices"], ids=lambda entry: entry.name)
def test_the_catalogue_says_what_the_estimate_of_slices_says(entry: CatalogueEntry) -> None:
    assert entry.image_size is not None
    shape = MaskShape(SLICES, entry.parameters, entry.image_size)
    assert entry.memory.cpu_bytes == pytest.approx(mask_memory(shape, SCAN).total, rel=0.02)
    assert entry.memory.gpu_bytes == pytest.approx(mask_memory(shape, SCAN, "cuda", 2).device_bytes, rel=0.02)


def test_the_catalogue_says_what_the_estimate_of_the_bundled_model_says() -> None:
    memory, shape = read_catalogue().entry("tiny").memory, read_mask_shape(bundled_checkpoint())
    assert shape is not None
    assert memory.cpu_bytes == pytest.approx(mask_memory(shape, SCAN).total, rel=0.02)
    assert memory.gpu_bytes == pytest.approx(mask_memory(shape, SCAN, "cuda").device_bytes, rel=0.02)


def test_a_larger_scan_needs_more_and_half_precision_less() -> None:
    shape = MaskShape(SLICES, 39_000_000, 512)
    before_opening = mask_memory(shape)
    assert before_opening.scan == 0
    small, large = (mask_memory(shape, volume) for volume in ((50, 256, 256), SCAN))
    assert before_opening.device_bytes < small.device_bytes < large.device_bytes
    assert small.scan < large.scan
    assert mask_memory(shape, SCAN, bytes_per_value=2).device_bytes < large.device_bytes


@pytest.mark.parametrize("config", [PatchConfig(16, (4, 8), (1, 1)), PatchConfig()])
def test_a_checkpoints_shape_is_read_from_its_folder_without_its_weights(config: PatchConfig, tmp_path: Path) -> None:
    network = PatchNetwork(config)
    save_checkpoint(tmp_path / "alone", network, {})
    counted = sum(tensor.numel() for tensor in network.state_dict().values())
    expected = MaskShape(PATCHES, counted, config.side, config.channels[0])
    assert read_mask_shape(tmp_path / "alone") == expected
    whole = {"model_type": "medvlsam2", "components": {"mask_model": {"path": "alone"}}}
    (tmp_path / "config.json").write_text(json.dumps(whole))
    assert read_mask_shape(tmp_path) == expected
    configs = {"mask_model": config.to_dict()}
    assert mask_memory(expected, SCAN) == estimate(configs, bytes_per_value=2, volume_shape=SCAN)


@pytest.mark.parametrize(
    "content", [None, "{", "[]", "{}", '{"architecture": "spheres"}', '{"architecture": "patches"}']
)
def test_a_folder_that_does_not_tell_has_no_shape(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    assert read_mask_shape(tmp_path) is None
