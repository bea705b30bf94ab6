"""Tells what was done to segments by other means than prompts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from MedVLSAM2Lib.scene.audit_trail import AuditEntry
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_source import segment_stamp
from MedVLSAM2Lib.scene.segment_tally import BackgroundTallies, Tally
from MedVLSAM2Lib.scene.segments import list_segments


class HandEdits:
    """Compares each segment of the chosen segmentation with what it was, once it was changed.

    Args:
        add: gets what was found.
    """

    def __init__(self, add: Callable[[AuditEntry], None]) -> None:
        self._add = add
        self._tallies = BackgroundTallies()
        self._known: dict[tuple[Any, str], Tally] = {}
        self._names: dict[Any, dict[str, str]] = {}
        self._expected: dict[tuple[Any, str], tuple[int, int]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether anything is being compared."""
        return self._tallies.is_busy

    def expect(self, segmentation_node: Any, segment_id: str) -> None:
        """A segment is now as our own write left it."""
        try:
            self._expected[segmentation_node, segment_id] = segment_stamp(segmentation_node, segment_id)
        except SceneError:
            # Taken back together with its segment: there is nothing to compare with later.
            self._names.get(segmentation_node, {}).pop(segment_id, None)
        self._expect_beside(segmentation_node)

    def look(self, node: Any) -> None:
        """Begin to compare what was changed since the last time; only modification times are looked at until then."""
        if node is None or node.GetScene() is None:
            return
        try:
            there = {info.segment_id: info.name for info in list_segments(node)}
        except SceneError:
            # Made of surfaces: there are no voxels to compare.
            return
        is_new = node not in self._names
        for segment_id, name in self._names.get(node, {}).items():
            if segment_id not in there:
                self._known.pop((node, segment_id), None)
                self._add(AuditEntry("segment deleted by hand", f"segment {name}"))
        for segment_id in there:
            known = self._known.get((node, segment_id))
            stamp = segment_stamp(node, segment_id)
            if known is None and is_new:
                self._expected.setdefault((node, segment_id), stamp)
            if known is None or known.stamp != stamp:
                self._tallies.begin(node, segment_id)
        self._names[node] = there

    def take(self) -> None:
        """Tell of what was compared."""
        for node, segment_id, tally in self._tallies.take():
            key = (node, segment_id)
            known, expected = self._known.get(key), self._expected.pop(key, None)
            self._known[key] = tally
            before = 0 if known is None else known.count
            differs = tally.count > 0 if known is None else (known.count, known.digest) != (tally.count, tally.digest)
            if differs and expected != tally.stamp:
                name = self._names.get(node, {}).get(segment_id, segment_id)
                change = f"segment {name}: {before} to {tally.count} voxels"
                self._add(AuditEntry("segment edited by hand", "outside this module", change))

    def forget(self) -> None:
        """The scene was closed."""
        self._tallies.forget()
        for kept in (self._known, self._names, self._expected):
            kept.clear()

    def close(self) -> None:
        """End the thread; nothing is left behind."""
        self.forget()
        self._tallies.close()

    def _expect_beside(self, segmentation_node: Any) -> None:
        """Our own write also touched segments that are stored with that one, and that were not compared yet."""
        for node, segment_id in list(self._expected):
            if node is segmentation_node:
                try:
                    self._expected[node, segment_id] = segment_stamp(node, segment_id)
                except SceneError:
                    del self._expected[node, segment_id]
