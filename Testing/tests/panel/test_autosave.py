"""After a crash the sitting is offered and comes back as it was; after a clean end nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from MedVLSAM2Lib.files.autosave_folder import AutosaveFolder
from tests.panel.conftest import ROOT, opened
from tests.panel.reader import Reader
from tests.panel.sitting_to_be_killed import FOLDER
from tests.panel.test_asking import visible
from tests.panel.user import INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


@pytest.fixture(scope="module")
def a_killed_sitting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sitting whose process was killed in the midst of it."""
    folder = tmp_path_factory.mktemp("sitting")
    script = Path(__file__).with_name("sitting_to_be_killed.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(script)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--basetemp={folder / 'base'}"],
            cwd=ROOT,
            env={**os.environ, FOLDER: str(folder)},
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + 300
    while not (folder / "ready").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "ready").exists(), (folder / "log").read_text("utf-8")
    return folder


def story_of(sitting: Path) -> dict[str, Any]:
    story: dict[str, Any] = json.loads((sitting / "story.json").read_text("utf-8"))
    return story


def files_of(temporary: Path) -> list[Path]:
    return sorted((temporary / "MedVLSAM2-autosave").glob("*.session"))


@pytest.fixture
def after_the_crash(
    a_slicer: OffscreenSlicer, a_killed_sitting: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The temporary folder as the crash left it, for one test."""
    import shutil

    import slicer

    temporary = tmp_path / "as it was left"
    shutil.copytree(story_of(a_killed_sitting)["temporary"], temporary)
    monkeypatch.setattr(slicer.app, "temporaryPath", str(temporary))
    return temporary


def wait_for_offer(user: User) -> None:
    user.slicer.process_events(until=lambda: user.ui.restoreSessionButton.enabled, timeout_s=60)


def kept(user: User) -> None:
    user.slicer.process_events(until=lambda: user.panel.autosave.is_up_to_date, timeout_s=60)


def test_a_killed_sitting_is_offered_and_comes_back_voxel_by_voxel(
    a_slicer: OffscreenSlicer,
    a_killed_sitting: Path,
    after_the_crash: Path,
    an_abdomen: Any,
    a_worker_that_knows_words: Path,
) -> None:
    user = User(a_slicer, opened(a_slicer, an_abdomen), a_worker_that_knows_words)
    wait_for_offer(user)
    assert "ended without saving your work on this scan" in user.ui.autosaveLabel.text
    user.show_panel()
    user.press("restoreSession")

    masks = np.load(a_killed_sitting / "masks.npz")
    assert set(user.segments()) == set(masks.files)
    assert len(masks.files) == 3
    for name, segment_id in user.segments().items():
        assert masks[name].any()
        assert np.array_equal(user.mask(an_abdomen, segment_id), masks[name])
    story = story_of(a_killed_sitting)
    user.ui.askSection.collapsed = False
    assert user.conversation == story["conversation"]
    user.follow("renal cysts")
    assert len(visible(user)) == 2
    reader = Reader(a_slicer, user.module)
    reader.open_section()
    reader.settle()
    assert reader.lines == story["report"]
    assert user.panel.audit.trail.node.GetText().startswith(story["trail"])
    assert user.ui.autosavePane.isHidden()

    before = user.mask(an_abdomen)
    user.take("point")
    user.prompt((-27.0, 12.0, 0.0))
    after = user.mask(an_abdomen)
    assert not np.array_equal(after, before)
    assert len(user.prompts(an_abdomen)) == 2
    user.press("undo")
    assert np.array_equal(user.mask(an_abdomen), before)
    assert len(user.prompts(an_abdomen)) == 1
    assert not user.ui.undoButton.enabled
    user.press("redo")
    assert np.array_equal(user.mask(an_abdomen), after)
    assert len(user.prompts(an_abdomen)) == 2
    kept(user)
    assert len(files_of(after_the_crash)) == 1


def test_what_was_taken_back_before_the_restore_can_be_done_again_after_it(
    a_slicer: OffscreenSlicer,
    a_killed_sitting: Path,
    after_the_crash: Path,
    an_abdomen: Any,
    a_worker_that_knows_words: Path,
) -> None:
    user = User(a_slicer, opened(a_slicer, an_abdomen), a_worker_that_knows_words)
    wait_for_offer(user)
    user.show_panel()
    user.take("point")
    user.prompt((-27.0, 12.0, 0.0))
    first, own = user.mask(an_abdomen), user.panel.segmenter.segmentation_node
    user.press("undo")
    user.press("restoreSession")
    restored = {segment_id: user.mask(an_abdomen, segment_id) for segment_id in user.segments().values()}
    assert len(restored) == 3
    user.press("redo")
    (segment_id,) = own.GetSegmentation().GetSegmentIDs()
    assert np.array_equal(user.mask(an_abdomen, segment_id, own), first)
    for segment_id, mask in restored.items():
        assert np.array_equal(user.mask(an_abdomen, segment_id), mask)
    user.press("undo")
    assert own.GetSegmentation().GetNumberOfSegments() == 0


def test_what_is_kept_names_neither_scan_nor_file(after_the_crash: Path) -> None:
    import zipfile

    (file,) = files_of(after_the_crash)
    with zipfile.ZipFile(file) as parts:
        nodes = json.loads(parts.read("session.json"))["nodes"]
    names = [node["name"] for node in nodes.values() if "name" in node]
    assert "{volume} segmentation" in names
    assert not any("Abdomen" in name for name in (*names, file.name))


def test_another_scan_is_asked_for_and_discarding_ends_it(
    a_slicer: OffscreenSlicer, after_the_crash: Path, a_ct: Any, the_worker: Path
) -> None:
    user = User(a_slicer, opened(a_slicer, a_ct), the_worker)
    user.show_panel()
    assert "load and choose that scan" in user.ui.autosaveLabel.text
    assert not user.ui.restoreSessionButton.enabled
    user.press("discardSession")
    assert user.ui.autosavePane.isHidden()
    assert files_of(after_the_crash) == []


def test_a_damaged_file_is_one_sentence(
    a_slicer: OffscreenSlicer, after_the_crash: Path, an_abdomen: Any, a_worker_that_knows_words: Path
) -> None:
    (file,) = files_of(after_the_crash)
    file.write_bytes(file.read_bytes()[:500])
    user = User(a_slicer, opened(a_slicer, an_abdomen), a_worker_that_knows_words)
    wait_for_offer(user)
    user.show_panel()
    user.press("restoreSession")
    assert "cannot be read" in user.ui.autosaveLabel.text
    assert user.segments() == {}


def _save(a_slicer: OffscreenSlicer, tmp_path: Path) -> None:
    a_slicer.save_scene(tmp_path / "scene.mrb")


def _close_scene(a_slicer: OffscreenSlicer, _: Path) -> None:
    a_slicer.clear_scene()


def _quit(a_slicer: OffscreenSlicer, _: Path) -> None:
    a_slicer.close_modules()


@pytest.mark.parametrize("end", [_save, _close_scene, _quit])
def test_nothing_is_left_after_a_clean_end(
    a_slicer: OffscreenSlicer,
    a_user: User,
    tmp_path: Path,
    a_temporary_folder_of_its_own: Path,
    end: Callable[[OffscreenSlicer, Path], None],
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    kept(a_user)
    assert len(files_of(a_temporary_folder_of_its_own)) == 1
    end(a_slicer, tmp_path)
    a_slicer.process_events(until=lambda: not files_of(a_temporary_folder_of_its_own), timeout_s=20)
    assert files_of(a_temporary_folder_of_its_own) == []


def test_a_folder_that_cannot_be_written_is_one_sentence_and_work_goes_on(
    a_user: User, a_ct: Any, a_temporary_folder_of_its_own: Path
) -> None:
    a_temporary_folder_of_its_own.write_text("in the way")
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.slicer.process_events(until=lambda: bool(a_user.ui.autosaveLabel.text), timeout_s=60)
    assert str(a_user.ui.autosaveLabel.text).startswith("Your work is not kept for the case of a crash: ")
    assert a_user.ui.restoreSessionButton.isHidden()
    assert a_user.mask(a_ct).any()


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from MedVLSAM2Lib.files.atomic_write import FileWriteError

    folder = AutosaveFolder(tmp_path)
    folder.write("scan", b"whole")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileWriteError, match="No space left on device"):
        folder.write("scan", b"new")
    (file,) = files_of(tmp_path)
    assert file.read_bytes() == b"whole"


def test_a_sitting_that_goes_on_is_offered_to_nobody(tmp_path: Path) -> None:
    one, other = AutosaveFolder(tmp_path), AutosaveFolder(tmp_path)
    one.write("scan", b"work")
    assert other.left_behind() == ()
    one.close()
    assert other.left_behind() == ()
    assert list((tmp_path / "MedVLSAM2-autosave").iterdir()) == []


def test_a_folder_that_others_may_write_to_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "MedVLSAM2-autosave").mkdir()
    (tmp_path / "MedVLSAM2-autosave").chmod(0o777)
    (tmp_path / "MedVLSAM2-autosave" / "aa.bb.session").write_bytes(b"planted")
    assert AutosaveFolder(tmp_path).left_behind() == ()
