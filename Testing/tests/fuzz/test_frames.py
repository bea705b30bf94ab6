"""Whatever comes through the pipe is a message, or is refused in one sentence; nothing hangs and nothing is guessed."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from MedVLSAM2Lib.engine.encoding import ProtocolError, encode
from MedVLSAM2Lib.engine.protocol import AddPrompts, OpenVolume, Run, from_worker, to_frame, to_worker
from MedVLSAM2Lib.engine.shared_volume import SharedFile, StoredVolume, open_stored_volume
from MedVLSAM2Lib.engine.transport import (
    LARGEST_ATTACHMENT,
    LARGEST_HEADER,
    MAGIC,
    Frame,
    TransportError,
    read_frame,
    write_frame,
)
from MedVLSAM2Lib.engine.worker import serve
from MedVLSAM2Lib.prompts import Box, Lasso, Phrase, Point, PriorMask, Scribble
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VolumeError
from tests.fuzz.cases import a_result_or_one_sentence, cases, json_values, mutated, with_changes

BLOCK = PackedMask.pack(np.ones((2, 3, 4), bool))
PROMPTS = (
    Point((1.0, 2.0, 3.0)),
    Box((0.0, 0.0, 0.0), (3.0, 3.0, 1.0)),
    Scribble(((1.0, 1.0, 1.0), (2.0, 2.0, 1.0)), False),
    Lasso(((0.0, 0.0, 1.0), (4.0, 0.0, 1.0), (4.0, 4.0, 1.0)), 2),
    PriorMask(BLOCK),
    Phrase("liver"),
)
MESSAGE = Run(1, AddPrompts("ct", "liver", PROMPTS))
STORED = StoredVolume(
    "<i2",
    (2, 3, 4),
    tuple(np.eye(4).ravel().tolist()),
    Modality.CT,
    "HU",
    "a scan",
    np.arange(24, dtype="<i2").tobytes(),
)
TAGS = ("is", "attachment", "Run", "AddPrompts", "Point", "PriorMask", "PackedMask", "VoxelBox", "Hello", "Result")


def as_bytes(frame: Frame) -> bytes:
    stream = io.BytesIO()
    write_frame(stream, frame)
    return stream.getvalue()


def understand(content: bytes) -> None:
    stream = io.BytesIO(content)
    while (frame := read_frame(stream)) is not None:
        for decode in (to_worker, from_worker):
            with a_result_or_one_sentence(ProtocolError):
                decode(frame)


def raw_frame(header: bytes, attachments: tuple[bytes, ...] = ()) -> bytes:
    lengths = struct.pack(f"<{len(attachments)}Q", *map(len, attachments))
    return MAGIC + struct.pack("<II", len(header), len(attachments)) + lengths + header + b"".join(attachments)


@cases(400)
@given(content=st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: MAGIC + rest))
def test_random_bytes_are_no_message(content: bytes) -> None:
    with a_result_or_one_sentence(TransportError):
        understand(content)


@cases(500)
@given(content=mutated(as_bytes(to_frame(MESSAGE))))
def test_a_damaged_message_is_understood_or_refused(content: bytes) -> None:
    with a_result_or_one_sentence(TransportError):
        understand(content)


@cases(300)
@given(
    header=st.sampled_from([0, 2, LARGEST_HEADER, LARGEST_HEADER + 1, 2**32 - 1]) | st.integers(0, 2**32 - 1),
    lengths=st.lists(
        st.sampled_from([0, 1, LARGEST_ATTACHMENT, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1), max_size=5
    ),
    count=st.none() | st.integers(0, 2**32 - 1),
)
def test_lengths_that_nothing_follows_take_no_memory_and_are_refused(
    header: int, lengths: list[int], count: int | None
) -> None:
    prefix = MAGIC + struct.pack("<II", header, len(lengths) if count is None else count)
    with a_result_or_one_sentence(TransportError):
        read_frame(io.BytesIO(prefix + struct.pack(f"<{len(lengths)}Q", *lengths) + b"{}"))


@cases(500)
@given(value=st.dictionaries(st.sampled_from(TAGS), json_values(*TAGS), max_size=5))
def test_any_json_object_is_a_message_or_refused(value: dict[str, Any]) -> None:
    with a_result_or_one_sentence(TransportError):
        understand(raw_frame(json.dumps(value).encode(), (BLOCK.bits,)))


@cases(500)
@given(value=with_changes(encode(MESSAGE, []), *TAGS))
def test_a_message_with_other_values_in_it_is_understood_or_refused(value: dict[str, Any]) -> None:
    with a_result_or_one_sentence(TransportError):
        understand(raw_frame(json.dumps(value).encode(), (BLOCK.bits,)))


@cases(60)
@given(
    depth=st.integers(1, 200_000),
    brackets=st.sampled_from([("[", "]"), ('{"is":', "}"), ('{"request":[', "]}")]),
    tag=st.sampled_from(["Run", "Cancel", "Hello", "Nothing"]),
)
def test_json_nested_without_end_is_refused(depth: int, brackets: tuple[str, str], tag: str) -> None:
    bomb = brackets[0] * depth + "0" + brackets[1] * depth
    with a_result_or_one_sentence(TransportError):
        understand(raw_frame(f'{{"is":"{tag}","request":{bomb},"protocol":{bomb}}}'.encode()))


@pytest.mark.parametrize("number", ["1" * 4000, "9" * 1_000_000, "1e999", "-1e999", "NaN"])
def test_numbers_that_no_machine_holds_are_refused_or_kept(number: str) -> None:
    point = f'{{"is":"Point","position":[{number},0,0],"positive":true}}'
    operation = f'{{"is":"AddPrompts","volume_id":"a","object_id":"b","prompts":[{point}]}}'
    with a_result_or_one_sentence(TransportError):
        understand(raw_frame(f'{{"is":"Run","request":1,"operation":{operation}}}'.encode()))


@cases(300)
@given(
    dtype=st.text(max_size=8) | st.sampled_from(["<i2", "f8", "O", "V4", "(2,3", "i4,,", "f4,f4", "U3", "M8[s]", "?"]),
    shape=st.tuples(*[st.integers(-2, 5) | st.sampled_from([2**31, 2**63, 10**30])] * 3),
    matrix=st.lists(st.floats(), max_size=17).map(tuple) | st.just(STORED.ijk_to_ras),
    voxels=st.binary(max_size=60)
    | st.just(STORED.voxels)
    | st.sampled_from(["", "/", "/dev/null", "/nowhere", "\0", "x" * 5000, __file__]).map(SharedFile),
)
def test_a_stored_volume_is_opened_or_refused(
    dtype: str, shape: tuple[int, int, int], matrix: tuple[float, ...], voxels: bytes | SharedFile
) -> None:
    with a_result_or_one_sentence(VolumeError):
        opened = open_stored_volume(StoredVolume(dtype, shape, matrix, Modality.CT, "HU", "a scan", voxels))
        assert isinstance(opened, Volume)


@cases(60)
@given(content=mutated(as_bytes(to_frame(Run(1, OpenVolume("ct", STORED)))) + as_bytes(to_frame(MESSAGE))))
def test_a_worker_that_hears_damaged_messages_says_hello_and_ends(content: bytes) -> None:
    said = io.BytesIO()
    serve(io.BytesIO(content), said)
    said.seek(0)
    first = read_frame(said)
    assert first is not None
    assert first.header["is"] == "Hello"
