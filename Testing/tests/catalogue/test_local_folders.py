"""Models come in by folders, whole or not at all, and go out as bundles."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from MedVLSAM2Lib.catalogue import Catalogue, CatalogueError, DownloadError, Hub, ModelStore, Origin
from tests.catalogue.fake_hub import REVISION

YES = "apache-2.0"


@pytest.fixture
def a_plain_folder(the_files: dict[str, bytes], tmp_path: Path) -> Path:
    folder = tmp_path / "from a colleague"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes(the_files[name])
    return folder


@pytest.fixture
def an_offline_store(a_catalogue: Catalogue, tmp_path: Path) -> ModelStore:
    """A hub that nobody serves: asking it would fail."""
    return ModelStore(tmp_path / "elsewhere", Hub(tmp_path / "empty", "http://127.0.0.1:9"), a_catalogue)


def test_plain_files_are_recognised_and_used_where_they_are(an_offline_store: ModelStore, a_plain_folder: Path) -> None:
    model = an_offline_store.import_folder(a_plain_folder)
    assert (model.name, model.format, model.origin) == ("small", "safetensors", Origin.IN_PLACE)
    assert an_offline_store.folder("small") == a_plain_folder
    assert an_offline_store.verify("small") == ()


def test_a_copy_no_longer_needs_the_folder(
    an_offline_store: ModelStore, a_plain_folder: Path, the_files: dict[str, bytes]
) -> None:
    an_offline_store.import_folder(a_plain_folder, copy=True)
    shutil.rmtree(a_plain_folder)
    folder = an_offline_store.folder("small")
    assert (folder / "model.safetensors").read_bytes() == the_files["model.safetensors"]
    assert an_offline_store.verify("small") == ()


@pytest.mark.parametrize("part", ["", "models--lab--small-model", f"models--lab--small-model/snapshots/{REVISION}"])
def test_a_cache_of_the_hub_from_another_machine_is_taken_with_its_commit(
    a_store: ModelStore, an_offline_store: ModelStore, tmp_path: Path, part: str
) -> None:
    a_store.download("small", YES)
    stick = tmp_path / "stick"
    shutil.copytree(tmp_path / "cache", stick)
    shutil.rmtree(tmp_path / "cache")
    model = an_offline_store.import_folder(stick / part)
    assert model.revision == REVISION
    assert an_offline_store.verify("small") == ()


def test_a_bundle_carries_a_model_to_a_machine_without_a_network(
    a_store: ModelStore, an_offline_store: ModelStore, tmp_path: Path
) -> None:
    sent = a_store.download("small", YES)
    a_store.bundle("small", tmp_path / "bundle")
    received = an_offline_store.import_folder(tmp_path / "bundle", copy=True)
    assert (received.revision, received.licence) == (REVISION, YES)
    assert {f.path: f.sha256 for f in received.files} == {f.path: f.sha256 for f in sent.files}
    assert an_offline_store.verify("small") == ()


def test_a_bundle_that_changed_on_the_way_is_refused(
    a_store: ModelStore, an_offline_store: ModelStore, tmp_path: Path
) -> None:
    a_store.download("small", YES)
    a_store.bundle("small", tmp_path / "bundle")
    (tmp_path / "bundle" / "config.json").write_text("{}")
    with pytest.raises(CatalogueError, match=r"has a changed config\.json; copy it again"):
        an_offline_store.import_folder(tmp_path / "bundle")
    (tmp_path / "bundle" / "README.md").unlink()
    (tmp_path / "bundle" / "config.json").write_text('{"hidden_size": 8}\n')
    with pytest.raises(CatalogueError, match=r"lacks README\.md; copy it again"):
        an_offline_store.import_folder(tmp_path / "bundle")


def test_a_bundle_is_not_written_over_something(a_store: ModelStore, a_plain_folder: Path) -> None:
    a_store.download("small", YES)
    with pytest.raises(CatalogueError, match="not an empty folder"):
        a_store.bundle("small", a_plain_folder)


def test_a_damaged_manifest_is_one_sentence(an_offline_store: ModelStore, a_plain_folder: Path) -> None:
    (a_plain_folder / "medvlsam2-bundle.json").write_text(json.dumps({"format_version": 1, "files": [{"path": "a"}]}))
    with pytest.raises(CatalogueError, match=r"medvlsam2-bundle\.json is damaged"):
        an_offline_store.import_folder(a_plain_folder)


@pytest.mark.parametrize(
    ("name", "reason"), [("model.safetensors", "its header speaks of"), ("small.pt", "only its beginning")]
)
def test_a_truncated_weights_file_is_refused(
    an_offline_store: ModelStore, the_files: dict[str, bytes], tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "config.json").write_bytes(the_files["config.json"])
    (tmp_path / name).write_bytes(the_files[name][:-100])
    with pytest.raises(CatalogueError, match=reason):
        an_offline_store.import_folder(tmp_path, "small")
    assert an_offline_store.presence("small").in_words == "no"


def test_what_is_lacking_is_named(an_offline_store: ModelStore, a_plain_folder: Path) -> None:
    (a_plain_folder / "model.safetensors").unlink()
    with pytest.raises(CatalogueError, match=r"lacks \*\.safetensors, which The small model needs"):
        an_offline_store.import_folder(a_plain_folder)


def test_a_folder_that_is_not_there_is_one_sentence(an_offline_store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"There is no folder .*nowhere"):
        an_offline_store.import_folder(tmp_path / "nowhere")


def test_files_that_could_be_of_two_models_are_told_apart_by_size_or_by_the_user(
    a_catalogue: Catalogue, a_plain_folder: Path, tmp_path: Path
) -> None:
    small = a_catalogue.entries[0]
    larger = tuple(replace(f, size_bytes=2 * (f.size_bytes or 0)) for f in small.formats)
    hub = Hub(tmp_path / "empty")
    by_size = ModelStore(tmp_path / "a", hub, Catalogue((small, replace(small, name="large", formats=larger))))
    assert by_size.import_folder(a_plain_folder).name == "small"
    twins = ModelStore(tmp_path / "b", hub, Catalogue((small, replace(small, name="twin"))))
    with pytest.raises(CatalogueError, match="could be those of small, twin; say which with --name"):
        twins.import_folder(a_plain_folder)
    assert twins.import_folder(a_plain_folder, "twin").name == "twin"


def test_a_copy_without_room_leaves_nothing_behind(
    an_offline_store: ModelStore, a_plain_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DownloadError, match="No space left on device"):
        an_offline_store.import_folder(a_plain_folder, copy=True)
    assert not list((tmp_path / "elsewhere").rglob("*.safetensors"))
