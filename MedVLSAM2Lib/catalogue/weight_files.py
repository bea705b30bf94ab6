"""Whether a weights file is whole, told from its structure: nothing in it is unpickled or run."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from MedVLSAM2Lib.catalogue.errors import CatalogueError
from MedVLSAM2Lib.plain_json import parse_json

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000  # as the safetensors library has it


def check_weights(path: Path) -> None:
    """CatalogueError with one sentence when a ``.safetensors`` or ``.pt`` file is cut off or no such file.

    Other files pass: their content is checked by whoever reads them.
    """
    if path.suffix == ".safetensors":
        _check_safetensors(path)
    elif path.suffix in {".pt", ".pth", ".bin"}:
        _check_pt(path)


def _check_safetensors(path: Path) -> None:
    """The header tells where the last tensor ends (huggingface.co/docs/safetensors, "Format")."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_LENGTH_BYTES)
        length = struct.unpack("<Q", start)[0] if len(start) == _LENGTH_BYTES else size
        header = file.read(length) if length < min(size, _LARGEST_HEADER) else b""
    try:
        tensors = {name: value for name, value in parse_json(header).items() if name != "__metadata__"}
        end = max((int(value["data_offsets"][1]) for value in tensors.values()), default=0)
    except (ValueError, AttributeError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise CatalogueError(f"{path} is no safetensors file, or only its beginning; copy it again.") from error
    expected = _LENGTH_BYTES + length + end
    if size != expected:
        raise CatalogueError(f"{path} has {size} bytes where its header speaks of {expected}; copy it again.")


def _check_pt(path: Path) -> None:
    """torch writes a zip archive whose directory is at the end, with a checksum for each member."""
    try:
        with zipfile.ZipFile(path) as archive:
            # torch packs nothing: what is packed is not its own, and might unpack without end.
            packed = [member.filename for member in archive.infolist() if member.compress_type != zipfile.ZIP_STORED]
            damaged = packed[0] if packed else archive.testzip()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
        raise CatalogueError(f"{path} is no weights file of torch, or only its beginning; copy it again.") from error
    if damaged is not None:
        raise CatalogueError(f"{path} is damaged at {damaged}; copy it again.")
