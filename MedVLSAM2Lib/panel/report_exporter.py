"""Exports beside the thread that draws."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from MedVLSAM2Lib.panel.report_export import ExportFormat, ReportMaterial, write_report
from MedVLSAM2Lib.shown_paths import by_name
from MedVLSAM2Lib.volume import VolumeError

logger = logging.getLogger(__name__)


class ReportExporter:
    """Writes reports in a thread, one after the other; ``poll``, called by a timer, tells what became of them.

    Args:
        say: gets one sentence for each export: what was written, or why nothing was.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._thread = ThreadPoolExecutor(1, "medvlsam2-export")
        self._running: list[tuple[Future[tuple[Path, ...]], Path]] = []

    @property
    def is_busy(self) -> bool:
        """Whether something is being written."""
        return bool(self._running)

    def export(self, material: ReportMaterial, kind: ExportFormat, folder: Path) -> None:
        """Write into ``folder``."""
        self._running.append((self._thread.submit(write_report, material, kind, folder), folder))

    def poll(self) -> None:
        """Tell of what is finished."""
        while self._running and self._running[0][0].done():
            self._tell(*self._running.pop(0))

    def close(self) -> None:
        """Let what is being written be whole, and end the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _tell(self, written: Future[tuple[Path, ...]], folder: Path) -> None:
        # Imported here with what writes DICOM and files, which the panel opens without.
        from MedVLSAM2Lib.files.atomic_write import FileWriteError
        from MedVLSAM2Lib.report.exporters.dicom_support import DicomExportError

        try:
            paths = written.result()
        except (FileWriteError, DicomExportError, VolumeError) as error:
            sentence = by_name(str(error), folder)
            logger.warning("%s", sentence)
            self._say(sentence)
            return
        names = " and ".join(path.name for path in paths)
        self._say(f"Written: {names}, in {folder.name or folder}.")
