"""A folder for a machine without a network: written, checked, installed from and imported."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from MedVLSAM2Lib.catalogue import CatalogueError, Hub, ModelStore
from MedVLSAM2Lib.environment import (
    EnvironmentProblem,
    PackageSource,
    Recipe,
    Requirement,
    make_environment,
    open_pack,
    write_pack,
)
from MedVLSAM2Lib.environment.pack_list import LIST_NAME

HERE = Path(sys.executable)
NAME = "sam2.1-tiny"


@pytest.fixture
def a_store(tmp_path: Path) -> ModelStore:
    """A store with one model, taken from a folder."""
    folder = tmp_path / "models--facebook--sam2.1-hiera-tiny" / "snapshots" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(save({"weight": np.zeros(1000, np.uint8)}))
    store = ModelStore(tmp_path / "data", Hub(tmp_path / "cache"))
    store.import_folder(folder)
    return store


@pytest.fixture
def a_checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "mein Modell é"
    folder.mkdir()
    (folder / "config.json").write_text('{"name": "mine"}')
    return folder


@pytest.fixture
def a_pack(
    an_odd_folder: Path,
    some_wheels: Path,
    the_alpha: Requirement,
    variables: dict[str, str],
    a_store: ModelStore,
    a_checkpoint: Path,
) -> Path:
    folder = an_odd_folder / "pack"
    recipe = Recipe((the_alpha,), None, PackageSource(some_wheels))
    write_pack(folder, HERE, recipe, variables, store=a_store, models=[NAME], checkpoints=[a_checkpoint])
    return folder


def test_it_lists_every_file_with_its_hash_and_is_installed_from_without_a_network(
    a_pack: Path, tmp_path: Path, the_alpha: Requirement, variables: dict[str, str]
) -> None:
    content = json.loads((a_pack / LIST_NAME).read_text(encoding="utf-8"))
    paths = {file["path"] for file in content["files"]}
    assert {"wheels/tiny_alpha-1.0-py3-none-any.whl", "wheels/tiny_beta-2.1-py3-none-any.whl"} <= paths
    assert {f"models/{NAME}/model.safetensors", "checkpoints/mein Modell é/config.json"} <= paths
    assert all(len(file["sha256"]) == 64 for file in content["files"])
    pack = open_pack(a_pack)
    pack.check_python(".".join(map(str, sys.version_info[:3])))
    alone = alone_in_the_world(tmp_path)
    nowhere = {**variables, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    python = make_environment(tmp_path / "new", alone, Recipe((the_alpha,), None, pack.source), nowhere)
    program = "import tiny_alpha; print(tiny_alpha.VERSION)"
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "1.0\n"


def alone_in_the_world(tmp_path: Path) -> Path:
    """A Python in a network namespace of its own, where the system has such; else this one."""
    alone = shutil.which("unshare")
    if alone is None or subprocess.run([alone, "-rn", "true"], capture_output=True, check=False).returncode:
        return HERE
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {alone} -rn {HERE} "$@"\n')
    python.chmod(0o755)
    return python


def test_models_and_checkpoints_come_with_it(a_pack: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "elsewhere", Hub(tmp_path / "no cache"))
    pack = open_pack(a_pack)
    (model,) = pack.import_models(store)
    assert model.name == NAME
    assert store.verify(NAME) == ()
    (checkpoint,) = pack.copy_checkpoints(store)
    assert json.loads((checkpoint / "config.json").read_text("utf-8")) == {"name": "mine"}
    assert pack.copy_checkpoints(store) == (checkpoint,)
    shutil.rmtree(a_pack)
    assert store.verify(NAME) == ()


def change(pack: Path, path: str) -> None:
    (pack / path).write_bytes(b"another content of it")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed wheel": (lambda p: change(p, "wheels/tiny_beta-2.1-py3-none-any.whl"), "has changed since"),
    "a lacking wheel": (lambda p: (p / "wheels/tiny_beta-2.1-py3-none-any.whl").unlink(), "lacks wheels/tiny_beta"),
    "one too many": (lambda p: change(p, "wheels/tiny_beta-9.9-py3-none-any.whl"), "is not in its list"),
    "no list": (lambda p: (p / LIST_NAME).unlink(), f"has no {LIST_NAME}"),
    "half a list": (lambda p: (p / LIST_NAME).write_text('{"files": ['), "is damaged"),
    "a list of something": (lambda p: (p / LIST_NAME).write_text("[1, 2]"), "is damaged"),
    "a newer list": (lambda p: rewrite(p, format_version=9), "is of version 9"),
    "a path out of it": (
        lambda p: rewrite(p, files=[{"path": "../x", "size": 1, "sha256": "0" * 64}]), "lies outside the folder",
    ),
}  # fmt: skip


def rewrite(pack: Path, **changes: object) -> None:
    content = json.loads((pack / LIST_NAME).read_text(encoding="utf-8"))
    (pack / LIST_NAME).write_text(json.dumps({**content, **changes}), encoding="utf-8")


def test_whatever_is_wrong_with_it_is_one_sentence(a_pack: Path, tmp_path: Path) -> None:
    for number, (damage, words) in enumerate(DAMAGE.values()):
        damaged = tmp_path / f"damaged {number}"
        shutil.copytree(a_pack, damaged)
        damage(damaged)
        with pytest.raises(EnvironmentProblem) as raised:
            open_pack(damaged)
        assert words in str(raised.value)
        assert str(raised.value).count(". ") == 0


def test_a_link_out_of_it_is_refused(a_pack: Path, tmp_path: Path) -> None:
    wheel = a_pack / "wheels/tiny_beta-2.1-py3-none-any.whl"
    wheel.rename(tmp_path / "elsewhere.whl")
    wheel.symlink_to(tmp_path / "elsewhere.whl")
    with pytest.raises(EnvironmentProblem, match="a link that leads out of it"):
        open_pack(a_pack)


def test_it_is_for_one_python(a_pack: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"are for Python 3\.\d+\.?\d*, and Python 3\.9\.1 is to be used"):
        open_pack(a_pack).check_python("3.9.1")


def test_what_cannot_be_packed_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, some_wheels: Path, the_alpha: Requirement, variables: dict[str, str], a_store: ModelStore
) -> None:
    good = Recipe((the_alpha,), None, PackageSource(some_wheels))
    with pytest.raises(CatalogueError, match="is not on this machine"):
        write_pack(tmp_path / "pack", HERE, good, variables, store=a_store, models=["medsam2"])
    with pytest.raises(CatalogueError, match=r"has no config\.json"):
        write_pack(tmp_path / "pack", HERE, good, variables, checkpoints=[tmp_path])
    assert not (tmp_path / "pack").exists()
    with pytest.raises(EnvironmentProblem, match="is not an empty folder"):
        write_pack(some_wheels, HERE, good, variables)
    assert len(list(some_wheels.iterdir())) == 2
