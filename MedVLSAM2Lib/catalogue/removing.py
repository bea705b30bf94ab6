"""Deleting what this program put on the disk, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.catalogue.hub import Hub
from MedVLSAM2Lib.catalogue.installed import InstalledModel, Origin
from MedVLSAM2Lib.catalogue.registry import Registry


@dataclass(frozen=True)
class Removal:
    """What was deleted.

    Attributes:
        freed_bytes: how much room there is now that was not.
        kept: files that stay, since others put them there or use them.
    """

    freed_bytes: int
    kept: tuple[Path, ...]


def remove_model(hub: Hub, registry: Registry, model: InstalledModel) -> Removal:
    """Forget ``model`` and delete those of its files that are this program's."""
    freed, kept = 0, []
    for file in model.files:
        path = model.folder / file.path
        if not path.exists():
            continue
        if not file.ours:
            kept.append(path)
            continue
        freed += _delete(path)
        if path.is_symlink() or path.exists():
            kept.append(path)
    if model.origin is Origin.COPIED:
        _drop_empty_folders(model.folder, 2)
    if model.origin is Origin.DOWNLOADED:
        freed += remove_partial_files(hub, model.repo_id)
        _drop_empty_cache_folders(hub, model)
    registry.drop(model)
    return Removal(freed, tuple(kept))


def remove_partial_files(hub: Hub, repo_id: str) -> int:
    """Delete what unfinished downloads left; how many bytes that were."""
    freed = 0
    for path in hub.partial_files(repo_id):
        freed += path.stat().st_size
        path.unlink()
    return freed


def _delete(path: Path) -> int:
    """Delete a file, or a link of the hub's cache and the blob it points to when no other snapshot does; bytes freed."""
    if not path.is_symlink():
        size = path.stat().st_size
        path.unlink()
        return size
    blob = path.resolve()
    path.unlink()
    snapshots = blob.parent.parent / "snapshots"
    if any(other.is_symlink() and other.resolve() == blob for other in snapshots.rglob("*")):
        return 0
    size = blob.stat().st_size
    blob.unlink()
    return size


def _drop_empty_cache_folders(hub: Hub, model: InstalledModel) -> None:
    repository = model.folder.parent.parent
    _drop_empty_folders(model.folder, 2)
    if (repository / "blobs").is_dir() and not any((repository / "blobs").iterdir()):
        (repository / "blobs").rmdir()
    locks = hub.cache / ".locks" / repository.name
    for lock in locks.glob("*.lock"):
        lock.unlink()
    _drop_empty_folders(locks, 1)
    _drop_empty_folders(repository, 1)


def _drop_empty_folders(folder: Path, levels: int) -> None:
    """Delete ``folder`` and what contains it, up to ``levels`` of them, as long as nothing is left inside."""
    inside = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for path in (*inside, folder, *list(folder.parents)[: levels - 1]):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
