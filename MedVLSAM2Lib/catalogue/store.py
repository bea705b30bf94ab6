"""The models of this machine: what the command line and the panel ask and tell."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.catalogue.bundling import write_bundle
from MedVLSAM2Lib.catalogue.catalogue import Catalogue, file_format, read_catalogue
from MedVLSAM2Lib.catalogue.download import Download, FreeBytes
from MedVLSAM2Lib.catalogue.entry import CatalogueEntry
from MedVLSAM2Lib.catalogue.errors import CatalogueError
from MedVLSAM2Lib.catalogue.hub import Hub
from MedVLSAM2Lib.catalogue.importing import import_folder
from MedVLSAM2Lib.catalogue.installed import InstalledModel
from MedVLSAM2Lib.catalogue.places import REGISTRY_NAME, user_data_folder
from MedVLSAM2Lib.catalogue.progress import Cancelled, ProgressListener
from MedVLSAM2Lib.catalogue.registry import Registry
from MedVLSAM2Lib.catalogue.removing import Removal, remove_model, remove_partial_files
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.catalogue.verifying import problems_of
from MedVLSAM2Lib.catalogue.weight_files import check_weights


@dataclass(frozen=True)
class Presence:
    """Whether and how a model is on this machine: nothing of it, a part of it, or all of it in one format or more."""

    models: tuple[InstalledModel, ...]
    is_bundled: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether it can be used."""
        return self.is_bundled or any(model.complete for model in self.models)

    @property
    def in_words(self) -> str:
        """For a table's cell."""
        if self.is_bundled:
            return "bundled"
        if not self.models:
            return "no"
        formats = ", ".join(model.format for model in self.models if model.complete)
        return formats or f"partly ({in_words(sum(model.size_bytes for model in self.models))})"


class ModelStore:
    """Lists, downloads, imports, checks and removes models.

    Only ``download`` reaches the network. What takes long (``download``, ``import_folder``, ``verify``, ``bundle``) blocks:
    call it beside the GUI thread.
    """

    def __init__(
        self,
        data_folder: Path | None = None,
        hub: Hub | None = None,
        catalogue: Catalogue | None = None,
        free_bytes: FreeBytes | None = None,
    ) -> None:
        """Nothing is read yet, and no folder made.

        Args:
            data_folder: where the registry and copies are kept; the user's data folder when None.
            hub: where downloads come from and go to.
            catalogue: what there is; the one that comes with the library when None.
            free_bytes: how much room there is on the disk of a folder.
        """
        self._data = data_folder or user_data_folder()
        self._hub = hub or Hub()
        self._registry = Registry(self._data / REGISTRY_NAME)
        self._free_bytes = free_bytes or free_bytes_on_disk
        self.catalogue = catalogue or read_catalogue()

    @property
    def data_folder(self) -> Path:
        """Where the registry and copies are kept."""
        return self._data

    @property
    def hub_cache(self) -> Path:
        """Where downloads go."""
        return self._hub.cache

    def checkpoint_folder(self, name: str) -> Path:
        """Where the checkpoint is that ``models convert`` makes of its weights, unless it is told another place."""
        entry = self.catalogue.entry(name)
        return bundled_checkpoint() if entry.is_bundled else self._data / "checkpoints" / entry.name

    def presence(self, name: str) -> Presence:
        """Whether it is here."""
        entry = self.catalogue.entry(name)
        return Presence(self._registry.of(entry.name), entry.is_bundled)

    def folder(self, name: str, format_name: str | None = None, revision: str = "") -> Path:
        """Where its files are.

        Args:
            name: the catalogue entry's name, here as everywhere, or its hub repository.
            format_name: which of its formats; any that is here when None.
            revision: the commit it must be; any when empty.

        Raises:
            CatalogueError: it is not here, not whole, or of another commit.
        """
        entry = self.catalogue.entry(name)
        if entry.is_bundled:
            return bundled_checkpoint()
        model = self._complete(entry, format_name)
        if revision not in ("", model.revision):
            raise CatalogueError(
                f"{entry.title} is here at the commit {model.revision[:12] or 'unknown'}, not at {revision[:12]}, which is "
                "asked for."
            )
        return model.folder

    def download(
        self,
        name: str,
        accepted_licence: str | None,
        format_name: str | None = None,
        told: ProgressListener = lambda _: None,
        cancelled: Cancelled = lambda: False,
    ) -> InstalledModel:
        """Fetch it from the hub, or what is missing of it.

        Args:
            name: the catalogue entry.
            accepted_licence: the tag of the licence to which the user said yes; None when they did not.
            format_name: another than its preferred format.
            told: hears the progress, in the calling thread.
            cancelled: asked as bytes arrive; true ends the download.

        Raises:
            CatalogueError: there is no such model or format.
            DownloadError: it is not complete; the message says why and what to do, and what came is kept.
        """
        entry = self.catalogue.entry(name)
        wanted = file_format(entry, format_name)
        download = Download(self._hub, self._registry, self._free_bytes)
        return download.run(entry, wanted, accepted_licence, told, cancelled)

    def import_folder(self, folder: Path, name: str | None = None, copy: bool = False) -> InstalledModel:
        """Check and register a folder with a model's files: a bundle, a part of the hub's cache, or plain files."""
        return import_folder(self.catalogue, self._registry, folder, name, self._data / "models" if copy else None)

    def bundle(self, name: str, folder: Path, format_name: str | None = None) -> None:
        """Write a folder that ``import_folder`` takes on a machine without a network."""
        entry = self.catalogue.entry(name)
        write_bundle(entry, self._complete(entry, format_name), folder)

    def verify(self, name: str) -> tuple[str, ...]:
        """A sentence for each file that is missing or is not what arrived; empty when all is well."""
        entry = self.catalogue.entry(name)
        if entry.is_bundled:
            return _problems_of_bundled(entry)
        return tuple(problem for model in self._here(entry) for problem in problems_of(model))

    def remove(self, name: str) -> Removal:
        """Delete what this program put on the disk for it, its own checkpoint of it as well.

        What the user imported in place is only forgotten.
        """
        entry = self.catalogue.entry(name)
        if entry.is_bundled:
            raise CatalogueError(f"{entry.title} comes with the extension and goes with it.")
        models = self._registry.of(entry.name)
        removals = [remove_model(self._hub, self._registry, model) for model in models]
        freed = sum(removal.freed_bytes for removal in removals) + remove_partial_files(self._hub, entry.repo_id)
        freed += _delete_folder(self.checkpoint_folder(name))
        if not models and not freed:
            raise CatalogueError(_not_here(entry))
        return Removal(freed, tuple(path for removal in removals for path in removal.kept))

    def _here(self, entry: CatalogueEntry) -> tuple[InstalledModel, ...]:
        models = self._registry.of(entry.name)
        if not models:
            raise CatalogueError(_not_here(entry))
        return models

    def _complete(self, entry: CatalogueEntry, format_name: str | None) -> InstalledModel:
        for model in self._here(entry):
            if model.complete and format_name in (None, model.format):
                return model
        hint = f"medvlsam2 models download {entry.name}" + (f" --format {format_name}" if format_name else "")
        raise CatalogueError(f"{entry.title} is not complete on this machine; run {hint}.")


def _delete_folder(folder: Path) -> int:
    """How many bytes were freed; none when there is no such folder."""
    freed = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if folder.is_dir():
        shutil.rmtree(folder)
    return freed


def free_bytes_on_disk(folder: Path) -> int:
    """How much room there is on the disk of ``folder``, which need not exist yet."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    return shutil.disk_usage(there).free


def _problems_of_bundled(entry: CatalogueEntry) -> tuple[str, ...]:
    """Nothing was recorded of it when it was installed, so its structure must do."""
    problems = []
    for path in entry.formats[0].files:
        file = bundled_checkpoint() / path
        if not file.is_file():
            problems.append(f"{file} is missing; install the extension again.")
            continue
        try:
            check_weights(file)
        except CatalogueError as error:
            problems.append(str(error))
    return tuple(problems)


def _not_here(entry: CatalogueEntry) -> str:
    return f"{entry.title} is not on this machine; run medvlsam2 models download {entry.name}."
