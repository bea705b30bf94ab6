"""What the client and the worker say to each other: every message, and each as a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.engine.encoding import ProtocolError, decode, encode
from MedVLSAM2Lib.engine.shared_volume import StoredVolume
from MedVLSAM2Lib.engine.transport import Frame
from MedVLSAM2Lib.plain_json import shortened
from MedVLSAM2Lib.prompts import Prompt, Turn
from MedVLSAM2Lib.results import Event, Failure

PROTOCOL_VERSION = 3


@dataclass(frozen=True)
class LoadModel:
    """Use the checkpoint in ``folder`` from now on; objects begun with another one are forgotten.

    An empty ``folder`` is the checkpoint that comes with the worker.
    """

    folder: str


@dataclass(frozen=True)
class OpenVolume:
    """Work on this volume under this name; one of the same name is closed first."""

    volume_id: str
    volume: StoredVolume


@dataclass(frozen=True)
class CloseVolume:
    """Forget the volume and its objects."""

    volume_id: str


@dataclass(frozen=True)
class AddPrompts:
    """Answer these prompts, in source voxel order, for one object."""

    volume_id: str
    object_id: str
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True)
class Undo:
    """Take back the object's last step."""

    volume_id: str
    object_id: str


@dataclass(frozen=True)
class Redo:
    """Do again what was taken back last."""

    volume_id: str
    object_id: str


@dataclass(frozen=True)
class StepCandidate:
    """Show an answer ``step`` places larger (smaller when negative) among those of a first click."""

    volume_id: str
    object_id: str
    step: int


@dataclass(frozen=True)
class RemoveObject:
    """Forget the object."""

    volume_id: str
    object_id: str


@dataclass(frozen=True)
class ReadMask:
    """Tell the object's whole mask as it stands."""

    volume_id: str
    object_id: str


@dataclass(frozen=True)
class FindObjects:
    """Make an object, called ``prefix`` and a number from 1, of everything that the phrases name."""

    volume_id: str
    phrases: tuple[str, ...]
    prefix: str


@dataclass(frozen=True)
class AskQuestion:
    """Answer the conversation's last question; what the answer points at becomes objects, named as by FindObjects."""

    volume_id: str
    conversation: tuple[Turn, ...]
    prefix: str


ObjectOperation = AddPrompts | Undo | Redo | StepCandidate | RemoveObject | ReadMask
"""What concerns one object of one volume."""

VolumeOperation = FindObjects | AskQuestion
"""What makes new objects of one volume, none or many."""

Operation = LoadModel | OpenVolume | CloseVolume | VolumeOperation | ObjectOperation
"""Everything a worker can be asked to do."""


@dataclass(frozen=True)
class Run:
    """Do ``operation`` when those before it are done; all answers carry ``request``."""

    request: int
    operation: Operation


@dataclass(frozen=True)
class Cancel:
    """Stop working on ``request``; nothing happens when it is over already."""

    request: int


@dataclass(frozen=True)
class Ping:
    """Are you there? Answered at once, also while a request runs."""

    number: int


@dataclass(frozen=True)
class Leave:
    """The client leaves in good order: nothing of it is to be kept."""


@dataclass(frozen=True)
class Hello:
    """The worker's first message.

    Attributes:
        protocol: its PROTOCOL_VERSION.
        version: of MedVLSAM2.
        python: version of the interpreter it runs in.
        models: the kinds of mask model it can load.
        kept: digests of voxels that it has already.
    """

    protocol: int
    version: str
    python: str
    models: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class Pong:
    """The answer to the Ping of that number."""

    number: int


@dataclass(frozen=True)
class Taken:
    """So much of a large message has arrived; told several times a second."""

    attachment_bytes: int


@dataclass(frozen=True)
class Result:
    """Something a running request has to tell."""

    request: int
    payload: Event


@dataclass(frozen=True)
class ModelInfo:
    """The model in use.

    Attributes:
        identity: the mask model's kind and a short hash of the checkpoint.
        capabilities: what it was trained for: kinds of prompts, and of ``phrase``, ``question`` and ``report``.
        name: what people call it; empty when the checkpoint does not say.
        device: where it runs, as torch calls it: ``cuda:0``, ``mps``, ``cpu``.
    """

    identity: str
    capabilities: tuple[str, ...]
    name: str = ""
    device: str = "cpu"


@dataclass(frozen=True)
class Finished:
    """The request is done; ``model`` is told when it loaded one."""

    request: int
    model: ModelInfo | None = None


@dataclass(frozen=True)
class Stopped:
    """The request was cancelled and has left nothing behind."""

    request: int


@dataclass(frozen=True)
class Failed:
    """The request did not work and has left nothing behind."""

    request: int
    failure: Failure


ToWorker = Run | Cancel | Ping | Leave
FromWorker = Hello | Pong | Taken | Result | Finished | Stopped | Failed


class VersionMismatchError(ProtocolError):
    """The worker is of another version."""


def to_frame(message: ToWorker | FromWorker) -> Frame:
    """``message`` as a frame; ProtocolError when it holds anything but plain data."""
    attachments: list[bytes] = []
    header = encode(message, attachments)
    return Frame(header, tuple(attachments))


def to_worker(frame: Frame) -> ToWorker:
    """The client's message in ``frame``; ProtocolError when it is none."""
    return cast("ToWorker", decode(ToWorker, frame.header, frame.attachments))


def from_worker(frame: Frame) -> FromWorker:
    """The worker's message in ``frame``; ProtocolError when it is none.

    A Hello of another version raises VersionMismatchError whatever else it holds, for what it holds may have changed,
    and what was done with one version may not come out the same with another.
    """
    header = frame.header
    ours = (PROTOCOL_VERSION, __version__)
    if header.get("is") == "Hello" and (header.get("protocol"), header.get("version")) != ours:
        version, protocol = (shortened(header.get(name)).strip("'") for name in ("version", "protocol"))
        raise VersionMismatchError(
            f"The engine is MedVLSAM2 {version} (protocol {protocol}) and this is "
            f"MedVLSAM2 {__version__} (protocol {PROTOCOL_VERSION}); install the same version on both sides, "
            "then start the engine again."
        )
    return cast("FromWorker", decode(FromWorker, frame.header, frame.attachments))
