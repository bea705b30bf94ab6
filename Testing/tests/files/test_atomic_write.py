"""A file is whole or not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from MedVLSAM2Lib.files.atomic_write import FileWriteError, folder_beside, write_atomically
from tests.small_disk import SmallDisk


def test_a_file_is_written_and_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "made on the way" / "report.html"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_the_file_is_as_public_as_others_and_keeps_its_rights(tmp_path: Path) -> None:
    path, plain = tmp_path / "report.html", tmp_path / "plain"
    plain.touch()
    write_atomically(path, b"x")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o600)
    write_atomically(path, b"y")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX's")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"whole")
    # A process that may write no more than 1000 bytes to a file meets what a full disk does: the write fails half way.
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from MedVLSAM2Lib.files.atomic_write import FileWriteError, write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    write_atomically(Path(sys.argv[1]), b'x' * 5000)\n"
        "except FileWriteError as error:\n"
        "    sys.exit(str(error))\n"
    )
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "cannot be written (File too large); check the folder and the space" in run.stderr
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileWriteError, match="Permission denied"):
        write_atomically(tmp_path / "report.html", b"x")


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(FileWriteError, match=r"cannot be written .*; check the folder"):
        write_atomically(tmp_path / "a file" / "report.html", b"x")


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    with folder_beside(folder) as beside:
        for name, content in contents.items():
            (beside / name).parent.mkdir(exist_ok=True)
            (beside / name).write_bytes(content)


def test_a_folder_takes_the_place_of_another_whole_or_not_at_all(a_small_disk: SmallDisk) -> None:
    folder = a_small_disk.folder / "made on the way" / "checkpoint"
    write_folder(folder, {"part/weights": b"first"})
    write_folder(folder, {"weights": b"second"})
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*")] == ["weights"]

    for reason in ("No space left on device", "Read-only file system"):
        with pytest.raises(FileWriteError, match=rf"checkpoint cannot be written \({reason}\); check the") as told:
            write_folder(folder, {"config.json": b"{}", "weights": bytes(100_000)})
        assert str(told.value).count(". ") == 0
        assert (folder / "weights").read_bytes() == b"second"
        assert [path.name for path in folder.parent.iterdir()] == ["checkpoint"]
        a_small_disk.make_read_only()


def test_a_folder_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_folder(tmp_path / "checkpoint", {"weights": b"half", "config.json": None})  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == []
