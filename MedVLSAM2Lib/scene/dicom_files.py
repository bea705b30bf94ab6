"""The DICOM files a volume came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

_PREAMBLE, _MAGIC = 128, b"DICM"


def dicom_files_of(volume_node: Any) -> tuple[Path, ...]:
    """The files of the series, as far as they are there: by Slicer's DICOM database, or those the volume was read from.

    Empty when the volume did not come from DICOM.
    """
    by_database = _in_database((volume_node.GetAttribute("DICOM.instanceUIDs") or "").split())
    return by_database or tuple(path for path in _files_read(volume_node) if _is_dicom(path))


def _in_database(instance_uids: list[str]) -> tuple[Path, ...]:
    database = getattr(slicer, "dicomDatabase", None)
    if database is None:
        return ()
    paths = [Path(file) for file in map(database.fileForInstance, instance_uids) if file]
    return tuple(path for path in paths if path.is_file())


def _files_read(volume_node: Any) -> list[Path]:
    storage = volume_node.GetStorageNode()
    if storage is None:
        return []
    names = [storage.GetNthFileName(n) for n in range(storage.GetNumberOfFileNames())] or [storage.GetFileName()]
    return [Path(name) for name in names if name]


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(_PREAMBLE)
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False
