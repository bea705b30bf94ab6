"""What a worker works on: one model, the open volumes, and a session for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine.failures import EngineError
from MedVLSAM2Lib.engine.kept_volumes import KeptVolumes
from MedVLSAM2Lib.engine.packed_voxels import KeptVoxels, PackedVoxels
from MedVLSAM2Lib.engine.protocol import (
    AddPrompts,
    AskQuestion,
    CloseVolume,
    FindObjects,
    LoadModel,
    ModelInfo,
    ObjectOperation,
    OpenVolume,
    Operation,
    ReadMask,
    Redo,
    RemoveObject,
    StepCandidate,
    Undo,
    VolumeOperation,
)
from MedVLSAM2Lib.engine.shared_volume import open_stored_volume
from MedVLSAM2Lib.model.allocator import hand_back_freed_memory
from MedVLSAM2Lib.model.mask_model import MaskModel
from MedVLSAM2Lib.prompts import Prompt, Turn
from MedVLSAM2Lib.results import Event, MaskRegion
from MedVLSAM2Lib.volume import PackedMask, Volume

Steps = Iterator[Event]


class ObjectSession(Protocol):
    """The part of ``session.Session`` a worker uses."""

    def add_prompts(self, object_id: str, prompts: tuple[Prompt, ...], cancelled: Callable[[], bool]) -> Steps:
        """Answer the prompts."""
        ...

    def find(self, phrases: Sequence[str], prefix: str, cancelled: Callable[[], bool]) -> Steps:
        """Make objects of what the phrases name."""
        ...

    def ask(self, conversation: Sequence[Turn], prefix: str, cancelled: Callable[[], bool]) -> Steps:
        """Answer the conversation's last question."""
        ...

    def undo(self, object_id: str) -> Steps:
        """Take back the last step."""
        ...

    def redo(self, object_id: str) -> Steps:
        """Do again what was taken back."""
        ...

    def step_candidate(self, object_id: str, step: int) -> Steps:
        """Show a smaller or larger answer."""
        ...

    def remove_object(self, object_id: str) -> None:
        """Forget the object."""
        ...

    def mask(self, object_id: str) -> PackedMask:
        """The object's mask."""
        ...


ModelLoader = Callable[[Path], MaskModel]
SessionOpener = Callable[[Volume, str, MaskModel], ObjectSession]


class Workbench:
    """Does operations one after another; ``kept`` is where volumes that came packed are kept for a while."""

    def __init__(self, load_model: ModelLoader, open_session: SessionOpener, kept: KeptVolumes | None = None) -> None:
        self._load_model = load_model
        self._open_session = open_session
        self._kept = kept
        self._digests: dict[str, str] = {}
        self._model: MaskModel | None = None
        self._volumes: dict[str, Volume] = {}
        self._sessions: dict[str, ObjectSession] = {}

    def run(self, operation: Operation, cancelled: Callable[[], bool]) -> Iterator[Event | ModelInfo]:
        """Do ``operation`` and tell what comes of it; an operation that raises has changed nothing."""
        if isinstance(operation, LoadModel):
            yield self._use_model(Path(operation.folder) if operation.folder else bundled_checkpoint())
        elif isinstance(operation, OpenVolume):
            volume = open_stored_volume(operation.volume, self._kept)
            self._close(operation.volume_id)
            self._volumes[operation.volume_id] = volume
            if isinstance(operation.volume.voxels, PackedVoxels | KeptVoxels):
                self._digests[operation.volume_id] = operation.volume.voxels.digest
        elif isinstance(operation, CloseVolume):
            self._close(operation.volume_id)
        elif isinstance(operation, FindObjects | AskQuestion):
            yield from self._run_on_volume(operation, cancelled)
        else:
            yield from self._run_on_object(operation, cancelled)

    def forget_kept(self) -> None:
        """Keep nothing of what was opened for a next worker."""
        for volume_id in list(self._digests):
            self._forget_kept(volume_id)

    def _close(self, volume_id: str) -> None:
        had_session = self._sessions.pop(volume_id, None) is not None
        self._volumes.pop(volume_id, None)
        self._forget_kept(volume_id)
        if had_session:
            hand_back_freed_memory()

    def _forget_kept(self, volume_id: str) -> None:
        digest = self._digests.pop(volume_id, "")
        if self._kept is not None and digest and digest not in self._digests.values():
            self._kept.forget(digest)

    def _use_model(self, folder: Path) -> ModelInfo:
        model = self._load_model(folder)
        self._model = model
        if self._sessions:
            self._sessions.clear()
            hand_back_freed_memory()
        name, device = getattr(model, "name", ""), getattr(model, "device", "cpu")
        return ModelInfo(model.identity, tuple(model.capabilities), name, device)

    def _run_on_volume(self, operation: VolumeOperation, cancelled: Callable[[], bool]) -> Steps:
        session = self._session(operation.volume_id)
        if isinstance(operation, FindObjects):
            yield from session.find(operation.phrases, operation.prefix, cancelled)
        else:
            yield from session.ask(operation.conversation, operation.prefix, cancelled)

    def _run_on_object(self, operation: ObjectOperation, cancelled: Callable[[], bool]) -> Steps:
        session, name = self._session(operation.volume_id), operation.object_id
        if isinstance(operation, AddPrompts):
            yield from session.add_prompts(name, operation.prompts, cancelled)
        elif isinstance(operation, Undo):
            yield from session.undo(name)
        elif isinstance(operation, Redo):
            yield from session.redo(name)
        elif isinstance(operation, StepCandidate):
            yield from session.step_candidate(name, operation.step)
        elif isinstance(operation, RemoveObject):
            session.remove_object(name)
        elif isinstance(operation, ReadMask):
            yield MaskRegion(name, session.mask(name), float("nan"))

    def _session(self, volume_id: str) -> ObjectSession:
        if volume_id not in self._volumes:
            raise EngineError("The volume is not open in the engine; choose it again.", "volume")
        if self._model is None:
            raise EngineError("No model is loaded; choose one first.", "checkpoint")
        if volume_id not in self._sessions:
            self._sessions[volume_id] = self._open_session(self._volumes[volume_id], volume_id, self._model)
        return self._sessions[volume_id]
