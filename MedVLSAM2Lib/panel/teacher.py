"""Learning from segments beside the GUI thread: kept, learned from in a process of the engine's Python, compared."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from MedVLSAM2Lib.engine import LaunchError
from MedVLSAM2Lib.environment import Cancelled, EnvironmentProblem
from MedVLSAM2Lib.panel.background_job import BackgroundJob
from MedVLSAM2Lib.panel.learning_runs import LearningRun, LearningRuns
from MedVLSAM2Lib.panel.teaching_material import TeachingMaterial
from MedVLSAM2Lib.panel.training_command import TrainingCommand
from MedVLSAM2Lib.shown_paths import by_name
from MedVLSAM2Lib.volume import VolumeError

if TYPE_CHECKING:
    from MedVLSAM2Lib.files.scan_collection import CollectedScan, ScanCollection

logger = logging.getLogger(__name__)

FEWEST_SCANS = 2

Training = Callable[[], TrainingCommand]
"""Makes what trains in the engine's Python; LaunchError when nothing can."""


@dataclass(frozen=True)
class TeachingEnd:
    """How a job ended: a sentence for the panel, the run if one came to its end, and which scans were kept."""

    sentence: str
    run: LearningRun | None = None
    kept: tuple[str, ...] = ()


class Teacher:
    """Does one job at a time in a thread; ``take``, called by a timer of the GUI thread, tells when it has ended.

    Args:
        training: makes what trains.
        collection: the folder in which scans are kept.
        runs: what was learned here.

    Attributes:
        run: the run that is learning; None for anything else.
    """

    def __init__(self, training: Training, collection: Path, runs: LearningRuns) -> None:
        self._training = training
        self._folder = collection
        self.runs = runs
        self._job = BackgroundJob("medvlsam2-teaching", self._failed, _lost)
        self.run: LearningRun | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self._job.is_busy

    @property
    def doing(self) -> str:
        """What is being done, in a few words."""
        return self._job.doing

    def kept(self) -> tuple[CollectedScan, ...]:
        """What is kept to learn from; CollectionError when it cannot be read."""
        return self._collection().scans() if self._folder.is_dir() else ()

    def keep(self, material: TeachingMaterial) -> None:
        """Keep scans with their segments, to learn from them another time."""

        def work() -> TeachingEnd:
            kept = self._keep(material)
            count = sum(map(bool, kept))
            scans = "1 scan is kept" if count == 1 else f"{count} scans are kept"
            return TeachingEnd(f"{scans} to learn from.", kept=kept)

        self._job.start("Keeping the segments…", work)

    def remove(self, name: str) -> None:
        """Delete a kept scan."""

        def work() -> TeachingEnd:
            self._collection().remove(name)
            return TeachingEnd("The kept scan was removed.")

        self._job.start("Removing a kept scan…", work)

    def learn(self, material: TeachingMaterial, begun_with: Path, minutes: int) -> None:
        """Keep scans with their segments, and learn from them and from all that were kept before."""

        def work() -> TeachingEnd:
            training = self._training()
            kept = self._keep(material)
            collection = self._collection()
            if len(collection.scans()) < FEWEST_SCANS:
                return TeachingEnd(
                    f"Learning needs segments on at least {FEWEST_SCANS} scans; this one is kept, come back with another.",
                    kept=kept,
                )
            collection.hold_out()
            self.run = self.runs.new(begun_with, minutes)
            return self._trained(training, self.run, kept)

        self._job.start("Keeping the segments…", work)

    def go_on(self, run: LearningRun) -> None:
        """Learn on where a run was stopped."""

        def work() -> TeachingEnd:
            training = self._training()
            self.run = run
            return self._trained(training, run, ())

        self._job.start("Learning…", work)

    def cancel(self) -> None:
        """End the job within a second; a run can be gone on with."""
        self._job.cancel()

    def close(self) -> None:
        """End the job and wait until its process is gone."""
        self.cancel()
        self._job.wait()

    def take(self) -> TeachingEnd | None:
        """How the job ended, once; None while it runs."""
        end = self._job.take()
        if end is not None:
            self.run = None
        return end

    def _trained(self, training: TrainingCommand, run: LearningRun, kept: tuple[str, ...]) -> TeachingEnd:
        self._job.doing = "Learning…"
        training.finetune(run.begun_with, self._folder, run.folder, run.minutes, self._job.is_cancelled)
        run.finish()
        return TeachingEnd("", run, kept)

    def _keep(self, material: TeachingMaterial) -> tuple[str, ...]:
        return material.write(self._collection())

    def _collection(self) -> ScanCollection:
        # Imported here with SimpleITK, which the panel opens without.
        from MedVLSAM2Lib.files.scan_collection import ScanCollection

        return ScanCollection(self._folder)

    def _failed(self, error: Exception) -> TeachingEnd | None:
        from MedVLSAM2Lib.files.atomic_write import FileWriteError
        from MedVLSAM2Lib.files.scan_collection import CollectionError
        from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError

        if isinstance(error, Cancelled):
            return TeachingEnd("Learning was stopped; Go on takes it up where it was last saved.")
        known = (
            CollectionError, EnvironmentProblem, FileWriteError, LaunchError, SegmentationFileError, VolumeError
        )  # fmt: skip
        if isinstance(error, known):
            sentence = by_name(str(error), self._folder, self.runs.folder)
            logger.warning("%s", sentence)
            return TeachingEnd(sentence)
        return None


def _lost(error: Exception) -> TeachingEnd:
    return TeachingEnd(f"That did not work ({type(error).__name__}); the log tells more.")
