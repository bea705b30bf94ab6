"""What the engine tells its caller, besides the results themselves."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.engine.protocol import ModelInfo
from MedVLSAM2Lib.results import Event, Failure


@dataclass(frozen=True)
class Done:
    """The request's last event: it worked. ``model`` is told when it loaded one."""

    model: ModelInfo | None = None


@dataclass(frozen=True)
class Cancelled:
    """The request's last event: it was cancelled, and every mask is what it was before."""


@dataclass(frozen=True)
class WorkerInfo:
    """The worker that answers.

    Attributes:
        version: of MedVLSAM2 on its side.
        python: version of its interpreter.
        models: the kinds of mask model it can load.
        model: the model in use; None until one is loaded.
    """

    version: str
    python: str
    models: tuple[str, ...]
    model: ModelInfo | None = None


@dataclass(frozen=True)
class WorkerReady:
    """The engine was started and answers."""

    worker: WorkerInfo


@dataclass(frozen=True)
class WorkerRestarted:
    """The engine had stopped, was started again, and everything is as it was before.

    Attributes:
        reason: one sentence: why it had stopped.
        replayed: how many earlier requests were done again.
        detail: the end of its log.
    """

    reason: str
    replayed: int
    detail: str = ""


Payload = Event | Failure | Done | Cancelled | WorkerReady | WorkerRestarted


@dataclass(frozen=True)
class EngineEvent:
    """One thing the engine has to tell.

    Attributes:
        request: the id the client's method returned; 0 when it is about the engine itself.
        volume_id: the volume it is about, or empty.
        object_id: the object it is about, or empty.
        payload: what happened. Done, Cancelled or Failure is a request's last event.
    """

    request: int
    volume_id: str
    object_id: str
    payload: Payload

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes for this request."""
        return isinstance(self.payload, Done | Cancelled | Failure)
