"""Memory estimates hold what runs really take, and the catalogue says what the estimates say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from MedVLSAM2Lib.catalogue import CatalogueEntry, read_catalogue
from MedVLSAM2Lib.model.mask_memory import RUNTIME_BYTES, patches_memory, slices_memory
from MedVLSAM2Lib.model.patches.config import PatchConfig

SCAN = (300, 512, 512)
ENTRIES = read_catalogue().entries
# VmHWM, unlike getrusage, does not begin with the peak of the process that started this one.
_GROWTH = """
import re, sys, torch
from pathlib import Path
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
def status(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
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
    estimate = patches_memory(PatchConfig(side=side)).device_bytes - RUNTIME_BYTES["cpu"]
    assert 0.8 * peak < estimate < 2 * peak


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.kind == "slices"], ids=lambda entry: entry.name)
def test_the_catalogue_says_what_the_estimate_of_slices_says(entry: CatalogueEntry) -> None:
    assert entry.image_size is not None
    on_cpu = slices_memory(entry.parameters, entry.image_size, SCAN)
    on_gpu = slices_memory(entry.parameters, entry.image_size, SCAN, "cuda", 2)
    assert entry.memory.cpu_bytes == pytest.approx(on_cpu.total_bytes, rel=0.02)
    assert entry.memory.gpu_bytes == pytest.approx(on_gpu.device_bytes, rel=0.02)


def test_the_catalogue_says_what_the_estimate_of_the_bundled_model_says() -> None:
    memory = read_catalogue().entry("interactive").memory
    assert memory.cpu_bytes == pytest.approx(patches_memory(PatchConfig(), SCAN).total_bytes, rel=0.02)
    assert memory.gpu_bytes == pytest.approx(patches_memory(PatchConfig(), SCAN, "cuda").device_bytes, rel=0.02)


def test_a_larger_scan_needs_more_and_half_precision_less() -> None:
    before_opening = slices_memory(39_000_000, 512)
    assert before_opening.host_bytes == 0
    small, large = (slices_memory(39_000_000, 512, shape) for shape in ((50, 256, 256), SCAN))
    assert before_opening.device_bytes < small.device_bytes < large.device_bytes
    assert small.host_bytes < large.host_bytes
    assert slices_memory(39_000_000, 512, SCAN, bytes_per_value=2).device_bytes < large.device_bytes
