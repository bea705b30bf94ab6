"""The Hugging Face hub and its cache on this machine, as far as downloads need them.

Every call that reaches the network is in this file, and none happens unless ``listing`` or ``fetch`` is called. Proxies,
certificates, login and offline mode are what ``huggingface_hub`` reads from its environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self, cast

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.catalogue.digests import git_blob_id_of, sha256_of
from MedVLSAM2Lib.catalogue.errors import DownloadError
from MedVLSAM2Lib.catalogue.hub_failures import as_sentences
from MedVLSAM2Lib.catalogue.places import hub_cache_folder

# As huggingface_hub names files that are not whole, so that its own clearing-up finds them too.
PARTIAL_SUFFIX = ".medvlsam2.incomplete"
_LOCK_PATIENCE_S = 1.0
_SHA256 = re.compile("[0-9a-f]{64}")
_DIGEST = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        path: within the repository.
        size: in bytes.
        digest: SHA-256 of its content for a file in Git LFS, else git's blob id. Also its name in the cache.
    """

    path: str
    size: int
    digest: str

    @property
    def is_large(self) -> bool:
        """Whether it lies in Git LFS."""
        return _SHA256.fullmatch(self.digest) is not None


@dataclass(frozen=True)
class HubListing:
    """What a repository holds at one commit, and the licence its card declares (empty when it declares none)."""

    repo_id: str
    revision: str
    licence: str
    files: tuple[HubFile, ...]


@dataclass(frozen=True)
class FetchedFile:
    """Where a file is now, and whether it had to be fetched."""

    path: Path
    fetched: bool


class Hub:
    """Lists repositories and fetches files into the hub's cache, where other programs find them too.

    ``huggingface_hub`` gives up what had arrived of a file when a download ends early. Here it is kept beside the blobs
    and gone on from, and it enters the cache only once its hash is what the hub says.
    """

    def __init__(self, cache: Path | None = None, endpoint: str | None = None) -> None:
        """Nothing is asked yet.

        Args:
            cache: the hub's cache; where ``huggingface_hub`` has it when None (HF_HUB_CACHE, HF_HOME).
            endpoint: the hub's address; HF_ENDPOINT or huggingface.co when None.
        """
        self._cache = cache
        self._endpoint = endpoint

    @property
    def cache(self) -> Path:
        """The folder of the hub's cache."""
        return self._cache or hub_cache_folder()

    def listing(self, repo_id: str, revision: str = "main") -> HubListing:
        """What ``repo_id`` holds at ``revision``, resolved to a commit; DownloadError when it cannot be had."""
        with as_sentences(repo_id):
            from huggingface_hub import HfApi

            api = HfApi(endpoint=self._endpoint, library_name="medvlsam2", library_version=__version__)
            info = api.model_info(repo_id, revision=revision, files_metadata=True)
        files = tuple(
            HubFile(sibling.rfilename, sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else sibling.blob_id or "")
            for sibling in info.siblings or ()
        )
        _check_names(repo_id, info.sha or "", files)
        licence = info.card_data.get("license") if info.card_data else None
        return HubListing(repo_id, info.sha or "", str(licence or ""), files)

    def snapshot_folder(self, listing: HubListing) -> Path:
        """Where the files of that commit are, once they have arrived."""
        return self._repository(listing.repo_id) / "snapshots" / listing.revision

    def missing_bytes(self, listing: HubListing, file: HubFile) -> int:
        """How much of ``file`` has yet to arrive."""
        if (self.snapshot_folder(listing) / file.path).exists() or self._blob(listing, file).exists():
            return 0
        partial = self._partial(listing, file)
        return max(0, file.size - (partial.stat().st_size if partial.exists() else 0))

    def fetch(self, listing: HubListing, file: HubFile, told: Callable[[int], None]) -> FetchedFile:
        """``file`` in the cache: at once when it is there, else fetched, going on from what an earlier try left.

        Args:
            listing: the repository and its commit.
            file: one of its files.
            told: called with the number of bytes that are there, as they arrive; what it raises ends the fetch.

        Raises:
            DownloadError: it did not arrive, or not as it should be.
        """
        pointer = self.snapshot_folder(listing) / file.path
        if pointer.exists():
            _check_cached(pointer, file)
            told(file.size)
            return FetchedFile(pointer, fetched=False)
        blob, partial = self._blob(listing, file), self._partial(listing, file)
        with as_sentences(f"{listing.repo_id}/{file.path}"), self._alone(listing, file):
            fetched = not blob.exists()
            if fetched:
                self._complete(listing, file, told)
                partial.replace(blob)
        try:
            self._point_to_blob(listing, file)
        except DownloadError:
            if fetched:  # the next try must know whose it is
                blob.replace(partial)
            raise
        return FetchedFile(pointer, fetched)

    def partial_files(self, repo_id: str) -> tuple[Path, ...]:
        """What earlier downloads of the repository left unfinished."""
        return tuple(sorted((self._repository(repo_id) / "blobs").glob(f"*{PARTIAL_SUFFIX}")))

    def _complete(self, listing: HubListing, file: HubFile, told: Callable[[int], None]) -> None:
        partial = self._partial(listing, file)
        partial.parent.mkdir(parents=True, exist_ok=True)
        # The hub may compress small text on the way; a part of it cannot be gone on from.
        there = partial.stat().st_size if partial.exists() and file.is_large else 0
        if there > file.size:
            there = 0
        with partial.open("r+b" if there else "wb") as content:
            content.seek(there)
            self._stream(listing, file, _Told(content, told), there)
        if _digest(partial, file) != file.digest:
            partial.unlink()
            raise DownloadError(
                f"{listing.repo_id}/{file.path} arrived damaged (its hash is not the one the hub gives) and was deleted; "
                "download again."
            )

    def _stream(self, listing: HubListing, file: HubFile, into: _Told, there: int) -> None:
        with as_sentences(f"{listing.repo_id}/{file.path}"):
            from huggingface_hub import hf_hub_url
            from huggingface_hub.file_download import http_get
            from huggingface_hub.utils import build_hf_headers

            url = hf_hub_url(listing.repo_id, file.path, revision=listing.revision, endpoint=self._endpoint)
            http_get(
                url,
                cast("BinaryIO", into),
                resume_size=there,
                headers=build_hf_headers(library_name="medvlsam2", library_version=__version__),
                expected_size=file.size,
                tqdm_class=_NoBar,
            )

    def _point_to_blob(self, listing: HubListing, file: HubFile) -> None:
        """Let the hub's own code put the blob into the snapshot: it knows what this file system can do."""
        with as_sentences(f"{listing.repo_id}/{file.path}"):
            from huggingface_hub import hf_hub_download

            pointer = hf_hub_download(
                listing.repo_id,
                file.path,
                revision=listing.revision,
                cache_dir=self.cache,
                endpoint=self._endpoint,
                library_name="medvlsam2",
                library_version=__version__,
                tqdm_class=_NoBar,
            )
        if not Path(pointer).is_symlink():  # a copy, where links are not allowed: one is enough
            self._blob(listing, file).unlink(missing_ok=True)

    @contextmanager
    def _alone(self, listing: HubListing, file: HubFile) -> Iterator[None]:
        """Hold the lock that ``huggingface_hub`` takes for the same file."""
        lock = self.cache / ".locks" / self._repository(listing.repo_id).name / f"{file.digest}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with as_sentences(f"{listing.repo_id}/{file.path}"):
            from filelock import Timeout
            from huggingface_hub.utils import WeakFileLock
        try:
            with WeakFileLock(lock, timeout=_LOCK_PATIENCE_S):
                yield
        except Timeout as error:
            raise DownloadError(
                f"{listing.repo_id}/{file.path} is being downloaded by another program; wait for it and download again."
            ) from error

    def _repository(self, repo_id: str) -> Path:
        return self.cache / f"models--{repo_id.replace('/', '--')}"

    def _blob(self, listing: HubListing, file: HubFile) -> Path:
        return self._repository(listing.repo_id) / "blobs" / file.digest

    def _partial(self, listing: HubListing, file: HubFile) -> Path:
        return self._blob(listing, file).with_name(f"{file.digest}{PARTIAL_SUFFIX}")


class _Told:
    """A file that tells how much is in it. It is one rather than a progress bar because only writing is documented."""

    def __init__(self, content: BinaryIO, told: Callable[[int], None]) -> None:
        self._content = content
        self._told = told

    def write(self, data: bytes) -> int:
        """Write and tell."""
        written = self._content.write(data)
        self._told(self._content.tell())
        return written

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._content.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there."""
        return self._content.seek(offset, whence)

    def truncate(self, size: int | None = None) -> int:
        """Cut off what follows."""
        return self._content.truncate(size)


class _NoBar:
    """Stands where ``huggingface_hub`` would draw a progress bar."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, _: float | None = 1) -> None:
        """Draw nothing."""

    def close(self) -> None:
        """Close nothing."""


def _check_names(repo_id: str, revision: str, files: tuple[HubFile, ...]) -> None:
    """Hashes become names of files: none may lead out of the cache, whoever answers in the hub's place."""
    usable = _DIGEST.fullmatch(revision) and all(_DIGEST.fullmatch(file.digest) for file in files)
    if not usable or any(".." in PurePosixPath(file.path).parts or file.path.startswith("/") for file in files):
        raise DownloadError(f"The answer about {repo_id} is not the hub's; check HF_ENDPOINT and the proxy.")


def _digest(path: Path, file: HubFile) -> str:
    return sha256_of(path) if file.is_large else git_blob_id_of(path)


def _check_cached(path: Path, file: HubFile) -> None:
    if path.stat().st_size != file.size or _digest(path, file) != file.digest:
        raise DownloadError(f"{path} in the cache is damaged; delete it and what it links to, and download again.")
