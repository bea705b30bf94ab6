"""Segments measured beside the thread that draws."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.report.measurements import SegmentMeasurements, measure_segment
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_source import SegmentSource, look_at_segment, segment_stamp
from MedVLSAM2Lib.scene.volume_reader import VolumeSource, look_at_volume, voxels_stamp
from MedVLSAM2Lib.volume import PackedMask, Volume, VolumeError

Stamp = tuple[Any, ...]

_VOLUMES_KEPT = 2


@dataclass(frozen=True)
class Subject:
    """A segment to measure, on the voxels of a volume.

    Attributes:
        segmentation_node: vtkMRMLSegmentationNode.
        segment_id: one of its segments.
        volume_node: vtkMRMLScalarVolumeNode.
        prior: the same structure in a prior scan, None without one.
    """

    segmentation_node: Any
    segment_id: str
    volume_node: Any
    prior: Subject | None = None

    def stamp(self) -> Stamp:
        """Changes whenever something may have changed that is measured; SceneError when a node or segment is gone."""
        own = segment_stamp(self.segmentation_node, self.segment_id)
        return (*own, *voxels_stamp(self.volume_node), *(() if self.prior is None else self.prior.stamp()))


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """What is measured, free of the scene; ``stamp`` is that of the moment it was taken."""

    subject: Subject
    stamp: Stamp
    volume_stamp: Stamp
    segment: SegmentSource | PackedMask
    volume: VolumeSource
    prior: _Snapshot | None

    @classmethod
    def of(cls, subject: Subject) -> _Snapshot:
        volume = look_at_volume(subject.volume_node)
        source = look_at_segment(subject.segmentation_node, subject.volume_node, subject.segment_id)
        return cls(
            subject,
            subject.stamp(),
            voxels_stamp(subject.volume_node),
            source if source.is_free_of_the_scene else source.read(),
            volume,
            None if subject.prior is None else cls.of(subject.prior),
        )

    def mask(self) -> PackedMask:
        return self.segment if isinstance(self.segment, PackedMask) else self.segment.read()


class BackgroundMeasurements:
    """Measures segments one after the other, in a thread, in the order they were asked for.

    ``poll``, called by a timer of the GUI thread, hands over what is finished. A segment that was changed while it was
    measured is measured again; one whose voxels are as they were last time (another on its layer was edited) is not.

    Args:
        measured: gets a segment's id and its numbers.
        failed: gets a segment's id and one sentence: why it cannot be measured.
    """

    def __init__(
        self, measured: Callable[[str, SegmentMeasurements], None], failed: Callable[[str, str], None]
    ) -> None:
        self._measured, self._failed = measured, failed
        self._thread = ThreadPoolExecutor(1, "medvlsam2-measurements")
        self._running: tuple[_Snapshot, Future[SegmentMeasurements]] | None = None
        self._waiting: dict[str, Subject] = {}
        self._measurer = _Measurer()

    @property
    def remaining(self) -> int:
        """How many segments are still to be measured."""
        return len(self._waiting) + (self._running is not None)

    def measure(self, subject: Subject) -> None:
        """Measure a segment, or measure it again."""
        self._waiting[subject.segment_id] = subject

    def forget(self) -> None:
        """Drop what is not finished."""
        self._waiting.clear()
        self._running = None
        self._measurer = _Measurer()

    def poll(self) -> None:
        """Hand over what is finished and begin with the next."""
        if self._running is not None and self._running[1].done():
            (snapshot, future), self._running = self._running, None
            self._hand_over(snapshot, future)
        if self._running is None and self._waiting:
            segment_id = next(iter(self._waiting))
            self._begin(self._waiting.pop(segment_id))

    def close(self) -> None:
        """Drop what is not finished and end the thread."""
        self.forget()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _begin(self, subject: Subject) -> None:
        try:
            snapshot = _Snapshot.of(subject)
        except SceneError as error:
            self._failed(subject.segment_id, str(error))
            return
        self._running = (snapshot, self._thread.submit(self._measurer.measure, snapshot))

    def _hand_over(self, snapshot: _Snapshot, future: Future[SegmentMeasurements]) -> None:
        subject = snapshot.subject
        try:
            if subject.stamp() != snapshot.stamp:
                # What was changed meanwhile may be half in the numbers.
                self._waiting.setdefault(subject.segment_id, subject)
                return
            self._measured(subject.segment_id, future.result())
        except (SceneError, VolumeError) as error:
            self._failed(subject.segment_id, str(error))


class _Measurer:
    """What the thread does, and what it remembers from one measurement to the next."""

    def __init__(self) -> None:
        self._volumes: dict[Stamp, Volume] = {}
        self._known: dict[
            tuple[Any, str], tuple[Stamp, SegmentMeasurements | None, PackedMask, SegmentMeasurements]
        ] = {}

    def measure(self, snapshot: _Snapshot) -> SegmentMeasurements:
        prior = None if snapshot.prior is None else self.measure(snapshot.prior)
        subject, mask = snapshot.subject, snapshot.mask()
        key, now = (subject.segmentation_node, subject.segment_id), (snapshot.volume_stamp, prior, mask)
        known = self._known.get(key)
        if known is not None and known[:3] == now:
            return known[3]
        measured = measure_segment(self._volume(snapshot), mask, subject.segment_id, prior=prior)
        self._known[key] = (*now, measured)
        return measured

    def _volume(self, snapshot: _Snapshot) -> Volume:
        # Reading looks at every voxel: once for a volume and its prior, not for each segment.
        if snapshot.volume_stamp not in self._volumes:
            while len(self._volumes) >= _VOLUMES_KEPT:
                self._volumes.pop(next(iter(self._volumes)))
            self._volumes[snapshot.volume_stamp] = snapshot.volume.read()
        return self._volumes[snapshot.volume_stamp]
