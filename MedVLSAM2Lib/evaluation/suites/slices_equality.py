"""Whether the slice-wise mask model gives what the ``sam2`` package gives with the same weights."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from MedVLSAM2Lib.evaluation.baselines.sam2_package import Sam2PackageRun, build_predictor, randomise
from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.model.converters.sam2 import network_from_sam2
from MedVLSAM2Lib.model.slices.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.slices.follower import Follower
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.published import PUBLISHED
from MedVLSAM2Lib.model.slices.slice_prompts import AXIAL, AskedSlice, Pixel
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.track import SliceRecord, Track
from MedVLSAM2Lib.volume import Volume

LARGEST_DIFFERENCE = 1e-5
_SEED = 7


@dataclass(frozen=True)
class EqualityCase:
    """A published network at an image size, its object followed over ``above`` and ``below`` slices."""

    network: str
    image_size: int
    above: int = 8
    below: int = 8

    @property
    def config(self) -> SliceConfig:
        """Its shape."""
        return replace(PUBLISHED[self.network], image_size=self.image_size)


CASES = (
    EqualityCase("medsam2", 512),
    EqualityCase("sam2.1-tiny", 1024),
    EqualityCase("sam2.1-small", 512),
    EqualityCase("sam2.1-base-plus", 512),
    EqualityCase("sam2.1-large", 256),
)
QUICK_CASES = (
    EqualityCase("sam2.1-tiny", 512, above=3, below=1),
    EqualityCase("medsam2", 128),
    EqualityCase("sam2.1-small", 128, above=3, below=1),
    EqualityCase("sam2.1-base-plus", 128, above=3, below=1),
    EqualityCase("sam2.1-large", 64, above=3, below=1),
)


@dataclass(frozen=True)
class Difference:
    """How far two outputs are apart.

    Attributes:
        case: the network.
        what: the output.
        largest: the largest absolute difference, float32.
        magnitude: the largest absolute value of the reference.
    """

    case: EqualityCase
    what: str
    largest: float
    magnitude: float


def run_equality(cases: Sequence[EqualityCase] = CASES) -> Report:
    """Compare every case and every kind of prompt."""
    differences = [difference for case in cases for difference in compare(case)]
    data = {"differences": [asdict(difference) for difference in differences], "allowed": LARGEST_DIFFERENCE}
    passed = all(difference.largest < LARGEST_DIFFERENCE for difference in differences)
    return Report("slices-equality", _table(differences), data, passed)


def compare(case: EqualityCase) -> list[Difference]:
    """The differences of one network with random weights, the same in both."""
    predictor = build_predictor(case.config)
    randomise(predictor, _SEED)
    network = network_from_sam2(predictor.state_dict(), case.config)
    comparison = _Comparison(case, predictor, network)
    with torch.inference_mode():
        found = [*comparison.features(), *comparison.prompts(), *comparison.memory()]
    return [*found, comparison.saved_and_loaded()]


class _Comparison:
    """Both networks on the same noise."""

    def __init__(self, case: EqualityCase, predictor: Any, network: SliceNetwork) -> None:
        self._case, self._predictor, self._network = case, predictor, network
        self._middle = case.below
        size = case.image_size
        noise = np.random.default_rng(_SEED).integers(
            -300, 400, (case.below + 1 + case.above, size, size), dtype=np.int16
        )
        self._stack = SliceStack(Volume(noise, np.eye(4)), AXIAL, case.config)
        self._slices = torch.cat([self._stack.pixels(index) for index in range(len(self._stack))])
        self._encoded = {index: network.encode(self._slices[index : index + 1]) for index in range(len(self._stack))}
        self._follower = Follower(network, self._stack, self._encoded.__getitem__)
        self._click, self._second = (0.4 * size, 0.6 * size), (0.7 * size, 0.3 * size)

    def features(self) -> Iterator[Difference]:
        ours, theirs = (
            self._encoded[self._middle],
            self._predictor.forward_image(self._slices[self._middle : self._middle + 1]),
        )
        finest, fine, top = theirs["backbone_fpn"]
        yield self._difference("features, stride 16", ours.top.transpose(1, 2), top.flatten(2))
        yield self._difference("features, stride 8", ours.fine, fine)
        yield self._difference("features, stride 4", ours.finest, finest)

    def prompts(self) -> Iterator[Difference]:
        run = self._run()
        first = self._prompted(Track(), self._middle, [self._click], [1])
        yield self._difference("one click", self._plane(first), run.add_points(self._middle, [[*self._click]], [1]))
        again = self._prompted(Track({self._middle: first}), self._middle, [self._click, self._second], [1, 0])
        theirs = run.add_points(self._middle, [[*self._second]], [0], again=True)
        yield self._difference("second click with the previous mask", self._plane(again), theirs)
        points = [self._click, self._second, (0.1 * self._case.image_size, 20.0)]
        ours = self._prompted(Track(), self._middle, points, [1, 0, 1])
        theirs = self._run().add_points(self._middle, [[*point] for point in points], [1, 0, 1])
        yield self._difference("three points", self._plane(ours), theirs)
        low, high = (0.2 * self._case.image_size, 30.0), (0.8 * self._case.image_size, 0.7 * self._case.image_size)
        ours = self._best(self._follower.prompted(Track(), self._middle, AskedSlice((low, high))))
        yield self._difference("box", self._plane(ours), self._run().add_box(self._middle, [*low, *high]))
        ours = self._best(self._follower.prompted(Track(), self._middle, AskedSlice((low, high), [self._second], [0])))
        run = self._run()
        theirs = run.add_points(self._middle, [[*low], [*high], [*self._second]], [2, 3, 0])
        yield self._difference("box and point", self._plane(ours), theirs)

    def memory(self) -> Iterator[Difference]:
        run = self._run()
        run.add_points(self._middle, [[*self._click]], [1])
        track = Track({self._middle: self._prompted(Track(), self._middle, [self._click], [1])})
        track, ways = self._followed(track, run, self._middle, downwards=False)
        yield self._largest(f"memory, {self._case.above} slices upwards", ways)
        back = run
        if self._case.config.rules.reset_between_directions:
            back = self._run()
            back.add_points(self._middle, [[*self._click]], [1])
        track, ways = self._followed(track, back, self._middle, downwards=True)
        yield self._largest(f"memory, {self._case.below} slices downwards", ways)
        corrected = self._middle + 2
        record = self._prompted(track, corrected, [self._second], [1])
        theirs = run.add_points(corrected, [[*self._second]], [1])
        yield self._difference("click on a followed slice", self._plane(record), theirs)
        track = track.with_prompted(corrected, record)
        track, ways = self._followed(track, run, corrected, downwards=False)
        yield self._largest("memory of two prompted slices", ways)
        yield from self._given_mask()

    def _given_mask(self) -> Iterator[Difference]:
        """A mask given by hand on the topmost slice, and the object followed down from it over all others."""
        run, last = self._run(), len(self._stack) - 1
        mask = np.zeros(self._stack.plane, bool)
        mask[30 : self._case.image_size // 2, 40 : self._case.image_size - 40] = True
        run.add_mask(last, torch.from_numpy(mask))
        _, ways = self._followed(Track({last: self._follower.accepted(last, mask)}), run, last, True)
        yield self._largest(f"memory of a given mask, {last} slices downwards", ways)

    def saved_and_loaded(self) -> Difference:
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            before = self._network.encode(self._slices[:1]).top
            save_checkpoint(Path(folder), self._network, {})
            loaded, _ = load_checkpoint(Path(folder))
            return self._difference("saved and loaded", loaded.encode(self._slices[:1]).top, before)

    def _followed(
        self, track: Track, run: Sam2PackageRun, start: int, downwards: bool
    ) -> tuple[Track, list[tuple[Tensor, Tensor]]]:
        """Follow the object with both: the track, and each slice's pair of masks."""
        pairs: list[tuple[Tensor, Tensor]] = []
        for index, theirs in run.propagate(start, reverse=downwards):
            if index == start:
                continue
            record = self._follower.followed(track, index, downwards)
            track = track.with_followed(index, record)
            pairs.append((self._plane(record), theirs))
        return track, pairs

    def _run(self) -> Sam2PackageRun:
        return Sam2PackageRun(self._predictor, self._slices)

    def _prompted(self, track: Track, index: int, points: list[Pixel], labels: list[int]) -> SliceRecord:
        return self._best(self._follower.prompted(track, index, AskedSlice(None, points, labels)))

    def _best(self, records: Sequence[SliceRecord]) -> SliceRecord:
        return max(records, key=lambda record: float(record.masks.iou))

    def _plane(self, record: SliceRecord) -> Tensor:
        return torch.from_numpy(self._stack.voxel_logits(record.masks.logits))

    def _difference(self, what: str, ours: Tensor, theirs: Tensor) -> Difference:
        return self._largest(what, [(ours, theirs)])

    def _largest(self, what: str, pairs: Sequence[tuple[Tensor, Tensor]]) -> Difference:
        largest = max(float((ours - theirs).abs().max()) for ours, theirs in pairs)
        return Difference(self._case, what, largest, max(float(theirs.abs().max()) for _, theirs in pairs))


def _table(differences: Sequence[Difference]) -> str:
    header = ["network", "pixels", "output", "largest difference", "largest value", ""]
    rows = []
    for one in differences:
        verdict = "" if one.largest < LARGEST_DIFFERENCE else "too far apart"
        size = str(one.case.image_size)
        rows.append([one.case.network, size, one.what, f"{one.largest:.1e}", f"{one.magnitude:.1f}", verdict])
    return markdown_table(header, rows)
