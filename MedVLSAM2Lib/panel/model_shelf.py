"""The models of the catalogue: what is here, and what is done about them beside the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.catalogue import (
    CatalogueEntry,
    CatalogueError,
    DownloadProgress,
    InstalledModel,
    LicenceDiffers,
    ModelStore,
)
from MedVLSAM2Lib.catalogue.progress import Cancelled, ProgressListener
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.panel.background_job import BackgroundJob
from MedVLSAM2Lib.shown_paths import by_name

logger = logging.getLogger(__name__)

Convert = Callable[[ModelStore, str, Cancelled], None]
Fetch = Callable[[ModelStore, str, str, ProgressListener, Cancelled], InstalledModel]
"""Downloads the model of that name, under the licence to which the user said yes; raises as ``ModelStore.download``."""
MASK_MODELS = ("patches", "slices")


@dataclass(frozen=True)
class JobEnd:
    """How a job ended.

    Attributes:
        sentence: for the status line.
        checkpoint: the folder of the checkpoint that is to be used now; None for none.
        licence: the hub's licence, which has to be accepted instead of the catalogue's; empty if nothing has to be.
    """

    sentence: str
    checkpoint: Path | None = None
    licence: str = ""


class ModelShelf:
    """Lists models, and downloads, imports, converts and removes them, one job at a time.

    Knows no widget. A job runs in a thread; ``take``, called by a timer of the GUI thread, tells when it has ended.

    Args:
        store: the same functions as ``medvlsam2 models``.
        convert: makes a checkpoint of published weights.
        fetch: downloads published weights.

    Attributes:
        can_cancel: whether that can be stopped half-way.
        progress: how far a download is; None for anything else.
    """

    def __init__(self, store: ModelStore, convert: Convert, fetch: Fetch) -> None:
        self._store = store
        self._convert = convert
        self._fetch = fetch
        # Ends with the program: a download goes on another time from where it was.
        self._job = BackgroundJob("medvlsam2-models", self._failed, _lost)
        self._known_paths: tuple[Path, ...] = ()
        self.progress: DownloadProgress | None = None
        self.can_cancel = False

    @property
    def entries(self) -> tuple[CatalogueEntry, ...]:
        """All models, in the order in which they are shown."""
        return self._store.catalogue.entries

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self._job.is_busy

    @property
    def doing(self) -> str:
        """What is being done, for the status line."""
        return self._job.doing

    def cells(self, entry: CatalogueEntry) -> tuple[str, ...]:
        """A row of the table: model, whether it is here, size, licence, memory on CPU and GPU, what it can do."""
        size, memory = in_words(entry.formats[0].size_bytes), entry.memory
        needs = f"{in_words(memory.cpu_bytes)} / {in_words(memory.gpu_bytes)}"
        here = self._store.presence(entry.name).in_words
        return (entry.title, here, size, entry.licence.tag, needs, ", ".join(entry.capabilities))

    def is_here(self, entry: CatalogueEntry) -> bool:
        """Whether it is complete."""
        return self._store.presence(entry.name).is_complete

    def can_remove(self, entry: CatalogueEntry) -> bool:
        """Whether there is anything of it that can go."""
        return bool(self._store.presence(entry.name).models)

    def checkpoint_folder(self, entry: CatalogueEntry) -> Path:
        """Where its checkpoint is, or will be."""
        return self._store.checkpoint_folder(entry.name)

    def use(self, entry: CatalogueEntry) -> None:
        """Have a checkpoint made of a model that is here, unless there is one; the end of the job names its folder."""

        def work() -> JobEnd:
            folder = self.checkpoint_folder(entry)
            if not folder.is_dir():
                self._convert(self._store, entry.name, self._job.is_cancelled)
            return JobEnd(f"{entry.title} is used from now on.", checkpoint=folder)

        self._start(f"Preparing {entry.title}…", work, can_cancel=True)

    def download(self, entry: CatalogueEntry, accepted_licence: str) -> None:
        """Fetch a model; the user has said yes to its size and to the licence of that tag."""

        def told(progress: DownloadProgress) -> None:
            self.progress = progress

        def work() -> JobEnd:
            try:
                model = self._fetch(self._store, entry.name, accepted_licence, told, self._job.is_cancelled)
            except LicenceDiffers as error:
                return JobEnd(f"{entry.page} gives another licence: {error.licence}.", licence=error.licence)
            return JobEnd(f"{entry.title} is here ({in_words(model.size_bytes)}).")

        self._start(f"Downloading {entry.title}…", work, can_cancel=True)

    def import_folder(self, folder: Path) -> None:
        """Take a model from a folder, where its files stay."""

        def work() -> JobEnd:
            entry = self._store.catalogue.entry(self._store.import_folder(folder).name)
            return JobEnd(f"{entry.title} was taken from {folder.name}; its licence is {entry.licence.tag}.")

        self._start(f"Looking at {folder.name}…", work, looked_at=folder)

    def remove(self, entry: CatalogueEntry) -> None:
        """Delete what this program put on the disk for a model."""

        def work() -> JobEnd:
            freed = self._store.remove(entry.name).freed_bytes
            return JobEnd(f"{entry.title} was removed; {in_words(freed)} are free again.")

        self._start(f"Removing {entry.title}…", work)

    def cancel(self) -> None:
        """End the job as soon as it lets itself be ended; what has arrived is kept."""
        self._job.cancel()

    def take(self) -> JobEnd | None:
        """How the job ended, once; None while it runs."""
        end = self._job.take()
        if end is not None:
            self.progress, self.can_cancel = None, False
        return end

    def _start(
        self, doing: str, work: Callable[[], JobEnd], can_cancel: bool = False, looked_at: Path | None = None
    ) -> None:
        self._known_paths = (self._store.data_folder, self._store.hub_cache, *([looked_at] if looked_at else []))
        self.can_cancel = can_cancel
        self._job.start(doing, work)

    def _failed(self, error: Exception) -> JobEnd | None:
        if isinstance(error, CatalogueError):
            sentence = by_name(str(error), *self._known_paths)
            logger.warning("%s", sentence)
            return JobEnd(sentence)
        return None


def _lost(error: Exception) -> JobEnd:
    return JobEnd(f"That did not work ({type(error).__name__}); the log tells more.")
