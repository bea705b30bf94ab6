"""The checklist of the Extensions Index: what it checks by program, and what its maintainers look for."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from PIL import Image

from extension_files import ROOT

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

_FIELDS = ("HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")
_CMAKE = (ROOT / "CMakeLists.txt").read_text("utf-8")
_README = (ROOT / "README.md").read_text(encoding="utf-8")
_NAME = "MedVLSAM2"
_ENTRY: dict[str, Any] = json.loads((ROOT / f"{_NAME}.json").read_text("utf-8"))
# The fields of version 1.0.1 of the catalogue's schema, and what each must be.
_SCHEMA = {
    "$schema": str, "category": str, "scm_url": str, "scm_revision": str, "scm_type": str, "build_dependencies": list,
    "build_subdirectory": str, "enabled": bool, "tier": int,
}  # fmt: skip
_LARGEST_CHECKOUT = 100_000_000
_LARGEST_FILE = 50_000_000


def _field(name: str) -> str:
    found = re.findall(rf'^set\(EXTENSION_{name} "([^"\n]+)"\)$', _CMAKE, re.MULTILINE)
    assert len(found) == 1, f"EXTENSION_{name} must be set once, on one line"
    return str(found[0])


@pytest.mark.parametrize("name", _FIELDS)
def test_every_field_is_set_on_one_line(name: str) -> None:
    assert _field(name).strip()


# The entry of the catalogue


def test_the_entry_follows_the_catalogues_schema() -> None:
    assert _ENTRY["$schema"].endswith("/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert {"$schema", "category", "scm_url"} <= _ENTRY.keys() <= _SCHEMA.keys()
    for name, value in _ENTRY.items():
        assert type(value) is _SCHEMA[name], name
    assert all(isinstance(name, str) for name in _ENTRY["build_dependencies"])
    assert _ENTRY["tier"] in (1, 3, 5)


def test_the_entry_says_what_cmake_says() -> None:
    assert _ENTRY["category"] == _field("CATEGORY")
    assert _ENTRY["build_dependencies"] == _field("DEPENDS").split()
    assert _ENTRY["scm_url"] == f"{_field('HOMEPAGE')}.git"


def test_the_repository_is_called_after_the_extension_and_a_branch_is_built() -> None:
    assert not _NAME.startswith("Slicer")
    assert re.fullmatch(rf"https://github\.com/[\w-]+/Slicer{_NAME}\.git", _ENTRY["scm_url"])
    assert not re.fullmatch("[0-9a-f]{7,40}", _ENTRY["scm_revision"])


def test_the_description_is_one_or_two_sentences() -> None:
    assert len(re.findall(r"[.!?](?: |$)", _field("DESCRIPTION"))) <= 2


# The checkout


def test_the_checkout_is_small() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    sizes = {path: (ROOT / path).stat().st_size for path in run.stdout.split("\0") if (ROOT / path).is_file()}
    assert len(sizes) > 100
    assert sum(sizes.values()) < _LARGEST_CHECKOUT
    assert max(sizes.values()) < _LARGEST_FILE


def test_the_modules_file_imports_what_slicer_has_and_runs_nothing() -> None:
    tree = ast.parse((ROOT / _NAME / f"{_NAME}.py").read_text(encoding="utf-8"))
    imported = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
        else:
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Assign) or is_text, ast.unparse(node)
            calls = (
                [call for call in ast.walk(node) if isinstance(call, ast.Call)] if isinstance(node, ast.Assign) else []
            )
            assert not calls, ast.unparse(node)
    assert imported <= {"qt", "ctk", "vtk", "slicer", *sys.stdlib_module_names}


# The homepage


def test_the_homepage_has_name_picture_publication_and_licence() -> None:
    assert _README.startswith(f"# {_NAME}\n")
    assert re.search(r"!\[[^]]*\]\(Resources/Screenshots/\w+\.png\)", _README)
    assert "arxiv.org/abs/2601.09879" in _README
    assert "[Apache-2.0](LICENSE)" in _README


def test_every_download_and_upload_is_disclosed_and_needs_a_yes() -> None:
    (privacy,) = re.findall(r"^### Privacy\n(.*?)(?=^#)", _README, re.MULTILINE | re.DOTALL)
    for way in (
        "Hugging Face",
        "Python packages",
        "SSH",
        "Nothing else is uploaded, and nothing is counted or reported",
    ):
        assert way in privacy, way
    assert "only after" in privacy


def test_whatever_is_large_can_be_removed_in_the_panel() -> None:
    for ui, button in (("MedVLSAM2.ui", "removeModelButton"), ("Setup.ui", "removeButton")):
        text = (ROOT / _NAME / "Resources" / "UI" / ui).read_text(encoding="utf-8")
        assert f'<widget class="QPushButton" name="{button}">' in text


# Sample data


class SampleDataLogic:
    """Stands for that of Slicer's module Sample Data, which cannot be had here; these are the names of its arguments."""

    registered: ClassVar[list[dict[str, Any]]] = []
    takes: ClassVar = {
        "category", "sampleName", "uris", "fileNames", "nodeNames", "customDownloader", "thumbnailFileName",
        "loadFileType", "loadFiles", "loadFileProperties", "checksums",
    }  # fmt: skip

    @classmethod
    def registerCustomSampleDataSource(cls, **given: Any) -> None:
        assert given.keys() <= cls.takes
        assert all(
            isinstance(given[name], str) for name in ("category", "sampleName", "uris", "fileNames", "nodeNames")
        )
        cls.registered.append(given)


def test_a_sample_is_registered_when_slicer_has_started_and_made_when_it_is_asked_for(
    a_slicer: OffscreenSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    SampleDataLogic.registered = []
    monkeypatch.setitem(sys.modules, "SampleData", SimpleNamespace(SampleDataLogic=SampleDataLogic))
    shown: list[Any] = []
    monkeypatch.setattr(slicer.util, "setSliceViewerLayers", lambda **given: shown.append(given["background"]))
    a_slicer.load_module(ROOT / _NAME / f"{_NAME}.py")
    assert SampleDataLogic.registered == []
    slicer.app.complete_startup()
    (sample,) = SampleDataLogic.registered
    with Image.open(sample["thumbnailFileName"]) as thumbnail:
        assert thumbnail.size == (64, 64)
    sample["customDownloader"](None)
    (node,) = shown
    assert node.GetName() == sample["sampleName"] == "CT phantom"
    assert min(node.GetImageData().GetDimensions()) > 100


def test_the_project_has_the_extensions_name() -> None:
    assert re.search(r"^project\(MedVLSAM2\)$", _CMAKE, re.MULTILINE)


@pytest.mark.parametrize("name", ["HOMEPAGE", "ICONURL", "SCREENSHOTURLS"])
def test_addresses_are_https_and_end_as_they_should(name: str) -> None:
    for url in _field(name).split():
        assert url.startswith("https://")
        assert name == "HOMEPAGE" or url.endswith(".png")


def test_icon_and_screenshots_are_in_the_repository() -> None:
    for url in [_field("ICONURL"), *_field("SCREENSHOTURLS").split()]:
        assert (ROOT / url.split("/main/")[1]).is_file()


def test_torch_comes_from_the_pytorch_extension() -> None:
    assert _field("DEPENDS").split() == ["PyTorch"]


@pytest.mark.parametrize(
    ("path", "size"), [("Resources/MedVLSAM2.png", 128), ("MedVLSAM2/Resources/Icons/MedVLSAM2.png", 64)]
)
def test_icons_are_square_and_of_slicers_size(path: str, size: int) -> None:
    with Image.open(ROOT / path) as icon:
        assert icon.size == (size, size)


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
