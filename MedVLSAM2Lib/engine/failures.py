"""Errors as sentences a person can act on."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from MedVLSAM2Lib.engine.encoding import ProtocolError
from MedVLSAM2Lib.prompts import PromptError
from MedVLSAM2Lib.results import Failure
from MedVLSAM2Lib.shown_paths import without_paths
from MedVLSAM2Lib.volume import VolumeError

# The exit status of a worker whose GPU is gone: nothing works on it any more in that process, and a new one chooses anew.
GPU_LOST_STATUS = 69
_GPU_LOST = "cuda error"
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "failed to allocate")


class EngineError(Exception):
    """The worker cannot do what it was asked; the message is one sentence for the user, ``kind`` as in Failure."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def failure_of(error: BaseException) -> Failure:
    """What to tell about ``error``, raised while a request ran."""
    detail = where_of(error)
    if _is_out_of_memory(error):
        message = "There was not enough memory for this; close other volumes or programs, or choose a smaller model."
        return Failure(message, detail, "memory")
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("MedVLSAM2Lib"):
        message = (
            f"The engine's Python has no {error.name}; install it under Installation, then start the engine again."
        )
        return Failure(message, detail, "internal")
    kind = _kind_of(error)
    if kind is not None:
        return Failure(str(error), detail, kind)
    return Failure(f"Something went wrong in the engine ({type(error).__name__}); see the log.", detail, "internal")


def where_of(error: BaseException) -> str:
    """What went wrong and where in the code, for a log: no folder, and none of our own sentences, which name things.

    They may be called after a patient or a user; what other libraries say is told without paths.
    """
    told = []
    for one in _causes(error):
        frames = traceback.extract_tb(one.__traceback__)
        places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
        words = "" if _kind_of(one) is not None else f": {without_paths(str(one))}"
        told.append(f"{type(one).__name__}{words} at {places}")
    return "\nbecause of ".join(told)


def is_loss_of_gpu(error: BaseException) -> bool:
    """Whether the process can do nothing more on its GPU: it was unplugged, reset, or its driver failed."""
    return any(
        isinstance(one, _if_loaded("torch", "AcceleratorError"))
        or (isinstance(one, RuntimeError) and _GPU_LOST in str(one).lower())
        for one in _causes(error)
        if not _is_out_of_memory(one)
    )


def is_cancellation(error: BaseException) -> bool:
    """Whether ``error`` is a session's word that it stopped because it was told to."""
    return isinstance(error, _if_loaded("MedVLSAM2Lib.session.errors", "Cancelled"))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _kind_of(error: BaseException) -> str | None:
    if isinstance(error, EngineError):
        return error.kind
    if isinstance(error, VolumeError):
        return "volume"
    if isinstance(error, _if_loaded("MedVLSAM2Lib.model.devices", "NotEnoughMemory")):
        return "memory"
    if isinstance(error, _if_loaded("MedVLSAM2Lib.model.checkpoint_error", "CheckpointError")):
        return "checkpoint"
    session_error = _if_loaded("MedVLSAM2Lib.session.errors", "SessionError")
    if isinstance(
        error, (PromptError, session_error, _if_loaded("MedVLSAM2Lib.model.medvlsam2.model", "CapabilityError"))
    ):
        return "prompt"
    return "internal" if isinstance(error, ProtocolError) else None


def _is_out_of_memory(error: BaseException) -> bool:
    # torch says it with a RuntimeError, on the CPU with a plain one: only its words tell it apart.
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY)
    )


def _if_loaded(module: str, name: str) -> type[Exception] | tuple[()]:
    # An error can only be of a class whose module is loaded, and importing it here might bring torch with it.
    found: type[Exception] | tuple[()] = getattr(sys.modules.get(module), name, ())
    return found
