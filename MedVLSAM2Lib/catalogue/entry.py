"""Published weights, as the catalogue describes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

UNKNOWN_LICENCE = "unknown"


@dataclass(frozen=True)
class Licence:
    """Under which terms weights may be used.

    Attributes:
        tag: as the hub writes it (``apache-2.0``); ``unknown`` where no source states it.
        url: where its text is.
        accepted_on_hub: whether the hub hands files out only to accounts that accepted its terms on the model's page.
        note: what else a user must know before a yes.
    """

    tag: str
    url: str
    accepted_on_hub: bool = False
    note: str = ""


@dataclass(frozen=True)
class FileFormat:
    """One way in which the same weights are published.

    Attributes:
        name: ``safetensors`` or ``pt``.
        files: patterns of the files it consists of, each of which must match something.
        optional: patterns of files that are taken along where there are any.
        size_bytes: of all of them; None where no source tells.
    """

    name: str
    files: tuple[str, ...]
    optional: tuple[str, ...] = ()
    size_bytes: int | None = None

    def chosen(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of ``paths`` (relative, with slashes) that belong to it, sorted."""
        patterns = (*self.files, *self.optional)
        return tuple(sorted(path for path in paths if any(fnmatchcase(path, pattern) for pattern in patterns)))

    def lacking(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The patterns for which there is nothing in ``paths``."""
        present = tuple(paths)
        return tuple(pattern for pattern in self.files if not any(fnmatchcase(path, pattern) for path in present))


@dataclass(frozen=True)
class MemoryNeed:
    """Peak bytes with a scan of 512×512×300 open, weights included.

    Mask models are reckoned in float32 on a CPU and, ``slices``, in half precision on a GPU; language models in bfloat16.
    """

    cpu_bytes: int
    gpu_bytes: int


@dataclass(frozen=True)
class CatalogueEntry:
    """One set of published weights.

    Attributes:
        name: what the user types.
        title: what the user reads.
        kind: ``patches`` or ``slices``, the two kinds of mask model, or ``language``.
        repo_id: its place on the Hugging Face hub; empty for the checkpoint that comes with the extension.
        licence: the terms of the weights.
        formats: how they are published, the preferred one first.
        capabilities: what they were trained for.
        parameters: how many numbers they hold.
        image_size: edge of a slice in pixels as the network sees it; None where it sees cubes.
        memory: what it takes to run them.
        trained_on: the data.
        sources: for each fact above, where it is from.
        unverified: which facts nobody could check against the hub.
    """

    name: str
    title: str
    kind: str
    repo_id: str
    licence: Licence
    formats: tuple[FileFormat, ...]
    capabilities: tuple[str, ...]
    parameters: int
    image_size: int | None
    memory: MemoryNeed
    trained_on: tuple[str, ...]
    sources: dict[str, str]
    unverified: tuple[str, ...]

    @property
    def is_bundled(self) -> bool:
        """Whether it comes with the extension and needs no download."""
        return not self.repo_id

    @property
    def owner(self) -> str:
        """Who published it: the first part of its repository."""
        return self.repo_id.partition("/")[0]

    @property
    def page(self) -> str:
        """The model's page on the hub."""
        return f"https://huggingface.co/{self.repo_id}"
