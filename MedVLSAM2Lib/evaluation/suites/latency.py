"""How long a user waits: from the click, through a real worker process, to the mask in the scene."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from MedVLSAM2Lib.engine import EngineClient, EngineEvent, WorkerLauncher
from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.prompts import Point, nearest_voxel
from MedVLSAM2Lib.results import Failure, MaskRegion
from MedVLSAM2Lib.training.phantom import Phantom, make_phantom
from MedVLSAM2Lib.volume import PackedMask, Volume

FIRST_MASK_S = 1.0
FURTHER_MASK_S = 0.5
LONGEST_HOLD_S = 0.050

_VOLUME_ID = "phantom"
_POLL_EVERY_S = 0.01
_POLL_S = 0.025
_PATIENCE_S = 300.0
_ORGANS = ("liver", "left kidney", "spleen")
_BESIDE_MM = 6.0


class LatencyError(RuntimeError):
    """The engine did not answer; the message is what it said."""


@dataclass(frozen=True)
class LatencySize:
    """A phantom to click in.

    Attributes:
        shape: voxels along K, J and I.
        spacing_mm: along K, J and I.
        slack: how many times the requirements it may take.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    slack: float = 1.0

    @property
    def name(self) -> str:
        """The size as radiologists say it: in-plane first."""
        k, j, i = self.shape
        return f"{i} × {j} × {k}"


SIZES = (
    LatencySize((300, 512, 512), (1.5, 0.8, 0.8)),
    LatencySize((1200, 1024, 1024), (0.4, 0.4, 0.4), slack=1.5),
)
QUICK_SIZES = (LatencySize((60, 96, 96), (6.0, 4.0, 4.0)),)


class MaskSink(Protocol):
    """Where masks go: a segment in a scene."""

    def write(self, object_id: str, mask: PackedMask) -> None:
        """Make the object exactly ``mask`` inside its box."""
        ...


class OpenSink(Protocol):
    """Opens a sink for a volume; also hands back the volume as the scene holds it."""

    def __call__(self, volume: Volume) -> tuple[Volume, MaskSink]:
        """Take ``volume`` into the scene."""
        ...


@dataclass(frozen=True)
class Wait:
    """One click.

    Attributes:
        size: of the volume.
        organ: what was clicked.
        click: 1 for the first on the organ.
        seconds: from the click to its final mask in the scene.
        longest_hold_s: the longest the calling thread was busy with it without a pause.
        voxels: in the pieces of mask that arrived.
        slack: of the size.
    """

    size: str
    organ: str
    click: int
    seconds: float
    longest_hold_s: float
    voxels: int
    slack: float

    @property
    def passed(self) -> bool:
        """Whether it was fast enough."""
        allowed = (FIRST_MASK_S if self.click == 1 else FURTHER_MASK_S) * self.slack
        return self.seconds <= allowed and self.longest_hold_s <= LONGEST_HOLD_S


def run_latency(
    checkpoint: Path, open_sink: OpenSink, launcher: WorkerLauncher, sizes: Sequence[LatencySize] = SIZES
) -> Report:
    """Click three organs of a phantom of every size twice each, and wait for the masks."""
    waits = [wait for size in sizes for wait in _run_size(checkpoint, open_sink, launcher, size)]
    data = {"waits": [asdict(wait) for wait in waits]}
    return Report("latency", _table(waits), data, all(wait.passed for wait in waits))


def _run_size(checkpoint: Path, open_sink: OpenSink, launcher: WorkerLauncher, size: LatencySize) -> Iterator[Wait]:
    clicks, volume, sink = _prepared(open_sink, size)
    with _engine(checkpoint, launcher, volume) as client:
        for organ, organ_clicks in clicks.items():
            for number, click in enumerate(organ_clicks, start=1):
                began = time.perf_counter()
                hold, voxels = _click(client, sink, organ, click)
                yield Wait(size.name, organ, number, time.perf_counter() - began, hold, voxels, size.slack)


def _prepared(open_sink: OpenSink, size: LatencySize) -> tuple[dict[str, tuple[Point, Point]], Volume, MaskSink]:
    # A function of its own, so that the phantom is gone before the first click: beside the scene's and the worker's, a
    # third copy of a large volume could make the machine swap.
    phantom = make_phantom(shape_kji=size.shape, spacing_mm=size.spacing_mm)
    clicks = {organ: _clicks(phantom, organ) for organ in _ORGANS}
    return clicks, *open_sink(phantom.volume)


@contextmanager
def _engine(checkpoint: Path, launcher: WorkerLauncher, volume: Volume) -> Iterator[EngineClient]:
    client = EngineClient(launcher)
    try:
        client.start()
        for request in (client.load_model(checkpoint), client.open_volume(_VOLUME_ID, volume)):
            for event in client.wait(request, _PATIENCE_S):
                _raise_failure(event)
        yield client
    finally:
        client.close()


def _click(client: EngineClient, sink: MaskSink, name: str, click: Point) -> tuple[float, int]:
    # What the panel does: ask, then look for news whenever its timer fires, and write what came.
    began = time.perf_counter()
    request = client.add_prompts(_VOLUME_ID, name, [click])
    hold, voxels, is_over = time.perf_counter() - began, 0, False
    deadline = began + _PATIENCE_S
    while not is_over:
        if time.perf_counter() > deadline:
            raise LatencyError(f"The engine did not answer the click in {_PATIENCE_S:.0f} s.")
        time.sleep(_POLL_EVERY_S)
        woke = time.perf_counter()
        for event in client.poll_for(_POLL_S):
            _raise_failure(event)
            if isinstance(event.payload, MaskRegion):
                sink.write(name, event.payload.mask)
                voxels += event.payload.mask.voxel_count
            is_over = is_over or (event.request == request and event.is_last)
        hold = max(hold, time.perf_counter() - woke)
    return hold, voxels


def _clicks(phantom: Phantom, organ: str) -> tuple[Point, Point]:
    """In the middle of the organ; then, negative, a little behind its surface."""
    middle = phantom.volume.ras_to_ijk(phantom.innermost(organ))
    k, j, i = nearest_voxel(middle)
    column = phantom.mask(organ)[k, j:, i]
    behind = j + int(column.argmin()) + round(_BESIDE_MM / phantom.volume.spacing_mm[1])
    return Point(middle), Point((float(i), float(min(behind, phantom.volume.shape[1] - 1)), float(k)), positive=False)


def _raise_failure(event: EngineEvent) -> None:
    if isinstance(event.payload, Failure):
        raise LatencyError(event.payload.message)


def _table(waits: Sequence[Wait]) -> str:
    header = ["volume", "organ", "click", "seconds", "allowed", "longest hold ms", "voxels", ""]
    rows = []
    for wait in waits:
        allowed = (FIRST_MASK_S if wait.click == 1 else FURTHER_MASK_S) * wait.slack
        held = f"{wait.longest_hold_s * 1000:.0f}"
        verdict = "" if wait.passed else "too slow"
        times = [f"{wait.seconds:.2f}", f"{allowed:.2f}", held]
        rows.append([wait.size, wait.organ, str(wait.click), *times, str(wait.voxels), verdict])
    return markdown_table(header, rows)
