"""Work that takes long, one piece at a time in a thread beside the GUI's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

E = TypeVar("E")


class BackgroundJob(Generic[E]):
    """Runs one job; ``take``, called by a timer of the GUI thread, tells when it has ended, and how.

    The thread ends with the program.

    Args:
        name: of the thread.
        failed: what a job ends with that raised an error which can happen; None for any other.
        lost: what it ends with after any other, which is logged.

    Attributes:
        doing: what is being done, in a few words; empty while there is no job.
    """

    def __init__(self, name: str, failed: Callable[[Exception], E | None], lost: Callable[[Exception], E]) -> None:
        self._name, self._failed, self._lost = name, failed, lost
        self._thread: threading.Thread | None = None
        self._end: E | None = None
        self._is_cancelled = threading.Event()
        self.doing = ""

    @property
    def is_busy(self) -> bool:
        """Whether a job is running, or its end was not taken yet."""
        return self._thread is not None

    def start(self, doing: str, work: Callable[[], E]) -> None:
        """Begin ``work``, which may ask ``is_cancelled``."""
        self._is_cancelled.clear()
        self.doing = doing
        self._thread = threading.Thread(target=self._run, args=(work,), name=self._name, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the job to end as soon as it lets itself be ended."""
        self._is_cancelled.set()

    def is_cancelled(self) -> bool:
        """Whether the job was asked to end."""
        return self._is_cancelled.is_set()

    def wait(self) -> None:
        """Until the thread is gone."""
        if self._thread is not None:
            self._thread.join()

    def take(self) -> E | None:
        """How the job ended, once; None while it runs."""
        if self._thread is None or self._thread.is_alive():
            return None
        end, self._thread, self._end = self._end, None, None
        self.doing = ""
        return end

    def _run(self, work: Callable[[], E]) -> None:
        try:
            self._end = work()
        except Exception as error:
            # Whatever it was, the user is told that the job is over.
            self._end = self._failed(error)
            if self._end is None:
                logger.exception("The job %s failed", self._name)
                self._end = self._lost(error)
