"""A checkpoint folder, a bundle or a list of models, damaged or hostile, is used or refused in one sentence."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.catalogue.catalogue import read_catalogue
from MedVLSAM2Lib.catalogue.entry import CatalogueEntry
from MedVLSAM2Lib.catalogue.errors import CatalogueError
from MedVLSAM2Lib.catalogue.importing import import_folder
from MedVLSAM2Lib.catalogue.installed import is_inside
from MedVLSAM2Lib.catalogue.manifest import MANIFEST_NAME, BundledFile, Manifest, read_manifest
from MedVLSAM2Lib.catalogue.registry import Registry
from MedVLSAM2Lib.catalogue.weight_files import check_weights
from MedVLSAM2Lib.memory.checkpoint_shape import read_mask_shape
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import read_config, weight_files
from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model, read_model_config
from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.panel.checkpoint_card import read_checkpoint_card
from MedVLSAM2Lib.session.mask_models import load_mask_model
from tests.fuzz.cases import a_result_or_one_sentence, cases, json_values, mutated, with_changes

SMALL = PatchConfig(side=8, channels=(2, 3), depths=(1, 1))
CARD = {"architecture": "patches", "name": "small", "capabilities": ["click"], **SMALL.to_dict()}
WORDS = ("architecture", "patches", "slices", "channels", "F32", "F16", "shape", "dtype", "path", "..", "/etc/passwd")
SLICES = {"architecture": "slices", **SliceConfig(image_size=64).to_dict()}
WHOLE = MedVLSam2Config(name="small").to_dict() | {
    "capabilities": ["click"],
    "components": {"mask_model": {"path": "mask_model"}, "language_model": {"repo_id": "a/b"}},
}
MANIFEST = {
    "format_version": 1,
    "name": "medsam2",
    "format": "safetensors",
    "repo_id": "a/b",
    "revision": "0" * 40,
    "licence": "apache-2.0",
    "licence_url": "https://example.org",
    "files": [{"path": "model.safetensors", "size": 3, "sha256": "ab" * 32}],
}
REGISTRY = {
    "format_version": 1,
    "models": [
        {
            **{name: MANIFEST[name] for name in ("name", "format", "repo_id", "revision", "licence")},
            "folder": "/models/x",
            "origin": "copied",
            "added": "2026-01-01",
            "complete": True,
            "files": [{"path": "model.safetensors", "size": 3, "sha256": "ab" * 32, "ours": True}],
        }
    ],
}


@pytest.fixture(scope="module")
def a_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(folder, PatchNetwork(SMALL), CARD)
    return folder


@pytest.fixture(scope="module")
def weights(a_checkpoint: Path) -> bytes:
    return (a_checkpoint / "model.safetensors").read_bytes()


def write_json(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def use(folder: Path) -> None:
    read_mask_shape(folder)
    read_checkpoint_card(folder)
    with a_result_or_one_sentence(CheckpointError):
        model = load_mask_model(folder)
        assert all(isinstance(name, str) for name in model.capabilities)


@cases(200)
@given(card=with_changes(CARD, *WORDS))
def test_a_card_with_other_values_is_used_or_refused(card: dict[str, Any], weights: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(weights)
    write_json(tmp_path, "config.json", card)
    use(tmp_path)


@cases(120)
@given(content=json_values(*WORDS).map(json.dumps) | st.text(max_size=40) | mutated(json.dumps(CARD).encode()))
def test_a_card_that_is_anything_is_used_or_refused(content: str | bytes, weights: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(weights)
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    (tmp_path / "config.json").write_bytes(raw)
    use(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"channels": [10**9, 10**9]},
        {"depths": [10**9, 1]},
        {"channels": [2] * 40, "depths": [1] * 40, "side": 2**40},
        {"side": 2**40},
        {"token_width": 10**12},
        {"channels": [0, 3]},
        {"channels": ["2", 3]},
        {"ct_windows": [[0, 0]]},
        {"ct_windows": 7},
        {"capabilities": 7},
        {"capabilities": {"click": [1]}},
    ],
    ids=str,
)
def test_a_network_that_no_machine_holds_is_refused_before_it_is_built(
    change: dict[str, Any], weights: bytes, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").write_bytes(weights)
    write_json(tmp_path, "config.json", {**CARD, **change})
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path)


@cases(150)
@given(data=st.data())
def test_damaged_weights_are_used_or_refused(data: st.DataObject, weights: bytes, tmp_path: Path) -> None:
    header = 8 + struct.unpack("<Q", weights[:8])[0]
    beginning = data.draw(mutated(weights[:header]))
    write_json(tmp_path, "config.json", CARD)
    (tmp_path / "model.safetensors").write_bytes(beginning + weights[header:])
    use(tmp_path)
    with a_result_or_one_sentence(CatalogueError):
        check_weights(tmp_path / "model.safetensors")


@cases(200)
@given(
    header=with_changes(
        {"weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "__metadata__": {}}, *WORDS
    ),
    length=st.none() | st.sampled_from([0, 1, 2**31, 2**63, 2**64 - 1]),
    rest=st.integers(0, 40).map(bytes),
)
def test_headers_of_weights_that_say_anything_are_refused(
    header: dict[str, Any], length: int | None, rest: bytes, tmp_path: Path
) -> None:
    raw = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + rest)
    write_json(tmp_path, "config.json", CARD)
    read_mask_shape(tmp_path)
    with a_result_or_one_sentence(CatalogueError):
        check_weights(path)
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "bfloat16", "float64", "complex64", "float8_e4m3fn"])
def test_weights_of_another_type_are_used_or_refused(dtype: str, a_checkpoint: Path, tmp_path: Path) -> None:
    network, _ = load_checkpoint(a_checkpoint)
    changed = {name: value.to(getattr(torch, dtype)) for name, value in network.state_dict().items()}
    (tmp_path / "model.safetensors").write_bytes(save(changed))
    write_json(tmp_path, "config.json", CARD)
    use(tmp_path)


@cases(120)
@given(index=with_changes({"metadata": {}, "weight_map": {"a": "model.safetensors", "b": "x.safetensors"}}, *WORDS))
def test_an_index_leads_to_no_file_outside_the_folder(index: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    write_json(tmp_path, "model.safetensors.index.json", index)
    with a_result_or_one_sentence(CheckpointError):
        assert all(path.parent == tmp_path for path in weight_files(tmp_path))


@pytest.mark.parametrize("name", ["../x.safetensors", "/etc/passwd", "..", ".", "", "a/b", "x" * 5000, "a\0b"])
def test_an_index_that_names_other_places_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path.parent / "x.safetensors").write_bytes(b"")
    write_json(tmp_path, "model.safetensors.index.json", {"weight_map": {"a": name}})
    with pytest.raises(CheckpointError):
        weight_files(tmp_path)


@cases(200)
@given(config=with_changes(WHOLE, *WORDS))
def test_the_config_of_a_whole_model_is_used_or_refused(config: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path, "config.json", config)
    read_mask_shape(tmp_path)
    read_checkpoint_card(tmp_path)
    with a_result_or_one_sentence(CheckpointError):
        read_model_config(tmp_path)


@cases(200)
@given(values=with_changes(SLICES, *WORDS))
def test_the_config_of_a_slice_network_is_used_or_refused(values: dict[str, Any]) -> None:
    with a_result_or_one_sentence(TypeError, ValueError, AttributeError):  # what the loader turns into one sentence
        config = SliceConfig.from_dict(json.loads(json.dumps(values)))
        assert sum(config.trunk.blocks) < 1000


@pytest.mark.parametrize("nested", ["[" * 100_000 + "]" * 100_000, '{"a":' * 500 + "0" + "}" * 500])
def test_a_card_nested_without_end_is_refused(nested: str, weights: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(f'{{"architecture": "patches", "channels": {nested}}}')
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(nested)) + nested.encode())
    use(tmp_path)
    with pytest.raises(CheckpointError, match="nested too deeply"):
        read_config(tmp_path)
    with pytest.raises(CatalogueError):
        check_weights(tmp_path / "model.safetensors")


def test_a_part_that_is_the_whole_again_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path, "config.json", {**WHOLE, "components": {"mask_model": {"path": "."}}})
    use(tmp_path)


def test_weights_that_are_no_file_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path, "config.json", CARD)
    for make in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path)):
        path = tmp_path / "model.safetensors"
        make(path)
        with pytest.raises(CheckpointError, match="has no model"):
            load_checkpoint(tmp_path)
        path.rmdir() if path.is_dir() else path.unlink()


def a_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 100)
        archive.writestr("archive/data/0", bytes(200))
    return stream.getvalue()


@cases(200)
@given(content=mutated(a_zip()) | st.binary(max_size=100).map(lambda rest: b"PK\3\4" + rest))
def test_a_damaged_pt_file_is_whole_or_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    with a_result_or_one_sentence(CatalogueError):
        check_weights(tmp_path / "model.pt")


def test_a_pt_file_that_would_unpack_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(10_000_000))
    with pytest.raises(CatalogueError, match="damaged"):
        check_weights(tmp_path / "model.pt")


@cases(250)
@given(manifest=with_changes(MANIFEST, *WORDS, "../x", "a\\..\\..\\b", "C:\\x"))
def test_a_manifest_that_says_anything_is_read_or_refused(manifest: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path, MANIFEST_NAME, manifest)
    with a_result_or_one_sentence(CatalogueError):
        read = read_manifest(tmp_path)
        assert read is not None
        assert all(is_inside(file.path) for file in read.files)


@cases(200)
@given(content=with_changes(REGISTRY, *WORDS, "../x"))
def test_a_list_of_models_that_says_anything_is_read_or_refused(content: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path, "models.json", content)
    with a_result_or_one_sentence(CatalogueError):
        for model in Registry(tmp_path / "models.json").models():
            assert model.size_bytes >= 0 or model.files
            assert all(is_inside(file.path) for file in model.files)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../../x", "C:/x", "C:x", "\\\\server\\x", "a\\..\\..\\x", "", ".", "a\0", "//x"]
)
def test_paths_that_lead_out_of_a_folder_are_known(path: str) -> None:
    assert not is_inside(path)


def test_paths_that_stay_inside_are_known() -> None:
    assert all(map(is_inside, ["x", "a/b.json", "..a/b..", "a b/ü.safetensors"]))


@pytest.fixture(scope="module")
def an_entry() -> CatalogueEntry:
    return next(
        entry
        for entry in read_catalogue().entries
        if not entry.is_bundled and entry.formats[0].chosen(("config.json", "model.safetensors"))
    )


def a_bundle(folder: Path, entry: CatalogueEntry, content: bytes) -> None:
    from hashlib import sha256

    folder.mkdir(parents=True)
    names = [pattern.replace("*", "model") for pattern in entry.formats[0].files]
    for name in names:
        (folder / name).write_bytes(content if name.endswith(".safetensors") else b"{}")
    files = tuple(
        BundledFile(name, (folder / name).stat().st_size, sha256((folder / name).read_bytes()).hexdigest())
        for name in names
    )
    Manifest(entry.name, entry.formats[0].name, entry.repo_id, "0" * 40, "apache-2.0", "https://x", files).write(folder)


def test_a_bundle_whose_files_are_links_out_of_it_is_refused(
    an_entry: CatalogueEntry, weights: bytes, tmp_path: Path
) -> None:
    catalogue, registry = read_catalogue(), Registry(tmp_path / "models.json")
    a_bundle(tmp_path / "good", an_entry, weights)
    import_folder(catalogue, registry, tmp_path / "good", None, tmp_path / "copies")
    a_bundle(tmp_path / "bad", an_entry, weights)
    for file in (tmp_path / "bad").glob("*.safetensors"):
        secret = tmp_path / f"secret of {file.name}"
        file.rename(secret)
        file.symlink_to(secret)
    with pytest.raises(CatalogueError, match="leads out of it"):
        import_folder(catalogue, registry, tmp_path / "bad", None, tmp_path / "copies")


@pytest.mark.parametrize("path", ["../../evil.safetensors", "/tmp/evil.safetensors"])
def test_a_bundle_that_names_files_outside_is_refused_and_writes_nothing(
    path: str, an_entry: CatalogueEntry, weights: bytes, tmp_path: Path
) -> None:
    a_bundle(tmp_path / "bad", an_entry, weights)
    content = json.loads((tmp_path / "bad" / MANIFEST_NAME).read_text("utf-8"))
    content["files"][0]["path"] = path
    write_json(tmp_path / "bad", MANIFEST_NAME, content)
    with pytest.raises(CatalogueError, match="outside the bundle"):
        import_folder(read_catalogue(), Registry(tmp_path / "models.json"), tmp_path / "bad", None, tmp_path / "copies")
    assert not (tmp_path / "copies").exists()
    assert not (tmp_path / "models.json").exists()


# Language models


@pytest.fixture(scope="module")
def language_files() -> dict[str, bytes]:
    folder = bundled_checkpoint() / "language_model"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def load_language(folder: Path, files: dict[str, bytes]) -> None:
    (folder / "language_model").mkdir(exist_ok=True)
    shutil.copy(bundled_checkpoint() / "config.json", folder)
    for name, content in files.items():
        (folder / "language_model" / name).write_bytes(content)
    MedVLSam2Model.from_pretrained(folder, (LANGUAGE,))


@cases(60)
@given(data=st.data())
def test_the_config_of_a_language_model_is_used_or_refused(
    data: st.DataObject, language_files: dict[str, bytes], tmp_path: Path
) -> None:
    card = json.loads(language_files["config.json"])
    changed = data.draw(with_changes(card, *card))
    with a_result_or_one_sentence(CheckpointError):
        load_language(tmp_path, {**language_files, "config.json": json.dumps(changed).encode()})


@pytest.mark.parametrize(
    "name", ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors"]
)
@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"null", b'{"version": 1e400}', None])
def test_damaged_files_of_a_language_model_are_used_or_refused(
    name: str, content: bytes | None, language_files: dict[str, bytes], tmp_path: Path
) -> None:
    left = {other: whole for other, whole in language_files.items() if other != name}
    with a_result_or_one_sentence(CheckpointError):
        load_language(tmp_path, left if content is None else {**left, name: content})


def test_a_tokenizer_that_was_not_taught_its_tokens_is_refused(
    language_files: dict[str, bytes], tmp_path: Path
) -> None:
    untaught = {name: content for name, content in language_files.items() if name != "tokenizer.json"}
    with pytest.raises(CheckpointError, match=r"lacks .*; copy the checkpoint again"):
        load_language(tmp_path, untaught)
