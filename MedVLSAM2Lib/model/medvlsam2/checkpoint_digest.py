"""What tells one checkpoint from another: a hash over all of its parts, for reports and audit trails."""

from __future__ import annotations

import hashlib
from pathlib import Path

_WHOLE_UP_TO_BYTES = 2**30
_END_BYTES = 2**20
_LEFT_OUT = frozenset({"MODEL_CARD.md"})


def checkpoint_digest(folder: Path) -> str:
    """SHA-256, in hexadecimal, over names and hashes of the files in a checkpoint's folder, its card left out.

    Of a file of more than 1 GiB the size and the first and the last MiB count: to read all of it would take longer than to
    load the model, and training changes every tensor. Parts in hub repositories count by their names and revisions, which
    stand in ``config.json``.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _LEFT_OUT):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + _digest_of(path))
    return digest.hexdigest()


def _digest_of(path: Path) -> bytes:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _WHOLE_UP_TO_BYTES:
            return hashlib.file_digest(file, "sha256").digest()
        ends = hashlib.sha256(str(size).encode() + file.read(_END_BYTES))
        file.seek(-_END_BYTES, 2)
        ends.update(file.read())
        return ends.digest()
