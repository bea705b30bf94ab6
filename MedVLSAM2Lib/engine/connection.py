"""One running worker and the two threads that talk with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue

from MedVLSAM2Lib.engine.encoding import ProtocolError
from MedVLSAM2Lib.engine.launcher import Ending, WorkerProcess
from MedVLSAM2Lib.engine.protocol import FromWorker, VersionMismatchError, from_worker
from MedVLSAM2Lib.engine.transport import CHUNK_BYTES, Frame, TransportError, TruncatedError, read_frame, write_frame


@dataclass(frozen=True)
class Lost:
    """Nothing more will come from the worker.

    Attributes:
        reason: one sentence: what was seen of it.
        has_ended: whether it closed its side in good order, as a process does that ends or crashes.
        is_mismatch: whether it speaks another version, so that starting it again is of no use.
    """

    reason: str
    has_ended: bool = False
    is_mismatch: bool = False


class Connection:
    """Sends frames to a worker without waiting, and hands on what comes back as it comes.

    ``receive`` is called on the reading and the writing thread: with messages, and at last with a Lost, perhaps two.
    """

    def __init__(self, process: WorkerProcess, receive: Callable[[Connection, FromWorker | Lost], None]) -> None:
        self._process = process
        self._receive = receive
        self._outgoing: SimpleQueue[Frame | None] = SimpleQueue()
        self._chunks_taken = 0
        self._threads = [
            threading.Thread(target=self._read, name="medvlsam2-engine-reader", daemon=True),
            threading.Thread(target=self._write, name="medvlsam2-engine-writer", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def chunks_taken(self) -> int:
        """How many large pieces have gone through; it grows as long as the worker reads a large volume."""
        return self._chunks_taken

    def send(self, frame: Frame) -> None:
        """Have ``frame`` written; returns at once."""
        self._outgoing.put(frame)

    def leave(self, farewell: Frame) -> None:
        """Have ``farewell`` written as the last frame, and the worker's side of the line closed after it."""
        self._outgoing.put(farewell)
        self._outgoing.put(None)

    def end(self, patience_s: float = 0.0) -> Ending:
        """End the worker and both threads; what is to be said of how it ended.

        It has ``patience_s`` to end by itself, so that the status of one that is just dying is its own.
        """
        status = self._process.end(patience_s)
        self._outgoing.put(None)
        for thread in self._threads:
            thread.join()
        ending = self._process.ending(status)
        self._process.dispose()
        return ending

    def _read(self) -> None:
        self._receive(self, self._read_until_lost())

    def _read_until_lost(self) -> Lost:
        try:
            while (frame := read_frame(self._process.from_worker)) is not None:
                self._receive(self, from_worker(frame))
        except VersionMismatchError as error:
            return Lost(str(error), is_mismatch=True)
        except TruncatedError:
            pass
        except (TransportError, ProtocolError) as error:
            return Lost(f"The engine sent something that cannot be understood. {error}")
        return Lost("The engine stopped unexpectedly.", has_ended=True)

    def _write(self) -> None:
        while (frame := self._outgoing.get()) is not None:
            try:
                write_frame(self._process.to_worker, frame, self._count)
            except TransportError as error:
                self._receive(self, Lost(f"The engine no longer listens. {error}", has_ended=True))
                return
        with suppress(OSError):  # nobody listens any more
            self._process.to_worker.close()

    def _count(self, byte_count: int) -> None:
        # A small piece may lie in the pipe's buffer, unread by a worker that hangs; one this large does not fit there.
        self._chunks_taken += byte_count >= CHUNK_BYTES
