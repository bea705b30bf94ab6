"""Parts of a checkpoint that a hub's repository holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.catalogue import ModelStore
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource
from MedVLSAM2Lib.session.catalogued_parts import CataloguedParts


class BundledStore(ModelStore):
    """Has one repository: the bundled checkpoint."""

    def folder(self, name: str, format_name: str | None = None, revision: str = "") -> Path:
        return bundled_checkpoint().parent


@pytest.fixture
def parts(tmp_path: Path) -> CataloguedParts:
    return CataloguedParts(BundledStore(tmp_path))


def test_a_part_lies_in_its_folder_of_the_repository(parts: CataloguedParts) -> None:
    assert parts.folder(ComponentSource(repo_id="a/b", subfolder="tiny")) == bundled_checkpoint()


def test_a_part_outside_the_repository_is_refused(parts: CataloguedParts) -> None:
    with pytest.raises(CheckpointError, match="outside a/b"):
        parts.folder(ComponentSource(repo_id="a/b", subfolder="../../secrets"))


def test_a_part_that_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    parts = CataloguedParts(ModelStore(tmp_path))
    with pytest.raises(CheckpointError, match=r"missing: .*download"):
        parts.folder(ComponentSource(repo_id="facebook/sam2.1-hiera-tiny"))
