"""What the Extensions Index checks before it builds an extension."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from extension_files import ROOT

_FIELDS = ("HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")
_CMAKE = (ROOT / "CMakeLists.txt").read_text()


def _field(name: str) -> str:
    found = re.findall(rf'^set\(EXTENSION_{name} "([^"\n]+)"\)$', _CMAKE, re.MULTILINE)
    assert len(found) == 1, f"EXTENSION_{name} must be set once, on one line"
    return str(found[0])


@pytest.mark.parametrize("name", _FIELDS)
def test_every_field_is_set_on_one_line(name: str) -> None:
    assert _field(name).strip()


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
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
