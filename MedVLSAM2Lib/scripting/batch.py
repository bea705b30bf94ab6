"""The same names looked for in every scan of a folder."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from MedVLSAM2Lib.engine.failures import failure_of
from MedVLSAM2Lib.files.atomic_write import write_atomically
from MedVLSAM2Lib.files.dicom_series import holds_dicom
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.scripting.measurement_table import Row, read_table, rows_of, write_table
from MedVLSAM2Lib.scripting.refusals import REFUSALS
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.scripting.session import Session
from MedVLSAM2Lib.session.mask_models import LoadedModel
from MedVLSAM2Lib.volume import Modality

logger = logging.getLogger(__name__)

TABLE = "measurements.csv"
SETTINGS = "batch.json"
_SCANS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
_SEGMENTATIONS = (".seg.nrrd", ".seg.nhdr")
_UNFINISHED = ".incomplete"


class BatchError(ValueError):
    """The batch cannot begin; the message is one sentence for the user."""


@dataclass(frozen=True)
class BatchTask:
    """What is done with each scan.

    Attributes:
        phrases: the names to look for.
        report_template: of the draft report that is written; none is if None.
        modality: where the files do not tell it.
    """

    phrases: tuple[str, ...]
    report_template: Template | None = None
    modality: Modality | None = None


@dataclass
class BatchOutcome:
    """What came of it.

    Attributes:
        done: scans that were worked on and are whole.
        left: scans that an earlier run had done.
        failed: why the others are not, in one sentence each.
    """

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Batch:
    """Writes, for every scan, a folder with its masks, its measurements and its report, and one table of all.

    A scan's folder gets its name once it is whole, and the table is made anew from the whole folders after each scan: a run
    that is killed leaves both right, and the next one goes on where it ended.
    """

    def __init__(self, folder: Path, output: Path, task: BatchTask, model: LoadedModel) -> None:
        """``folder`` holds the scans, as files or as folders of DICOM files; what lies in it is never written to."""
        self._folder = folder
        self._output = output
        self._task = task
        self._model = model

    def run(self) -> BatchOutcome:
        """Work on what is not done yet.

        Raises:
            BatchError: there is no scan, or the output folder holds results of another task.
            FileWriteError: the table cannot be written.
        """
        scans = list(self._scans())
        if not scans:
            raise BatchError(f"There is no scan in {self._folder}; give a folder with image files or DICOM folders.")
        self._check_settings()
        outcome = BatchOutcome()
        for number, scan in enumerate(scans, start=1):
            if (self._output / scan.name / TABLE).is_file():
                outcome.left.append(scan.name)
                continue
            logger.info("%s, %d of %d", scan.name, number, len(scans))
            try:
                self._work_on(scan)
                outcome.done.append(scan.name)
            except REFUSALS as error:
                outcome.failed[scan.name] = str(error)
            except Exception as error:  # whatever is wrong with one scan, the next one may be right
                logger.exception("%s failed", scan.name)
                outcome.failed[scan.name] = failure_of(error).message
            self._collect()
        self._collect()
        return outcome

    def _scans(self) -> Iterator[Path]:
        if not self._folder.is_dir():
            raise BatchError(f"{self._folder} is no folder; give the one that holds the scans.")
        for path in sorted(self._folder.iterdir()):
            name = path.name.lower()
            if name.startswith("."):
                continue
            if path.is_dir():
                if path.resolve() != self._output.resolve() and holds_dicom(path):
                    yield path
            elif name.endswith(_SCANS) and not name.endswith(_SEGMENTATIONS):
                yield path

    def _check_settings(self) -> None:
        """Results of two tasks in one table would be mistaken for each other's."""
        path, template = self._output / SETTINGS, self._task.report_template
        wanted = {
            "phrases": list(self._task.phrases),
            "report": template.layout.study_type if template else None,
            "model": {"name": self._model.name, "identity": self._model.identity},
        }
        if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != wanted:
            raise BatchError(
                f"{self._output} holds results of other names, another report or another model; choose a new folder."
            )
        write_atomically(path, (json.dumps(wanted, indent=1, ensure_ascii=False) + "\n").encode())

    def _work_on(self, scan: Path) -> None:
        session = Session.open(scan, self._model, self._task.modality)
        found = session.find_all(self._task.phrases)
        unfinished = self._output / f".{scan.name}{_UNFINISHED}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        rows = self._write_masks(scan.name, found, unfinished)
        if self._task.report_template is not None:
            segments = [one for of_phrase in found.values() for one in of_phrase]
            missing = [phrase for phrase, made in found.items() if not made]
            draft = session.report(self._task.report_template, segments=segments, not_found=missing)
            draft.save(unfinished / "report.html")
        write_table(unfinished / TABLE, rows)
        unfinished.rename(self._output / scan.name)

    @staticmethod
    def _write_masks(scan: str, found: Mapping[str, tuple[ScanSegment, ...]], folder: Path) -> list[Row]:
        rows: list[Row] = []
        for phrase, segments in found.items():
            written: list[tuple[ScanSegment, str]] = []
            for segment in segments:
                file = _free_name(folder, segment.name)
                segment.save(folder / file)
                written.append((segment, f"{scan}/{file}"))
            rows += rows_of(scan, phrase, written)
        return rows

    def _collect(self) -> None:
        tables = sorted(self._output.glob(f"[!.]*/{TABLE}"))
        write_table(self._output / TABLE, (row for table in tables for row in read_table(table)))


def _free_name(folder: Path, name: str) -> str:
    """A mask's file name that nothing in ``folder`` has."""
    stem, number = re.sub(r"[^\w-]+", "_", name).strip("_") or "segment", 1
    while (folder / (file := f"{stem}{f'_{number}' if number > 1 else ''}.seg.nrrd")).exists():
        number += 1
    return file
