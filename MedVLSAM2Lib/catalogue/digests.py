"""Fingerprints of files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    return _digest(path, hashlib.sha256())


def git_blob_id_of(path: Path) -> str:
    """The id that git, and the hub for files outside Git LFS, gives a file's content: SHA-1 of a header and the content."""
    header = f"blob {path.stat().st_size}\0".encode()
    return _digest(path, hashlib.sha1(header, usedforsecurity=False))


def _digest(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    text: str = digest.hexdigest()
    return text
