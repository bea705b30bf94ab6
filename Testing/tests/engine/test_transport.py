from __future__ import annotations

import io
import os
import struct

import pytest

from MedVLSAM2Lib.engine.transport import (
    LARGEST_HEADER,
    MAGIC,
    Frame,
    TransportError,
    TruncatedError,
    read_frame,
    write_frame,
)

FRAME = Frame({"is": "Anything", "text": "Schädel", "numbers": [1, 2.5, None]}, (b"", b"\x00\xff" * 700, b"x"))


def as_bytes(frame: Frame) -> bytes:
    stream = io.BytesIO()
    write_frame(stream, frame)
    return stream.getvalue()


def test_frames_arrive_in_order_as_they_were_written() -> None:
    stream = io.BytesIO(as_bytes(FRAME) + as_bytes(Frame({})) + as_bytes(FRAME))

    assert [read_frame(stream) for _ in range(4)] == [FRAME, Frame({}), FRAME, None]


def test_a_frame_cut_off_anywhere_is_an_error_and_not_a_message() -> None:
    whole = as_bytes(FRAME)

    for length in range(1, len(whole)):
        with pytest.raises(TruncatedError, match="broke inside a message"):
            read_frame(io.BytesIO(whole[:length]))


def test_a_print_between_frames_is_recognised() -> None:
    stream = io.BytesIO(as_bytes(FRAME) + b"Downloading model ...\n" + as_bytes(FRAME))
    read_frame(stream)

    with pytest.raises(TransportError, match=r"something other than messages .*Down"):
        read_frame(stream)


@pytest.mark.parametrize(
    "prefix",
    [
        struct.pack("<4sII", MAGIC, LARGEST_HEADER + 1, 0),
        struct.pack("<4sII", MAGIC, 2, 2**32 - 1),
        struct.pack("<4sIIQ", MAGIC, 2, 1, 2**63) + b"{}",
    ],
    ids=["header", "count", "attachment"],
)
def test_absurd_lengths_are_refused_before_anything_is_read(prefix: bytes) -> None:
    with pytest.raises(TransportError, match="larger than the engine accepts"):
        read_frame(io.BytesIO(prefix))


@pytest.mark.parametrize("header", [b"{nonsense", b"[1,2]", b"\xff\xfe{}"])
def test_a_header_that_is_no_json_object_is_refused(header: bytes) -> None:
    with pytest.raises(TransportError, match="header"):
        read_frame(io.BytesIO(struct.pack("<4sII", MAGIC, len(header), 0) + header))


def test_writing_to_a_side_that_is_gone_is_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb", buffering=0) as stream, pytest.raises(TransportError, match="broke while writing"):
        write_frame(stream, FRAME)


def test_writing_tells_how_far_it_is() -> None:
    written: list[int] = []
    stream = io.BytesIO()

    write_frame(stream, Frame({}, (bytes(3 * 2**20),)), written.append)

    assert len(written) == 4
    assert sum(written) == len(stream.getvalue())
