"""From the hub to this machine: one model, file by file, and a record of what came."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from MedVLSAM2Lib.catalogue.digests import sha256_of
from MedVLSAM2Lib.catalogue.entry import UNKNOWN_LICENCE, CatalogueEntry, FileFormat
from MedVLSAM2Lib.catalogue.errors import CatalogueError, DownloadCancelled, DownloadError, LicenceDiffers
from MedVLSAM2Lib.catalogue.hub import Hub, HubFile, HubListing
from MedVLSAM2Lib.catalogue.hub_failures import as_sentences
from MedVLSAM2Lib.catalogue.installed import InstalledFile, InstalledModel, Origin
from MedVLSAM2Lib.catalogue.progress import Cancelled, DownloadProgress, ProgressListener
from MedVLSAM2Lib.catalogue.registry import Registry
from MedVLSAM2Lib.catalogue.sizes import in_words

logger = logging.getLogger(__name__)

FreeBytes = Callable[[Path], int]


class Download:
    """One download of one format of a model, which may go on from an earlier one.

    The commit of the first try is kept until the model is complete: weights and config of two commits never mix.
    """

    def __init__(self, hub: Hub, registry: Registry, free_bytes: FreeBytes) -> None:
        self._hub = hub
        self._registry = registry
        self._free_bytes = free_bytes

    def run(
        self,
        entry: CatalogueEntry,
        file_format: FileFormat,
        accepted_licence: str | None,
        told: ProgressListener,
        cancelled: Cancelled,
    ) -> InstalledModel:
        """Fetch what is missing.

        Args:
            entry: the model.
            file_format: which of its formats.
            accepted_licence: the tag of the licence the user said yes to; None when they did not.
            told: hears how far it is.
            cancelled: asked as bytes arrive.

        Raises:
            DownloadError: it is not complete; the message says what to do.
        """
        _check_acceptance(entry, accepted_licence)
        begun = self._begun(entry, file_format)
        if begun is not None and begun.complete and _is_there(begun):
            return begun
        if begun is not None and begun.origin is not Origin.DOWNLOADED:
            raise DownloadError(
                f"{entry.title} was imported from {begun.folder}, where files are missing; run medvlsam2 models remove "
                f"{entry.name} and download again."
            )
        listing = self._hub.listing(entry.repo_id, begun.revision if begun else "main")
        _check_licence(entry, listing, accepted_licence)
        files = _chosen(entry, file_format, listing)
        self._check_room(entry, listing, files)
        model = replace(begun, complete=False) if begun else self._new(entry, file_format, listing, accepted_licence)
        steps = _Steps(sum(file.size for file in files), told, cancelled)
        with as_sentences(entry.title):  # the list of models, too, may have no room
            for file in files:
                model = model.with_file(self._fetch(model, listing, file, steps))
                self._registry.put(model)
            model = replace(model, complete=True)
            self._registry.put(model)
        return model

    def _begun(self, entry: CatalogueEntry, file_format: FileFormat) -> InstalledModel | None:
        models = self._registry.of(entry.name)
        return next((model for model in models if model.format == file_format.name), None)

    def _new(
        self, entry: CatalogueEntry, file_format: FileFormat, listing: HubListing, licence: str | None
    ) -> InstalledModel:
        return InstalledModel(
            name=entry.name,
            format=file_format.name,
            folder=self._hub.snapshot_folder(listing),
            origin=Origin.DOWNLOADED,
            repo_id=entry.repo_id,
            revision=listing.revision,
            licence=licence or entry.licence.tag,
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            complete=False,
        )

    def _fetch(self, model: InstalledModel, listing: HubListing, file: HubFile, steps: _Steps) -> InstalledFile:
        fetched = self._hub.fetch(listing, file, steps.of(file))
        steps.end(file)
        earlier = next((known for known in model.files if known.path == file.path), None)
        ours = fetched.fetched or (earlier is not None and earlier.ours)
        digest = file.digest if file.is_large else sha256_of(fetched.path)
        return InstalledFile(file.path, file.size, digest, ours)

    def _check_room(self, entry: CatalogueEntry, listing: HubListing, files: tuple[HubFile, ...]) -> None:
        needed = sum(self._hub.missing_bytes(listing, file) for file in files)
        free = self._free_bytes(self._hub.cache)
        if needed > free:
            raise DownloadError(
                f"{entry.title} needs {in_words(needed)} more in {self._hub.cache}, where {in_words(free)} are free; "
                "make room, or set HF_HUB_CACHE to a folder on another disk."
            )


class _Steps:
    """Adds up the bytes of one file after the other."""

    def __init__(self, total: int, told: ProgressListener, cancelled: Cancelled) -> None:
        self._total = total
        self._told = told
        self._cancelled = cancelled
        self._before = 0

    def of(self, file: HubFile) -> Callable[[int], None]:
        """What hears the bytes of ``file``."""

        def hear(there: int) -> None:
            if self._cancelled():
                raise DownloadCancelled("The download was stopped; what has arrived is kept for the next one.")
            self._told(DownloadProgress(self._before + there, self._total, file.path))

        return hear

    def end(self, file: HubFile) -> None:
        """``file`` is there."""
        self._before += file.size


def _check_acceptance(entry: CatalogueEntry, accepted: str | None) -> None:
    if entry.is_bundled:
        raise CatalogueError(f"{entry.title} comes with the extension; there is nothing to download.")
    if accepted is None:
        raise DownloadError(
            f"{entry.title} is under the licence {entry.licence.tag} ({entry.licence.url}); read it, and download again "
            "with --accept-licence if you agree."
        )


def _check_licence(entry: CatalogueEntry, listing: HubListing, accepted: str | None) -> None:
    """The hub has the last word on what the licence is."""
    if listing.licence not in ("", accepted):
        known = "names none" if entry.licence.tag == UNKNOWN_LICENCE else f"says {entry.licence.tag}"
        raise LicenceDiffers(
            f"{entry.page} gives the licence {listing.licence} where the catalogue {known}; read it there, and download "
            f"again with --accept-licence {listing.licence} if you agree.",
            listing.licence,
        )


def _chosen(entry: CatalogueEntry, file_format: FileFormat, listing: HubListing) -> tuple[HubFile, ...]:
    """The files to fetch: small ones first, so that what cannot work fails before the weights come."""
    by_path = {file.path: file for file in listing.files}
    lacking = file_format.lacking(by_path)
    if lacking:
        others = ", ".join(other.name for other in entry.formats if other is not file_format)
        hint = f"try --format {others}" if others else "import a folder with the files"
        raise DownloadError(f"{entry.repo_id} has no {lacking[0]} at {listing.revision[:12]}; {hint}.")
    return tuple(sorted((by_path[path] for path in file_format.chosen(by_path)), key=lambda file: file.size))


def _is_there(model: InstalledModel) -> bool:
    paths = [model.folder / file.path for file in model.files]
    return all(p.is_file() and p.stat().st_size == f.size for p, f in zip(paths, model.files, strict=True))
