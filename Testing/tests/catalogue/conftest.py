"""A hub that has one small model, a store that downloads from it, and the model's files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import huggingface_hub.constants
import huggingface_hub.file_download
import numpy as np
import pytest
from safetensors.numpy import save

from MedVLSAM2Lib.catalogue import Catalogue, CatalogueEntry, FileFormat, Hub, Licence, MemoryNeed, ModelStore
from tests.catalogue.fake_hub import FakeHub

REPO_ID = "lab/small-model"


def _pt_file(content: bytes) -> bytes:
    """A zip archive, as torch writes."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    return stream.getvalue()


@pytest.fixture(scope="session")
def the_files() -> dict[str, bytes]:
    weights = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    return {
        "config.json": b'{"hidden_size": 8}\n',
        "model.safetensors": save({"weight": weights}),
        "small.pt": _pt_file(weights.tobytes()),
        "README.md": b"# A small model\n",
        "notes.txt": b"of no use here\n",
    }


@pytest.fixture
def a_catalogue(the_files: dict[str, bytes]) -> Catalogue:
    def size(*names: str) -> int:
        return sum(len(the_files[name]) for name in names)

    safetensors = FileFormat(
        "safetensors",
        ("config.json", "*.safetensors"),
        ("README.md",),
        size("config.json", "model.safetensors", "README.md"),
    )
    entry = CatalogueEntry(
        name="small",
        title="The small model",
        kind="slices",
        repo_id=REPO_ID,
        licence=Licence("apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        formats=(safetensors, FileFormat("pt", ("small.pt",), (), size("small.pt"))),
        capabilities=("click",),
        parameters=100_000,
        image_size=512,
        memory=MemoryNeed(1_000_000, 1_000_000),
        trained_on=("noise",),
        sources={},
        unverified=(),
    )
    return Catalogue((entry,))


@pytest.fixture
def a_hub(the_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """It answers in small pieces, so that a cut connection leaves something behind, and no retry is waited for."""
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 16_384)
    monkeypatch.setattr(huggingface_hub.file_download.time, "sleep", lambda _: None)
    fake = FakeHub({REPO_ID: dict(the_files)})
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def a_store(a_hub: FakeHub, a_catalogue: Catalogue, tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "data", Hub(tmp_path / "cache", a_hub.endpoint), a_catalogue)
