"""Slicer installs what CMake lists, and nothing else."""

from __future__ import annotations

import pytest

from extension_files import FILE_LISTS, FileList


@pytest.mark.parametrize("file_list", FILE_LISTS, ids=lambda file_list: file_list.cmake)
def test_every_file_is_listed_once_and_every_listed_file_is_there(file_list: FileList) -> None:
    assert file_list.missing() == [], f"list these in {file_list.cmake}"
    assert file_list.in_vain() == [], f"take these out of {file_list.cmake}"
    assert len(file_list.listed()) == len(set(file_list.listed()))
