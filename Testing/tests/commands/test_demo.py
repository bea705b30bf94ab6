"""``medvlsam2 demo``: the real panel, clicked with a real mouse, answered by a real worker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.files.volume_file import read_volume


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: there is one Slicer in each."""
    command = [sys.executable, "-m", "MedVLSAM2Lib.cli", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_demo_leaves_scene_segmentation_and_pictures_with_the_mask_where_it_was_clicked(
    a_scan: Any, tmp_path: Path
) -> None:
    click = a_scan.phantom.innermost("heart")
    point = ",".join(f"{value:.1f}" for value in click)
    run = _demo("--input", str(a_scan.path), "--point", point, "--output", str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert "the clicked voxel is inside" in run.stdout
    written = {path.name for path in tmp_path.iterdir() if path.stat().st_size}
    assert written == {"panel.png", "slice.png", "surface.png", "segmentation.seg.nrrd", "scene.mrb"}
    mask = read_volume(tmp_path / "segmentation.seg.nrrd")
    i, j, k = (round(v) for v in mask.ras_to_ijk(click))
    assert mask.array[k, j, i] == 1


def test_a_point_outside_the_scan_is_one_sentence(a_scan: Any, tmp_path: Path) -> None:
    run = _demo("--input", str(a_scan.path), "--point", "900,0,0", "--output", str(tmp_path / "out"))
    assert run.returncode == 2
    assert run.stderr.strip().endswith("give one inside it with --point.")
    assert not (tmp_path / "out").exists()


def test_a_scan_that_is_not_there_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["demo", "--input", str(tmp_path / "nowhere.nii.gz")]) == 2
    assert "does not exist" in caplog.text
