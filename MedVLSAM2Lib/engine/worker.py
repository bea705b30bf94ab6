"""The worker process: ``python -m MedVLSAM2Lib.engine.worker``, frames in on stdin, frames out on stdout."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.engine.encoding import ProtocolError
from MedVLSAM2Lib.engine.failures import GPU_LOST_STATUS, failure_of, is_cancellation, is_loss_of_gpu, where_of
from MedVLSAM2Lib.engine.kept_volumes import KeptVolumes
from MedVLSAM2Lib.engine.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Failed,
    Finished,
    FromWorker,
    Hello,
    Leave,
    ModelInfo,
    Pong,
    Result,
    Run,
    Stopped,
    Taken,
    ToWorker,
    to_frame,
    to_worker,
)
from MedVLSAM2Lib.engine.transport import TransportError, claim_standard_streams, read_frame, write_frame
from MedVLSAM2Lib.engine.workbench import ModelLoader, ObjectSession, SessionOpener, Workbench
from MedVLSAM2Lib.model.devices import MachineProbe
from MedVLSAM2Lib.model.mask_model import MaskModel
from MedVLSAM2Lib.model.medvlsam2.component_owner import ComponentOwner
from MedVLSAM2Lib.volume import Volume

MODEL_KINDS = ("patches", "slices")
_LAST_MOMENTS_S = 2.0
_TELL_EVERY_S = 0.25
_LONGEST_SILENCE_S = 180.0  # of a client, which pings every second

logger = logging.getLogger(__name__)


class CheckpointLoader:
    """Loads checkpoints for one process, onto its GPU where they fit: parts that are in memory are not read again."""

    def __init__(self, machine: MachineProbe | None = None) -> None:
        """``machine``: what there is to run on; the one that this runs on if None."""
        self._owner = ComponentOwner()
        self._machine = machine

    def __call__(self, folder: Path) -> MaskModel:
        """The checkpoint in ``folder``; CheckpointError when it is none, NotEnoughMemory when it fits nowhere."""
        # Imported when first needed, here and below: torch takes seconds, and the worker says hello before.
        from MedVLSAM2Lib.catalogue import ModelStore
        from MedVLSAM2Lib.model.torch_machine import TorchMachine
        from MedVLSAM2Lib.session.catalogued_parts import CataloguedParts
        from MedVLSAM2Lib.session.device_choice import device_for
        from MedVLSAM2Lib.session.mask_models import load_mask_model

        parts = CataloguedParts(ModelStore())
        choice = device_for(folder, self._machine or TorchMachine(), parts)
        logger.info("%s runs on %s. %s", folder.name, choice.device, choice.sentence)
        return load_mask_model(folder, self._owner, parts, choice.device)


def open_session(volume: Volume, volume_id: str, model: MaskModel) -> ObjectSession:
    """A session of ``model`` on ``volume``."""
    from MedVLSAM2Lib.session.mask_models import LoadedModel
    from MedVLSAM2Lib.session.opening import open_session as open_whole_session
    from MedVLSAM2Lib.session.session import Session

    return (
        open_whole_session(volume, volume_id, model)
        if isinstance(model, LoadedModel)
        else Session(volume, volume_id, model)
    )


def serve(
    reader: BinaryIO,
    writer: BinaryIO,
    load_model: ModelLoader | None = None,
    open_session: SessionOpener = open_session,
    models: tuple[str, ...] = MODEL_KINDS,
    client_left: Callable[[], None] | None = None,
    kept: KeptVolumes | None = None,
) -> None:
    """Do what ``reader`` asks and tell ``writer`` what comes of it, until ``reader`` ends.

    Requests run on the calling thread. A second thread reads, so that cancels and pings are heard while one runs. When
    ``reader`` ends, the running request is cancelled and ``client_left`` is called on that thread. Volumes that come
    packed are kept in ``kept`` until the client closes them or takes its leave; then a client that is silent for minutes
    has left, too: no end of a stream tells of a line that broke far away.
    """
    workbench = Workbench(load_model or CheckpointLoader(), open_session, kept)
    worker = Worker(reader, writer, workbench, models, client_left, kept.digests() if kept is not None else ())
    if kept is not None:
        threading.Thread(target=worker.watch_client, name="medvlsam2-worker-watch", daemon=True).start()
    worker.run()


class Worker:
    """One conversation with one client."""

    def __init__(
        self,
        reader: BinaryIO,
        writer: BinaryIO,
        workbench: Workbench,
        models: tuple[str, ...],
        client_left: Callable[[], None] | None = None,
        kept: tuple[str, ...] = (),
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._writing = threading.Lock()
        self._workbench = workbench
        self._models = models
        self._kept = kept
        self._heard_at = time.monotonic()
        self._taken_bytes = 0
        self._taken_told = 0.0
        self._tell_client_left = client_left
        self._client_left = threading.Event()
        self._has_taken_leave = False
        self._runs: SimpleQueue[Run | None] = SimpleQueue()
        self._cancelled: set[int] = set()

    def run(self) -> None:
        """Serve until the client leaves."""
        try:
            self._send(Hello(PROTOCOL_VERSION, __version__, platform.python_version(), self._models, self._kept))
            threading.Thread(target=self._read, name="medvlsam2-worker-reader", daemon=True).start()
            while (run := self._runs.get()) is not None:
                self._send(self._outcome(run))
            if self._has_taken_leave:
                self._workbench.forget_kept()
        except TransportError as error:
            logger.info("%s", error)

    def watch_client(self) -> None:
        """End this process when nothing is heard of the client for too long; for a thread of its own."""
        while time.monotonic() - self._heard_at < _LONGEST_SILENCE_S:
            time.sleep(_LONGEST_SILENCE_S / 10)
        logger.error("nothing was heard of the client for %.0f seconds", _LONGEST_SILENCE_S)
        os._exit(1)

    def _outcome(self, run: Run) -> Finished | Stopped | Failed:
        def cancelled() -> bool:
            return self._client_left.is_set() or run.request in self._cancelled

        if cancelled():
            return Stopped(run.request)
        try:
            return self._work(run, cancelled)
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a request does, the worker is there for the next one
            if is_cancellation(error):
                return Stopped(run.request)
            logger.error("request %d (%s) failed: %s", run.request, type(run.operation).__name__, where_of(error))
            if is_loss_of_gpu(error):
                # A clean end would wait for the GPU.
                os._exit(GPU_LOST_STATUS)
            return Failed(run.request, failure_of(error))

    def _work(self, run: Run, cancelled: Callable[[], bool]) -> Finished:
        model = None
        for step in self._workbench.run(run.operation, cancelled):
            if isinstance(step, ModelInfo):
                model = step
            else:
                self._send(Result(run.request, step))
        return Finished(run.request, model)

    def _read(self) -> None:
        try:
            while (frame := read_frame(self._reader, self._took)) is not None:
                self._taken_bytes = 0
                self._hear(to_worker(frame))
        except (TransportError, ProtocolError) as error:
            logger.error("%s", error)
        self._client_left.set()
        self._runs.put(None)
        if self._tell_client_left is not None:
            self._tell_client_left()

    def _hear(self, message: ToWorker) -> None:
        self._heard_at = time.monotonic()
        if isinstance(message, Run):
            self._runs.put(message)
        elif isinstance(message, Cancel):
            self._cancelled.add(message.request)
        elif isinstance(message, Leave):
            self._has_taken_leave = True
            self._workbench.forget_kept()
        else:
            self._send(Pong(message.number))

    def _took(self, byte_count: int) -> None:
        """Tell how much of a large message is here: a sign of life, and all that a sender can know of a slow line."""
        self._taken_bytes += byte_count
        now = self._heard_at = time.monotonic()
        if now - self._taken_told >= _TELL_EVERY_S:
            self._taken_told = now
            self._send(Taken(self._taken_bytes))

    def _send(self, message: FromWorker) -> None:
        frame = to_frame(message)
        with self._writing:
            write_frame(self._writer, frame)


def main(
    load_model: ModelLoader | None = None,
    open_session: SessionOpener = open_session,
    models: tuple[str, ...] = MODEL_KINDS,
) -> None:
    """Be a worker on this process's stdin and stdout, and be gone soon after stdin closes, whatever is running."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep volumes that came packed here")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the client, which ends the worker itself
    reader, writer = claim_standard_streams()
    logging.basicConfig(level=logging.INFO)
    kept = None if arguments.keep is None else KeptVolumes(arguments.keep)
    serve(reader, writer, load_model, open_session, models, client_left=_exit_soon, kept=kept)


def _exit_soon() -> None:
    timer = threading.Timer(_LAST_MOMENTS_S, os._exit, [1])
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
