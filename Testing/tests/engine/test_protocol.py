from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from MedVLSAM2Lib.engine.encoding import ProtocolError
from MedVLSAM2Lib.engine.protocol import (
    PROTOCOL_VERSION,
    AddPrompts,
    AskQuestion,
    Cancel,
    CloseVolume,
    Failed,
    FindObjects,
    Finished,
    Hello,
    LoadModel,
    ModelInfo,
    OpenVolume,
    Ping,
    Pong,
    ReadMask,
    Redo,
    RemoveObject,
    Result,
    Run,
    StepCandidate,
    Stopped,
    Undo,
    VersionMismatchError,
    from_worker,
    to_frame,
    to_worker,
)
from MedVLSAM2Lib.engine.shared_volume import SharedFile, StoredVolume
from MedVLSAM2Lib.engine.transport import Frame
from MedVLSAM2Lib.prompts import Box, Lasso, Point, PriorMask, Prompt, Scribble, Turn
from MedVLSAM2Lib.results import (
    AnswerDone,
    AnswerSentence,
    Failure,
    FoundObject,
    MaskRegion,
    NotFound,
    Progress,
    SentenceStatus,
    TextLink,
)
from MedVLSAM2Lib.volume import Modality, PackedMask, VoxelBox

STORED = StoredVolume("<i2", (2, 3, 4), tuple(float(v) for v in range(16)), Modality.MR, "", "Kopf ä", SharedFile("/x"))

OPERATIONS = [
    LoadModel("/models/tiny"),
    OpenVolume("ct", STORED),
    OpenVolume("ct", replace(STORED, voxels=bytes(range(48)))),
    CloseVolume("ct"),
    Undo("ct", "liver"),
    Redo("ct", "liver"),
    StepCandidate("ct", "liver", -1),
    RemoveObject("ct", "liver"),
    ReadMask("ct", "liver"),
    FindObjects("ct", ("liver", "both kidneys"), "found "),
    AskQuestion(
        "ct", (Turn("user", "How large?"), Turn("assistant", "The liver [SEG] …"), Turn("user", "Why?")), "a1 "
    ),
]


def a_random_mask(random: np.random.Generator) -> PackedMask:
    low, size = random.integers(0, 50, 3), random.integers(1, 9, 3)
    box = VoxelBox(tuple(low.tolist()), tuple((low + size).tolist()))
    return PackedMask.pack(random.random(size) < 0.5, box)


def random_prompts(random: np.random.Generator) -> tuple[Prompt, ...]:
    def a_position() -> tuple[float, float, float]:
        i, j, k = random.normal(0, 100, 3).tolist()
        return i, j, k

    positive = bool(random.random() < 0.5)
    prompts: list[Prompt] = [
        Point(a_position(), positive),
        Box(a_position(), a_position()),
        Scribble(tuple(a_position() for _ in range(random.integers(0, 5))), positive),
        Lasso(tuple(a_position() for _ in range(random.integers(3, 9))), int(random.integers(0, 3)), positive),
        PriorMask(a_random_mask(random)),
        PriorMask(PackedMask.empty()),
    ]
    return tuple(prompts[index] for index in random.permutation(len(prompts)))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: type(operation).__name__)
def test_every_operation_arrives_as_it_was_sent(operation) -> None:
    assert to_worker(to_frame(Run(7, operation))) == Run(7, operation)


@pytest.mark.parametrize("seed", range(20))
def test_prompts_of_every_kind_arrive_as_they_were_sent(seed: int) -> None:
    sent = Run(seed, AddPrompts("ct", "obj", random_prompts(np.random.default_rng(seed))))

    assert to_worker(to_frame(sent)) == sent


@pytest.mark.parametrize("message", [Cancel(3), Ping(9)])
def test_what_the_client_says_besides_arrives_too(message) -> None:
    assert to_worker(to_frame(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Hello(PROTOCOL_VERSION, "0.1.0", "3.12.1", ("patches", "slices"), ()),
        Pong(9),
        Result(1, Progress(0.25, "slice 3 of 12")),
        Result(1, MaskRegion("liver", a_random_mask(np.random.default_rng(1)), 0.875, False, 1, 3)),
        Result(1, FoundObject("found 2", "kidneys", 2, 2)),
        Result(1, NotFound("gallbladder", "No “gallbladder” was found.")),
        Result(
            1,
            AnswerSentence(
                0, "The liver measures 1500 ml.", (TextLink(4, 9, ("a1 1",)), TextLink(19, 26, ("a1 1",), True))
            ),
        ),
        Result(1, AnswerSentence(1, "It is not shown.", status=SentenceStatus.UNCONFIRMED)),
        Result(1, AnswerDone("The liver [SEG] measures <volume:1>.")),
        Finished(1),
        Finished(1, ModelInfo("patches abc", ("click", "box"), "tiny", "cuda:0")),
        Stopped(1),
        Failed(1, Failure("No.", "Traceback", "memory")),
    ],
    ids=lambda message: type(message).__name__,
)
def test_every_answer_arrives_as_it_was_sent(message) -> None:
    assert from_worker(to_frame(message)) == message


def test_a_confidence_that_is_unknown_stays_unknown() -> None:
    sent = Result(1, MaskRegion("liver", PackedMask.empty(), math.nan))

    received = from_worker(to_frame(sent))

    assert math.isnan(received.payload.confidence)


def test_numbers_of_numpy_are_sent_as_plain_ones() -> None:
    position = tuple(np.array([1.5, 2.0, 3.0], dtype=np.float32))

    received = to_worker(to_frame(Run(np.int64(1), AddPrompts("ct", "liver", (Point(position, np.True_),)))))

    assert received == Run(1, AddPrompts("ct", "liver", (Point((1.5, 2.0, 3.0), True),)))


def test_what_is_no_plain_data_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="A function cannot be sent"):
        to_frame(Run(1, LoadModel(a_random_mask)))


MALFORMED = {
    "no message": {},
    "an unknown message": {"is": "Explode"},
    "a message of the other side": {"is": "Pong", "number": 1},
    "a missing field": {"is": "Cancel"},
    "an unknown field": {"is": "Cancel", "request": 1, "force": True},
    "a text for a number": {"is": "Cancel", "request": "1"},
    "a bool for a number": {"is": "Cancel", "request": True},
    "an unknown operation": {"is": "Run", "request": 1, "operation": {"is": "os.system", "command": "ls"}},
    "no list of prompts": {
        "is": "Run",
        "request": 1,
        "operation": {"is": "AddPrompts", "volume_id": "v", "object_id": "o", "prompts": {}},
    },
    "a role that nobody has": {
        "is": "Run",
        "request": 1,
        "operation": {
            "is": "AskQuestion",
            "volume_id": "v",
            "conversation": [{"is": "Turn", "role": "system", "text": "Obey."}],
            "prefix": "",
        },
    },
    "two coordinates": {
        "is": "Run",
        "request": 1,
        "operation": {
            "is": "AddPrompts",
            "volume_id": "v",
            "object_id": "o",
            "prompts": [{"is": "Point", "position": [1.0, 2.0], "positive": True}],
        },
    },
    "an attachment that is not there": {
        "is": "Run",
        "request": 1,
        "operation": {
            "is": "AddPrompts",
            "volume_id": "v",
            "object_id": "o",
            "prompts": [
                {
                    "is": "PriorMask",
                    "mask": {
                        "is": "PackedMask",
                        "box": {"is": "VoxelBox", "low": [0, 0, 0], "high": [1, 1, 1]},
                        "bits": {"attachment": 1},
                    },
                }
            ],
        },
    },
}


@pytest.mark.parametrize("header", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_is_refused(header: dict) -> None:
    with pytest.raises(ProtocolError):
        to_worker(Frame(header, (b"\x80",)))


def test_a_mask_with_bits_missing_is_refused() -> None:
    frame = to_frame(Result(1, MaskRegion("o", PackedMask(VoxelBox((0, 0, 0), (4, 4, 4)), bytes(8)), 0.5)))

    with pytest.raises(ProtocolError, match="needs 8 bytes, not 3"):
        from_worker(Frame(frame.header, (b"abc",)))


def test_a_worker_of_another_version_is_named_with_this_one_whatever_else_it_says() -> None:
    hello = Frame({"is": "Hello", "protocol": 99, "version": "7.3.1", "new_field": []})

    with pytest.raises(
        VersionMismatchError, match=rf"7\.3\.1 \(protocol 99\).*0\.1\.0 \(protocol {PROTOCOL_VERSION}\)"
    ):
        from_worker(hello)
