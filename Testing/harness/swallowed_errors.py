"""Remembers the errors that Qt slots and VTK observers print and swallow, so that a test can fail on them."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

_LOG = logging.getLogger(__name__)


class SwallowedErrors(list[BaseException]):
    """Every exception that reached ``sys.excepthook`` while installed: nobody in the call stack wanted it."""

    def install(self) -> None:
        self._earlier_hook = sys.excepthook
        sys.excepthook = self._remember

    def uninstall(self) -> None:
        sys.excepthook = self._earlier_hook

    def _remember(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.append(error)
        _LOG.error("swallowed in a slot or an observer", exc_info=(kind, error, trace))
