"""Downloads arrive whole or end in one sentence, and the next try goes on where the last one ended."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import huggingface_hub.constants
import pytest

from MedVLSAM2Lib.catalogue import (
    Catalogue,
    CatalogueError,
    DownloadCancelled,
    DownloadError,
    DownloadProgress,
    Hub,
    ModelStore,
)
from tests.catalogue.conftest import REPO_ID
from tests.catalogue.fake_hub import REVISION, FakeHub
from tests.small_disk import SmallDisk

YES = "apache-2.0"
PARTIAL = "*.medvlsam2.incomplete"


def _partial_bytes(cache: Path) -> int:
    return sum(path.stat().st_size for path in cache.rglob(PARTIAL))


def _is_one_sentence(text: str) -> bool:
    return "\n" not in text and text.endswith(".") and not text.startswith("Traceback")


def test_a_model_arrives_in_the_hubs_cache_with_its_commit_and_hashes_recorded(
    a_store: ModelStore, the_files: dict[str, bytes], tmp_path: Path
) -> None:
    model = a_store.download("small", YES)
    assert model.folder == tmp_path / "cache" / "models--lab--small-model" / "snapshots" / REVISION
    assert model.revision == REVISION
    assert model.licence == YES
    recorded = {file.path: (file.size, file.sha256) for file in model.files}
    expected = {name: the_files[name] for name in ("config.json", "model.safetensors", "README.md")}
    assert recorded == {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in expected.items()}
    assert {name: (model.folder / name).read_bytes() for name in expected} == expected
    assert not (model.folder / "notes.txt").exists()
    assert a_store.folder("small") == model.folder
    assert a_store.presence("small").is_complete


def test_huggingface_hub_finds_what_was_downloaded(a_store: ModelStore, tmp_path: Path) -> None:
    model = a_store.download("small", YES)
    found = huggingface_hub.try_to_load_from_cache(REPO_ID, "config.json", tmp_path / "cache", REVISION)
    assert found == str(model.folder / "config.json")
    assert not huggingface_hub.scan_cache_dir(tmp_path / "cache").warnings


def test_another_format_is_fetched_beside_the_first(a_store: ModelStore, the_files: dict[str, bytes]) -> None:
    a_store.download("small", YES)
    model = a_store.download("small", YES, "pt")
    assert (model.folder / "small.pt").read_bytes() == the_files["small.pt"]
    assert [known.format for known in a_store.presence("small").models] == ["safetensors", "pt"]


def test_progress_grows_to_the_whole_size(a_store: ModelStore) -> None:
    heard: list[DownloadProgress] = []
    model = a_store.download("small", YES, told=heard.append)
    assert [p.done_bytes for p in heard] == sorted(p.done_bytes for p in heard)
    assert heard[-1].done_bytes == heard[-1].total_bytes == model.size_bytes
    assert len(heard) > 10


def test_nothing_is_asked_of_the_hub_without_a_yes_to_the_licence(a_store: ModelStore, a_hub: FakeHub) -> None:
    with pytest.raises(DownloadError, match=r"apache-2\.0 \(https://.*--accept-licence") as refused:
        a_store.download("small", None)
    assert _is_one_sentence(str(refused.value))
    assert a_hub.asked == []


def test_a_licence_that_changed_on_the_hub_needs_a_yes_of_its_own(a_store: ModelStore, a_hub: FakeHub) -> None:
    a_hub.licence = "cc-by-nc-4.0"
    with pytest.raises(DownloadError, match=r"--accept-licence cc-by-nc-4\.0"):
        a_store.download("small", YES)
    assert a_hub.ranges_asked("model.safetensors") == []
    assert a_store.download("small", "cc-by-nc-4.0").licence == "cc-by-nc-4.0"


def test_a_model_that_is_here_is_not_asked_for_again(a_store: ModelStore, a_hub: FakeHub) -> None:
    first = a_store.download("small", YES)
    a_hub.asked.clear()
    assert a_store.download("small", YES) == first
    assert a_hub.asked == []


def test_a_cut_connection_is_taken_up_again_within_one_download(
    a_store: ModelStore, a_hub: FakeHub, the_files: dict[str, bytes]
) -> None:
    a_hub.cut_after = 150_000
    model = a_store.download("small", YES)
    assert (model.folder / "model.safetensors").read_bytes() == the_files["model.safetensors"]
    assert len(a_hub.ranges_asked("model.safetensors")) >= 3


def test_an_interrupted_download_is_resumed_to_the_byte_by_the_next_one(
    a_store: ModelStore, a_hub: FakeHub, the_files: dict[str, bytes], tmp_path: Path
) -> None:
    def break_off_at(limit: int) -> Callable[[DownloadProgress], None]:
        def told(progress: DownloadProgress) -> None:
            if progress.file == "model.safetensors" and progress.done_bytes > limit:
                a_hub.cut_after = 0

        return told

    a_hub.cut_after = 100_000
    with pytest.raises(DownloadError, match=r"did not arrive whole.*what has arrived is kept") as broken:
        a_store.download("small", YES, told=break_off_at(80_000))
    assert _is_one_sentence(str(broken.value))
    there = _partial_bytes(tmp_path / "cache")
    assert 80_000 < there < 400_000
    assert not a_store.presence("small").is_complete
    assert a_store.presence("small").in_words.startswith("partly")
    with pytest.raises(CatalogueError, match="not complete"):
        a_store.folder("small")
    a_hub.cut_after = None
    a_hub.asked.clear()
    heard: list[DownloadProgress] = []
    model = a_store.download("small", YES, told=heard.append)
    assert a_hub.ranges_asked("model.safetensors")[0] == f"bytes={there}-"
    assert (model.folder / "model.safetensors").read_bytes() == the_files["model.safetensors"]
    assert _partial_bytes(tmp_path / "cache") == 0


def test_a_resumed_download_stays_with_its_commit(a_store: ModelStore, a_hub: FakeHub) -> None:
    a_hub.swapped = {"model.safetensors"}
    with pytest.raises(DownloadError):
        a_store.download("small", YES)
    a_hub.swapped = set()
    a_hub.asked.clear()
    a_store.download("small", YES)
    assert a_hub.asked[0].path.endswith(f"/revision/{REVISION}")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_with_a_wrong_hash_never_enters_the_cache(
    a_store: ModelStore, a_hub: FakeHub, tmp_path: Path, name: str
) -> None:
    a_hub.swapped = {name}
    with pytest.raises(DownloadError, match=f"{name} arrived damaged .* download again") as damaged:
        a_store.download("small", YES)
    assert _is_one_sentence(str(damaged.value))
    assert not list((tmp_path / "cache").rglob(name))
    assert _partial_bytes(tmp_path / "cache") == 0
    a_hub.swapped = set()
    assert a_store.download("small", YES).complete


def test_a_gated_model_says_where_to_accept_its_terms(a_store: ModelStore, a_hub: FakeHub) -> None:
    a_hub.gated = True
    with pytest.raises(DownloadError, match=r"accepted its terms on its page.*hf auth login") as refused:
        a_store.download("small", YES)
    assert _is_one_sentence(str(refused.value))


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "does not give .* to this account .* hf auth login"), (503, "status 503; try again later")],
)
def test_a_hub_that_refuses_is_one_sentence(a_store: ModelStore, a_hub: FakeHub, status: int, message: str) -> None:
    a_hub.status = status
    with pytest.raises(DownloadError, match=message) as refused:
        a_store.download("small", YES)
    assert _is_one_sentence(str(refused.value))


def test_a_repository_that_is_gone_is_one_sentence(a_store: ModelStore, a_hub: FakeHub) -> None:
    del a_hub.repositories[REPO_ID]
    with pytest.raises(DownloadError, match="is not on the hub") as gone:
        a_store.download("small", YES)
    assert _is_one_sentence(str(gone.value))


def test_a_format_the_repository_lacks_names_the_other_one(a_store: ModelStore, a_hub: FakeHub) -> None:
    del a_hub.repositories[REPO_ID]["model.safetensors"]
    with pytest.raises(DownloadError, match=r"has no \*\.safetensors .* try --format pt"):
        a_store.download("small", YES)


def test_offline_mode_is_honoured_before_anything_is_asked(
    a_store: ModelStore, a_hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match=r"HF_HUB_OFFLINE forbids it.*import a folder") as offline:
        a_store.download("small", YES)
    assert _is_one_sentence(str(offline.value))
    assert a_hub.asked == []


def test_a_hub_out_of_reach_is_one_sentence(a_store: ModelStore, a_hub: FakeHub) -> None:
    a_hub.stop()
    with pytest.raises(DownloadError, match="check network and proxy") as unreachable:
        a_store.download("small", YES)
    assert _is_one_sentence(str(unreachable.value))
    a_hub.start()


def test_a_disk_without_room_is_told_before_the_weights_are_asked_for(
    a_hub: FakeHub, a_catalogue: Catalogue, tmp_path: Path
) -> None:
    store = ModelStore(tmp_path / "data", Hub(tmp_path / "cache", a_hub.endpoint), a_catalogue, lambda _: 1000)
    with pytest.raises(DownloadError, match=r"needs 400 kB more in .*, where 1\.0 kB are free") as full:
        store.download("small", YES)
    assert _is_one_sentence(str(full.value))
    assert a_hub.ranges_asked("model.safetensors") == []


def test_a_disk_that_fills_up_on_the_way_keeps_what_has_arrived(
    a_store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = huggingface_hub.file_download.http_get

    def with_a_quota(url: str, temp_file: BinaryIO, **options: Any) -> None:
        write(url, _Quota(temp_file, 200_000), **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub.file_download, "http_get", with_a_quota)
        with pytest.raises(DownloadError, match=r"The disk is full.*what has arrived is kept") as full:
            a_store.download("small", YES)
    assert _is_one_sentence(str(full.value))
    assert 150_000 < _partial_bytes(tmp_path / "cache") <= 200_000
    assert a_store.download("small", YES).complete


class _Quota:
    """A file on a disk that has room for ``limit`` bytes."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        if self._file.tell() + len(data) > self._limit:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)


def test_a_real_disk_that_is_full_or_read_only_is_told_and_what_is_whole_stays_whole(
    a_hub: FakeHub, a_catalogue: Catalogue, a_small_disk: SmallDisk
) -> None:
    places = a_small_disk.folder / "data", Hub(a_small_disk.folder / "cache", a_hub.endpoint), a_catalogue
    # As when others fill the disk after the download began: there seemed to be room.
    store = ModelStore(*places, free_bytes=lambda _: 2**30)
    with pytest.raises(DownloadError) as told:
        store.download("small", YES)
    assert _is_one_sentence(str(told.value))
    assert not store.presence("small").is_complete

    a_small_disk.make_larger("8m")
    assert store.download("small", YES).complete
    a_small_disk.make_read_only()
    with pytest.raises(DownloadError) as told:
        store.download("small", YES, format_name="pt")
    assert _is_one_sentence(str(told.value))
    assert store.presence("small").in_words == "safetensors"
    assert store.verify("small") == ()


def test_a_cancelled_download_goes_on_later(a_store: ModelStore, a_hub: FakeHub, tmp_path: Path) -> None:
    heard: list[DownloadProgress] = []
    with pytest.raises(DownloadCancelled):
        a_store.download("small", YES, told=heard.append, cancelled=lambda: len(heard) > 8)
    there = _partial_bytes(tmp_path / "cache")
    assert there > 0
    a_hub.asked.clear()
    a_store.download("small", YES)
    assert a_hub.ranges_asked("model.safetensors")[0] == f"bytes={there}-"


def test_files_that_others_put_into_the_cache_are_used_and_not_called_ours(
    a_store: ModelStore, a_hub: FakeHub, tmp_path: Path
) -> None:
    huggingface_hub.hf_hub_download(
        REPO_ID, "model.safetensors", revision=REVISION, cache_dir=tmp_path / "cache", endpoint=a_hub.endpoint
    )
    a_hub.asked.clear()
    model = a_store.download("small", YES)
    assert a_hub.ranges_asked("model.safetensors") == []
    assert {file.path: file.ours for file in model.files} == {
        "config.json": True,
        "model.safetensors": False,
        "README.md": True,
    }


def test_a_damaged_file_in_the_cache_is_named(a_store: ModelStore, a_hub: FakeHub, tmp_path: Path) -> None:
    path = huggingface_hub.hf_hub_download(
        REPO_ID, "config.json", revision=REVISION, cache_dir=tmp_path / "cache", endpoint=a_hub.endpoint
    )
    Path(path).resolve().write_text("{}")
    with pytest.raises(DownloadError, match=r"config\.json in the cache is damaged"):
        a_store.download("small", YES)


def test_a_file_that_another_program_is_downloading_is_left_to_it(a_store: ModelStore, tmp_path: Path) -> None:
    files = a_store.download("small", YES).files
    digest = next(file.sha256 for file in files if file.path == "model.safetensors")
    a_store.remove("small")
    lock = tmp_path / "cache" / ".locks" / "models--lab--small-model" / f"{digest}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with (
        huggingface_hub.utils.WeakFileLock(lock),
        pytest.raises(DownloadError, match="being downloaded by another program"),
    ):
        a_store.download("small", YES)


def test_where_links_are_not_allowed_the_weights_are_there_once(
    a_store: ModelStore, the_files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.file_download, "are_symlinks_supported", lambda *_: False)
    model = a_store.download("small", YES)
    sizes = [path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sizes.count(len(the_files["model.safetensors"])) == 1
    assert not (model.folder / "model.safetensors").is_symlink()
    assert a_store.verify("small") == ()
    assert a_store.remove("small").freed_bytes == model.size_bytes


@pytest.mark.parametrize("content", ["{", '{"format_version": 1}', '{"format_version": 1, "models": [{}]}'])
def test_a_damaged_list_of_models_is_one_sentence(a_store: ModelStore, tmp_path: Path, content: str) -> None:
    registry = tmp_path / "data" / "medvlsam2.json"
    registry.parent.mkdir()
    registry.write_text(content)
    with pytest.raises(CatalogueError, match=r"medvlsam2\.json.*is damaged"):
        a_store.presence("small")


def test_the_list_of_models_is_plain_json(a_store: ModelStore, tmp_path: Path) -> None:
    a_store.download("small", YES)
    content = json.loads((tmp_path / "data" / "medvlsam2.json").read_text("utf-8"))
    assert content["models"][0]["revision"] == REVISION
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["medvlsam2.json"]


def test_what_is_asked_of_the_store_without_downloading_needs_no_hub(
    a_catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    unlicensed = replace(a_catalogue.entries[0], name="other")
    store = ModelStore(tmp_path, Hub(tmp_path / "cache"), Catalogue((*a_catalogue.entries, unlicensed)))
    assert store.presence("small").in_words == "no"
    for ask in (store.folder, store.verify, store.remove):
        with pytest.raises(CatalogueError, match="not on this machine"):
            ask("small")


def test_a_login_is_shown_to_the_hub_and_not_to_the_host_that_keeps_large_files(
    a_store: ModelStore, a_hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    a_store.download("small", YES)
    shown = {asked.path.startswith("/cdn/"): asked.authorization for asked in a_hub.asked}
    assert shown == {False: "Bearer hf_secret", True: ""}


def test_files_in_xet_storage_come_by_plain_http_which_can_be_resumed(a_store: ModelStore, a_hub: FakeHub) -> None:
    a_hub.xet = True
    assert a_store.download("small", YES).complete
    assert not any("xet" in asked.path for asked in a_hub.asked)


def test_a_model_is_also_found_by_its_repository_and_commit(a_store: ModelStore) -> None:
    model = a_store.download(REPO_ID, YES)
    assert model.name == "small"
    assert a_store.folder(REPO_ID, revision=REVISION) == model.folder
    assert a_store.verify(REPO_ID) == ()
    with pytest.raises(CatalogueError, match=f"at the commit {REVISION[:12]}, not at fffff"):
        a_store.folder(REPO_ID, revision="f" * 40)


def test_a_file_that_could_not_be_put_into_the_snapshot_is_still_ours(
    a_store: ModelStore, a_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub, "hf_hub_download", fail)
        with pytest.raises(DownloadError, match="Permission denied"):
            a_store.download("small", YES)
    assert all(file.ours for file in a_store.download("small", YES).files)


@pytest.mark.parametrize("name", ["../../outside.safetensors", "/outside.safetensors"])
def test_an_answer_that_leads_out_of_the_cache_is_refused(
    a_store: ModelStore, a_hub: FakeHub, tmp_path: Path, name: str
) -> None:
    a_hub.repositories[REPO_ID][name] = b"anything"
    with pytest.raises(DownloadError, match="is not the hub's; check HF_ENDPOINT"):
        a_store.download("small", YES)
    assert not list(tmp_path.rglob("outside*"))


def test_an_imported_model_that_was_deleted_is_not_mixed_with_a_download(
    a_store: ModelStore, the_files: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "small.pt").write_bytes(the_files["small.pt"])
    a_store.import_folder(folder)
    assert a_store.download("small", YES, "pt").folder == folder
    (folder / "small.pt").unlink()
    with pytest.raises(DownloadError, match=r"was imported from .*mine, where files are missing; run"):
        a_store.download("small", YES, "pt")
    a_store.remove("small")
    assert a_store.download("small", YES, "pt").complete


def test_a_model_that_others_deleted_from_the_cache_is_fetched_again_at_its_commit(
    a_store: ModelStore, a_hub: FakeHub, tmp_path: Path
) -> None:
    a_store.download("small", YES)
    shutil.rmtree(tmp_path / "cache")
    a_hub.asked.clear()
    a_store.download("small", YES)
    assert a_hub.asked[0].path.endswith(f"/revision/{REVISION}")
    assert a_store.verify("small") == ()
