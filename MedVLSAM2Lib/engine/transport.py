"""Frames over a pair of binary streams: a JSON header and raw attachments.

On the wire: ``MVS2``, the header's length, the number of attachments (both uint32), each attachment's length (uint64),
all little endian; then the header as UTF-8 JSON, then the attachments.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from MedVLSAM2Lib.plain_json import parse_json

MAGIC = b"MVS2"
CHUNK_BYTES = 2**20
LARGEST_HEADER = 64 * 2**20
LARGEST_ATTACHMENT = 32 * 2**30  # all of a message's together
MOST_ATTACHMENTS = 4096
_COUNTS = struct.Struct("<II")


class TransportError(Exception):
    """The stream broke or holds something other than frames; the message is one sentence."""


class TruncatedError(TransportError):
    """The stream ended inside a frame: the other side went while it was writing."""


@dataclass(frozen=True)
class Frame:
    """One message as it travels: a JSON object and the bytes it refers to."""

    header: dict[str, Any]
    attachments: tuple[bytes, ...] = ()


def write_frame(stream: BinaryIO, frame: Frame, wrote: Callable[[int], None] | None = None) -> None:
    """Write ``frame`` and flush; ``wrote`` is told after every piece (at most CHUNK_BYTES) how long it was.

    TransportError when the other side is gone or the frame is larger than a reader would accept.
    """
    header = json.dumps(frame.header, separators=(",", ":")).encode()
    _check_sizes(len(header), [len(attachment) for attachment in frame.attachments])
    lengths = struct.pack(f"<{len(frame.attachments)}Q", *map(len, frame.attachments))
    prefix = MAGIC + _COUNTS.pack(len(header), len(frame.attachments))
    try:
        for piece in _pieces(prefix + lengths + header, *frame.attachments):
            stream.write(piece)
            if wrote is not None:
                wrote(len(piece))
        stream.flush()
    except (OSError, ValueError) as error:  # ValueError: the stream was closed here
        raise TransportError(f"The connection broke while writing ({error}).") from error


def read_frame(stream: BinaryIO, took: Callable[[int], None] | None = None) -> Frame | None:
    """The next frame, or None where the stream ends between two frames; ``took`` is told the length of each attachment.

    TruncatedError when it ends inside a frame, TransportError when what comes is not a frame.
    """
    magic = _read(stream, len(MAGIC), at_most=True)
    if not magic:
        return None
    if not MAGIC.startswith(magic):
        raise TransportError(f"The stream holds something other than messages ({magic!r}...).")
    if magic != MAGIC:
        raise TruncatedError("The connection broke inside a message.")
    header_length, attachment_count = _COUNTS.unpack(_read(stream, _COUNTS.size))
    _check_sizes(header_length, [0] * min(attachment_count, MOST_ATTACHMENTS + 1))
    lengths = struct.unpack(f"<{attachment_count}Q", _read(stream, 8 * attachment_count))
    _check_sizes(header_length, lengths)
    header = _parse(_read(stream, header_length))
    attachments = []
    for length in lengths:
        attachments.append(_read(stream, length))
        if took is not None:
            took(length)
    return Frame(header, tuple(attachments))


def claim_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """This process's stdin and stdout as streams for frames alone: (reader, writer).

    Whatever else reads stdin afterwards finds it empty, and whatever else prints, a C library included, prints to
    stderr: nothing can get between the frames.
    """
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.flush()
    os.dup2(2, 1)
    return reader, writer


def _pieces(*parts: bytes) -> Iterator[memoryview]:
    for part in parts:
        view = memoryview(part)
        for start in range(0, len(view), CHUNK_BYTES):
            yield view[start : start + CHUNK_BYTES]


def _read(stream: BinaryIO, length: int, *, at_most: bool = False) -> bytes:
    try:
        data = stream.read(length)
    except (OSError, ValueError) as error:
        raise TransportError(f"The connection broke while reading ({error}).") from error
    except MemoryError as error:
        raise TransportError("A message is larger than the memory of this machine.") from error
    if len(data) < length and not at_most:
        raise TruncatedError("The connection broke inside a message.")
    return data


def _parse(header: bytes) -> dict[str, Any]:
    try:
        content = parse_json(header)
    except ValueError as error:
        raise TransportError(f"A message's header is not readable ({error}).") from error
    if not isinstance(content, dict):
        raise TransportError("A message's header is not a JSON object.")
    return content


def _check_sizes(header: int, attachments: list[int] | tuple[int, ...]) -> None:
    too_large = header > LARGEST_HEADER or sum(attachments) > LARGEST_ATTACHMENT
    if too_large or len(attachments) > MOST_ATTACHMENTS:
        raise TransportError("A message is larger than the engine accepts.")
