"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness import SlicerNames, open_slicer
from tests.small_disk import SmallDisk

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


def pytest_configure() -> None:
    """Let test files import ``qt``, ``ctk`` and what imports them at their top; nothing is built before one does."""
    SlicerNames().install()


@pytest.fixture(scope="session")
def the_only_slicer() -> Iterator[OffscreenSlicer]:
    """Started once: opening takes seconds, and VTK's factories know one application a process."""
    pytest.importorskip("slicer_core")
    pytest.importorskip("PySide6")
    pytest.importorskip("trame_slicer")
    with open_slicer() as slicer_of_the_session:
        yield slicer_of_the_session


@pytest.fixture
def a_slicer(the_only_slicer: OffscreenSlicer) -> Iterator[OffscreenSlicer]:
    """Slicer with an empty scene and no module loaded; errors swallowed by slots and observers fail the test."""
    the_only_slicer.clear_scene()
    the_only_slicer.swallowed_errors.clear()
    yield the_only_slicer
    the_only_slicer.close_modules()
    the_only_slicer.clear_scene()
    assert not the_only_slicer.swallowed_errors


@pytest.fixture
def a_small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk with room for 64 KiB."""
    disk = SmallDisk(tmp_path / "disk")
    if not disk.mount("64k"):
        pytest.skip("a small disk can be mounted by the superuser alone, on Linux")
    yield disk
    disk.unmount()


@pytest.fixture
def a_ct(a_slicer: OffscreenSlicer) -> Any:
    """A small volume node, 60x50x40 voxels of 2x2x3 mm: a bright block in a dark body."""
    import slicer

    voxels = np.full((40, 50, 60), -1000, dtype=np.int16)
    voxels[5:35, 5:45, 5:55] = 40
    voxels[15:25, 20:30, 25:35] = 300
    ijk_to_ras = np.diag([-2.0, -2.0, 3.0, 1.0])
    ijk_to_ras[:3, 3] = (60.0, 50.0, -60.0)
    volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=ijk_to_ras, name="CT")
    volume.CreateDefaultDisplayNodes()
    return volume


@pytest.fixture(scope="session")
def a_speaking_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy that finds two balls, answers questions about them and reports; learnt once, in seconds."""
    from tests.session.toy_phrases import CAPABILITIES, LANGUAGE, one_thread, teach_answers, toy_model, train

    model = toy_model(LANGUAGE, CAPABILITIES)
    with one_thread():
        teach_answers(model, steps=400)
        train(model, steps=250)
    folder = tmp_path_factory.mktemp("speaking")
    model.save_pretrained(folder)
    return folder
