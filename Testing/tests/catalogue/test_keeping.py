"""What is installed can be checked, and removing it deletes what this program put there and nothing else."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub
import pytest

from MedVLSAM2Lib.catalogue import CatalogueError, DownloadError, ModelStore
from tests.catalogue.conftest import REPO_ID
from tests.catalogue.fake_hub import REVISION, FakeHub

YES = "apache-2.0"


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_that_changed_is_found(a_store: ModelStore) -> None:
    model = a_store.download("small", YES)
    weights = (model.folder / "model.safetensors").resolve()
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    (problem,) = a_store.verify("small")
    assert "model.safetensors has changed" in problem


def test_a_file_that_is_cut_off_or_gone_is_found(a_store: ModelStore) -> None:
    model = a_store.download("small", YES)
    (model.folder / "config.json").unlink()
    weights = (model.folder / "model.safetensors").resolve()
    weights.write_bytes(weights.read_bytes()[:1000])
    problems = a_store.verify("small")
    assert any("config.json is missing" in problem for problem in problems)
    assert any("has 1000 bytes instead of" in problem for problem in problems)


def test_a_damaged_model_is_removed_and_fetched_anew(a_store: ModelStore) -> None:
    model = a_store.download("small", YES)
    (model.folder / "config.json").unlink()
    a_store.remove("small")
    a_store.download("small", YES)
    assert a_store.verify("small") == ()


def test_a_download_that_did_not_end_is_no_whole_model(a_store: ModelStore, a_hub: FakeHub) -> None:
    a_hub.swapped = {"model.safetensors"}
    with pytest.raises(DownloadError):
        a_store.download("small", YES)
    assert any("not complete" in problem for problem in a_store.verify("small"))


def test_removing_frees_all_that_was_downloaded(a_store: ModelStore, tmp_path: Path) -> None:
    model = a_store.download("small", YES)
    other = a_store.download("small", YES, "pt")
    removal = a_store.remove("small")
    assert removal.freed_bytes == model.size_bytes + other.size_bytes
    assert removal.kept == ()
    assert _files(tmp_path / "cache") == ["CACHEDIR.TAG"]
    assert a_store.presence("small").in_words == "no"


def test_removing_deletes_what_an_unfinished_download_left(a_store: ModelStore, a_hub: FakeHub, tmp_path: Path) -> None:
    a_hub.cut_after = 100_000
    with pytest.raises(DownloadError):
        a_store.download("small", YES, cancelled=lambda: any(tmp_path.rglob("*.incomplete")) and _is_large(tmp_path))
    assert a_store.remove("small").freed_bytes > 60_000
    assert _files(tmp_path / "cache") == ["CACHEDIR.TAG"]


def _is_large(folder: Path) -> bool:
    return sum(path.stat().st_size for path in folder.rglob("*.incomplete")) > 60_000


def test_what_others_put_into_the_cache_stays(a_store: ModelStore, a_hub: FakeHub, tmp_path: Path) -> None:
    theirs = huggingface_hub.hf_hub_download(
        REPO_ID, "model.safetensors", revision=REVISION, cache_dir=tmp_path / "cache", endpoint=a_hub.endpoint
    )
    a_store.download("small", YES)
    removal = a_store.remove("small")
    assert removal.kept == (Path(theirs),)
    assert Path(theirs).exists()
    assert not Path(theirs).with_name("config.json").exists()


def test_a_blob_that_another_snapshot_uses_stays(a_store: ModelStore) -> None:
    model = a_store.download("small", YES)
    weights = model.folder / "model.safetensors"
    other = model.folder.parent / ("f" * 40) / "model.safetensors"
    other.parent.mkdir()
    other.symlink_to(weights.resolve())
    removal = a_store.remove("small")
    assert other.exists()
    assert removal.freed_bytes < 1000


def test_an_imported_folder_is_only_forgotten(a_store: ModelStore, the_files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "small.pt").write_bytes(the_files["small.pt"])
    a_store.import_folder(folder)
    removal = a_store.remove("small")
    assert (removal.freed_bytes, removal.kept) == (0, (folder / "small.pt",))
    assert (folder / "small.pt").exists()
    with pytest.raises(CatalogueError, match="not on this machine"):
        a_store.folder("small")


def test_a_copy_is_deleted(a_store: ModelStore, the_files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "small.pt").write_bytes(the_files["small.pt"])
    model = a_store.import_folder(folder, copy=True)
    assert a_store.remove("small").freed_bytes == model.size_bytes
    assert _files(tmp_path / "data") == ["medvlsam2.json"]
    assert (folder / "small.pt").exists()
