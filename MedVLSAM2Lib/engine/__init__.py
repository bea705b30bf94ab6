"""The worker process that computes, and the torch-free client that drives it."""

from MedVLSAM2Lib.engine.client import EngineClient
from MedVLSAM2Lib.engine.events import (
    Cancelled,
    Done,
    EngineEvent,
    Payload,
    WorkerInfo,
    WorkerReady,
    WorkerRestarted,
)
from MedVLSAM2Lib.engine.launcher import LaunchError, LocalLauncher, WorkerLauncher, WorkerProcess
from MedVLSAM2Lib.engine.limits import Limits
from MedVLSAM2Lib.engine.protocol import PROTOCOL_VERSION, ModelInfo

__all__ = [
    "PROTOCOL_VERSION",
    "Cancelled",
    "Done",
    "EngineClient",
    "EngineEvent",
    "LaunchError",
    "Limits",
    "LocalLauncher",
    "ModelInfo",
    "Payload",
    "WorkerInfo",
    "WorkerLauncher",
    "WorkerProcess",
    "WorkerReady",
    "WorkerRestarted",
]
