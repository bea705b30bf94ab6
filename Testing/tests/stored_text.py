"""Everything that files say, whatever they are packed in."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_GZIP = b"\x1f\x8b\x08"
_DEEPEST = 4


@dataclass(frozen=True)
class Said:
    """Words that were found.

    Attributes:
        where: the file, and the file in it.
        words: as they stand there.
    """

    where: str
    words: str


def what_is_said(folder: Path, sought: re.Pattern[str]) -> list[Said]:
    """Where the files under ``folder`` say what is ``sought``: in their names, their bytes, or what they are packed of."""
    found = []
    for path in sorted(folder.rglob("*")):
        where = str(path.relative_to(folder))
        found += [Said("a name", hit) for hit in sought.findall(where)]
        if path.is_file():
            found += said_in(where, path.read_bytes(), sought)
    return found


def said_in(where: str, content: bytes, sought: re.Pattern[str]) -> list[Said]:
    """The same of one file's content."""
    return [
        Said(inside, hit)
        for inside, plain in _unpacked(where, content, 0)
        # As bytes, and as Qt and Windows write text.
        for text in (plain.decode("utf-8", "replace"), plain.decode("utf-16-le", "replace"))
        for hit in sought.findall(text)
    ]


def _unpacked(where: str, content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    yield where, content
    if depth == _DEEPEST:
        return
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield f"{where}: its list", name.encode()
                yield from _unpacked(f"{where}: {name}", archive.read(name), depth + 1)
    else:
        # A gzip stream may follow a header of text, as in NRRD.
        for start in (at.start() for at in re.finditer(re.escape(_GZIP), content)):
            unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                plain = unzip.decompress(content[start:])
            except zlib.error:
                continue
            yield from _unpacked(f"{where}: gzip", plain, depth + 1)
