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
from MedVLSAM2Lib.engine.launcher import Ending, LaunchError, LocalLauncher, WorkerLauncher, WorkerProcess
from MedVLSAM2Lib.engine.limits import Limits
from MedVLSAM2Lib.engine.protocol import PROTOCOL_VERSION, ModelInfo
from MedVLSAM2Lib.engine.remote_machine import RemoteMachine
from MedVLSAM2Lib.engine.ssh_launcher import SshLauncher

__all__ = [
    "PROTOCOL_VERSION",
    "Cancelled",
    "Done",
    "Ending",
    "EngineClient",
    "EngineEvent",
    "LaunchError",
    "Limits",
    "LocalLauncher",
    "ModelInfo",
    "Payload",
    "RemoteMachine",
    "SshLauncher",
    "WorkerInfo",
    "WorkerLauncher",
    "WorkerProcess",
    "WorkerReady",
    "WorkerRestarted",
]
