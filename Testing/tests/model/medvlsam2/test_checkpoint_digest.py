"""The hash by which a checkpoint is told from another."""

from __future__ import annotations

from pathlib import Path

import pytest

from MedVLSAM2Lib.model.medvlsam2 import checkpoint_digest as module
from MedVLSAM2Lib.model.medvlsam2.checkpoint_digest import checkpoint_digest


@pytest.fixture
def a_folder(tmp_path: Path) -> Path:
    (tmp_path / "part").mkdir()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "part" / "model.safetensors").write_bytes(bytes(range(256)) * 40)
    return tmp_path


def test_every_byte_and_every_name_counts_and_the_card_does_not(a_folder: Path) -> None:
    before = checkpoint_digest(a_folder)
    (a_folder / "MODEL_CARD.md").write_text("# A card")
    assert checkpoint_digest(a_folder) == before
    (a_folder / "config.json").write_text("{ }")
    changed = checkpoint_digest(a_folder)
    (a_folder / "part").rename(a_folder / "another")
    assert len({before, changed, checkpoint_digest(a_folder)}) == 3


def test_a_large_file_counts_by_its_size_and_its_ends(a_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WHOLE_UP_TO_BYTES", 4096)
    monkeypatch.setattr(module, "_END_BYTES", 512)
    weights = a_folder / "part" / "model.safetensors"
    digests = [checkpoint_digest(a_folder)]
    for place in (0, weights.stat().st_size - 1):
        with weights.open("r+b") as file:
            file.seek(place)
            file.write(b"\x07")
        digests.append(checkpoint_digest(a_folder))
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert len({*digests, checkpoint_digest(a_folder)}) == 4
