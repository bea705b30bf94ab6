"""Whether installed files are still what arrived."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from MedVLSAM2Lib.catalogue.digests import sha256_of
from MedVLSAM2Lib.catalogue.installed import InstalledFile, InstalledModel


def problems_of(model: InstalledModel) -> Iterator[str]:
    """A sentence for each file that is missing or changed, and for a download that has not ended."""
    if not model.complete:
        yield f"{model.name} ({model.format}) is not complete; download it again to go on."
    for file in model.files:
        problem = _problem_of(model.folder / file.path, file)
        if problem is not None:
            yield problem


def _problem_of(path: Path, file: InstalledFile) -> str | None:
    if not path.is_file():
        return f"{path} is missing; remove the model and get it again."
    size = path.stat().st_size
    if size != file.size:
        return f"{path} has {size} bytes instead of {file.size}; remove the model and get it again."
    if sha256_of(path) != file.sha256:
        return f"{path} has changed since it arrived; remove the model and get it again."
    return None
