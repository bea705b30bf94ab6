"""The catalogue that comes with the library says what a user must know, and says it consistently."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.catalogue import CatalogueEntry, CatalogueError, DownloadError, ModelStore, read_catalogue
from MedVLSAM2Lib.catalogue.places import hub_cache_folder, user_data_folder
from MedVLSAM2Lib.catalogue.sizes import in_words

ENTRIES = read_catalogue().entries
PUBLISHED = [entry for entry in ENTRIES if not entry.is_bundled]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_fact_has_a_source(entry: CatalogueEntry) -> None:
    assert {"licence", "capabilities", "parameters", "trained_on", "memory"} <= entry.sources.keys()
    assert entry.is_bundled or {"repo_id", "files", "size_bytes"} <= entry.sources.keys()
    assert entry.licence.tag
    assert entry.licence.url.startswith("https://")
    assert entry.trained_on


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda entry: entry.name)
def test_what_could_not_be_checked_is_said(entry: CatalogueEntry) -> None:
    assert entry.unverified


def test_the_models_of_the_issue_are_there_and_names_are_unique() -> None:
    repositories = [entry.repo_id for entry in PUBLISHED]
    sizes = ("tiny", "small", "base-plus", "large")
    expected = [f"facebook/sam2.1-hiera-{size}" for size in sizes]
    assert repositories == [*expected, "wanglab/MedSAM2", "MagicXin/Med3DVLM-Qwen-2.5-7B"]
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda entry: entry.name)
def test_float32_files_have_four_bytes_a_parameter(entry: CatalogueEntry) -> None:
    for file_format in entry.formats:
        assert file_format.size_bytes == pytest.approx(4 * entry.parameters, rel=0.005)


def test_sam2_is_published_in_both_formats() -> None:
    formats = {entry.name: [f.name for f in entry.formats] for entry in ENTRIES if entry.name.startswith("sam2.1")}
    assert set(map(tuple, formats.values())) == {("safetensors", "pt")}


def count(weights_file: Path) -> int:
    with safe_open(weights_file, "np") as weights:
        return sum(weights.get_tensor(name).size for name in weights.keys())  # noqa: SIM118


def test_the_bundled_entry_is_the_bundled_checkpoint() -> None:
    entry = read_catalogue().entry("tiny")
    card = json.loads((bundled_checkpoint() / "config.json").read_text(encoding="utf-8"))
    assert list(entry.capabilities) == card["capabilities"]
    assert list(entry.trained_on) == card["trained_on"]
    assert entry.licence.tag == card["licence"].lower()
    assert entry.parameters == sum(map(count, bundled_checkpoint().rglob("*.safetensors")))
    files = sum((bundled_checkpoint() / name).stat().st_size for name in entry.formats[0].files)
    assert entry.formats[0].size_bytes == pytest.approx(files, rel=0.01)


def test_the_bundled_model_is_here_whole_and_stays(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    assert store.presence("tiny").in_words == "bundled"
    assert store.folder("tiny") == bundled_checkpoint()
    assert store.verify("tiny") == ()
    with pytest.raises(CatalogueError, match="goes with it"):
        store.remove("tiny")
    with pytest.raises(CatalogueError, match="nothing to download"):
        store.download("tiny", "apache-2.0")


def test_smaller_models_are_of_the_same_authors_and_largest_first() -> None:
    catalogue = read_catalogue()
    smaller = catalogue.smaller_than(catalogue.entry("sam2.1-large"))
    assert [entry.name for entry in smaller] == ["sam2.1-base-plus", "sam2.1-small", "sam2.1-tiny"]
    assert catalogue.smaller_than(catalogue.entry("medsam2")) == ()


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no model 'sam3' in the catalogue; choose one of tiny, sam2"):
        ModelStore(tmp_path).presence("sam3")


def test_an_unknown_format_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="not published as 'onnx'; choose one of safetensors, pt") as refused:
        ModelStore(tmp_path).download("sam2.1-tiny", "apache-2.0", "onnx")
    assert not isinstance(refused.value, DownloadError)


def test_the_data_folder_is_where_each_platform_wants_it() -> None:
    home = Path("/home/me")
    assert user_data_folder("linux", {}, home) == home / ".local" / "share" / "medvlsam2"
    assert user_data_folder("linux", {"XDG_DATA_HOME": "/data"}, home) == Path("/data/medvlsam2")
    assert user_data_folder("darwin", {}, home) == home / "Library" / "Application Support" / "MedVLSAM2"
    assert user_data_folder("win32", {"LOCALAPPDATA": "/local"}, home) == Path("/local/MedVLSAM2")


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, "unknown"), (17, "17 B"), (999_600, "1.0 MB"), (156_008_466, "156 MB"), (30_724_306_048, "31 GB")],
)
def test_sizes_are_written_as_the_hub_writes_them(size: int | None, words: str) -> None:
    assert in_words(size) == words


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"XDG_CACHE_HOME": "/caches"},
        {"XDG_CACHE_HOME": "/caches", "HF_HOME": "~/hf"},
        {"HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old"},
        {"HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "$HF_HOME/new"},
    ],
)
def test_the_hubs_cache_is_where_its_own_library_has_it(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    program = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert str(hub_cache_folder()) == run.stdout.strip()
