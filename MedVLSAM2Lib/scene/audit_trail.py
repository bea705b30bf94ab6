"""What was asked, answered and edited, kept in the scene as lines for people to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import slicer

from MedVLSAM2Lib.report import ModelIdentity
from MedVLSAM2Lib.scene.node_access import nodes_of_class

_IS_TRAIL = "MedVLSAM2.IsAuditTrail"
_NAME = "MedVLSAM2 audit trail"
_TEXT = "vtkMRMLTextNode"
_TITLE = (
    "MedVLSAM2 audit trail: what was asked, of which model, and what changed; times are UTC.\n"
    "It names no patient and no study. Lines are added at the end and never changed."
)
_LET_GO = "Earlier entries let go to keep this trail short: "
MOST_ENTRIES = 4000
"""About 1 MB of text; beyond that the oldest entries go, and the trail says how many did."""
LONGEST_FIELD = 300


@dataclass(frozen=True)
class AuditEntry:
    """One thing that happened.

    Attributes:
        what: its kind in a word or two: "prompt", "question", "sentence edited".
        asked: what was asked or done.
        changed: what it changed; empty for nothing.
        model: which model took part; None where none did.
    """

    what: str
    asked: str
    changed: str = ""
    model: ModelIdentity | None = None

    def line(self, when: datetime) -> str:
        """The entry as the trail shows it, one line however it is worded."""
        model = self.model
        named = "" if model is None else f"{model.name} {model.version}, checkpoint {model.checkpoint_sha256}"
        fields = (f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}", self.what, self.asked, self.changed, named)
        return " | ".join(_one_line(field) for field in fields if field)


class AuditTrail:
    """The scene's vtkMRMLTextNode of entries: saved and loaded with the scene, only ever added to.

    Args:
        scene: the MRML scene; the node is made with the first entry.
        now: the time.
    """

    def __init__(self, scene: Any, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._scene, self._now = scene, now

    @property
    def node(self) -> Any:
        """The vtkMRMLTextNode, None before the first entry."""
        return next((node for node in nodes_of_class(self._scene, _TEXT) if node.GetAttribute(_IS_TRAIL)), None)

    @property
    def lines(self) -> tuple[str, ...]:
        """The entries, oldest first."""
        return _parts(self.node)[1]

    def add(self, entry: AuditEntry) -> None:
        """Write one more entry, with the time it is now."""
        node = self.node or self._made()
        let_go, lines = _parts(node)
        lines = (*lines, entry.line(self._now()))
        surplus = max(len(lines) - MOST_ENTRIES, 0)
        let_go += surplus
        told = (f"{_LET_GO}{let_go}",) if let_go else ()
        node.SetText("\n".join((_TITLE, *told, "", *lines[surplus:], "")))

    def _made(self) -> Any:
        node = self._scene.AddNewNodeByClass(_TEXT, self._scene.GenerateUniqueName(_NAME))
        node.SetAttribute(_IS_TRAIL, "yes")
        # A text file of its own in the saved scene, to be read without Slicer.
        node.SetForceCreateStorageNode(slicer.vtkMRMLTextNode.CreateStorageNodeAlways)
        return node


def _parts(node: Any) -> tuple[int, tuple[str, ...]]:
    """How many entries were let go, and those that are there."""
    head, _, body = ((node.GetText() if node is not None else "") or "").partition("\n\n")
    told = next((line for line in head.splitlines() if line.startswith(_LET_GO)), "")
    number = told.removeprefix(_LET_GO)
    return int(number) if number.isdecimal() else 0, tuple(line for line in body.split("\n") if line)


def _one_line(text: str) -> str:
    line = " ".join(text.split()).replace("|", "/")
    return line if len(line) <= LONGEST_FIELD else f"{line[: LONGEST_FIELD - 1]}…"
