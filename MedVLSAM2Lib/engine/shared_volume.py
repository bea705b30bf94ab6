"""A volume on its way to the worker: in memory that both processes see, or as bytes inside a frame.

Python's ``multiprocessing.shared_memory`` is not used: it starts a tracker process from ``sys.executable``, which is
Slicer itself where Slicer embeds Python, and before Python 3.13 the first process to leave takes the memory away from
the other.
"""

from __future__ import annotations

import io
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.engine.failures import EngineError
from MedVLSAM2Lib.engine.kept_volumes import KeptVolumes
from MedVLSAM2Lib.engine.packed_voxels import KeptVoxels, PackedVoxels, pack_voxels, unpack_voxels
from MedVLSAM2Lib.volume import Modality, Volume, VolumeError

NOT_KEPT = "not kept"
"""The kind of Failure of a worker that lacks the voxels it was said to have."""


@dataclass(frozen=True)
class SharedFile:
    """A file, in memory where the system has such, that holds the voxels and nothing else."""

    path: str


@dataclass(frozen=True)
class StoredVolume:
    """A volume as plain data.

    Attributes:
        dtype: of the voxels, with byte order, as numpy writes it (``"<i2"``).
        shape: voxels along K, J and I.
        ijk_to_ras: the 4×4 matrix, row by row.
        modality: as in Volume.
        units: as in Volume.
        name: as in Volume.
        voxels: in C order (K, J, I): where they lie, themselves, packed ones, or what the worker calls them that has them.
    """

    dtype: str
    shape: tuple[int, int, int]
    ijk_to_ras: tuple[float, ...]
    modality: Modality
    units: str
    name: str
    voxels: SharedFile | bytes | PackedVoxels | KeptVoxels


class SharedMemory:
    """A copy of an array that another process of this user can map by ``path`` for as long as this object is open.

    On Linux it has no name in any folder and the system frees it however this process ends; elsewhere it is a temporary
    file, removed on ``close`` and when the interpreter ends.
    """

    def __init__(self, array: np.ndarray, *, anonymous: bool = hasattr(os, "memfd_create")) -> None:
        """Copy ``array`` in C order; OSError when there is no room for it."""
        if anonymous:
            descriptor = os.memfd_create("medvlsam2-volume")
            self.path = f"/proc/{os.getpid()}/fd/{descriptor}"
            self._free: Callable[[], object] = weakref.finalize(self, os.close, descriptor)
        else:
            descriptor, self.path = tempfile.mkstemp(prefix="medvlsam2-", suffix=".volume")
            self._free = weakref.finalize(self, _remove, self.path)
        try:
            _write_array(descriptor, array)
        except OSError:
            self.close()
            raise
        finally:
            if not anonymous:
                os.close(descriptor)

    def close(self) -> None:
        """Free the memory; a process that still maps it keeps it until it lets go. May be called again."""
        self._free()


def store_volume(volume: Volume, *, share: bool, pack: bool = False) -> tuple[StoredVolume, SharedMemory | None]:
    """A copy of ``volume`` to send, and the memory it lies in (None when the copy is in the StoredVolume itself).

    With ``share`` shared memory is tried first; with ``pack`` the copy is made small for a slow line. Takes as long as
    copying does; MemoryError when there is no room.
    """
    memory = _shared_copy(volume) if share else None
    if memory is not None:
        voxels: SharedFile | bytes | PackedVoxels = SharedFile(memory.path)
    else:
        voxels = pack_voxels(volume.array) if pack else _as_bytes(volume.array)
    stored = StoredVolume(
        dtype=volume.array.dtype.str,
        shape=volume.shape,
        ijk_to_ras=tuple(float(value) for value in volume.ijk_to_ras.flat),
        modality=volume.modality,
        units=volume.units,
        name=volume.name,
        voxels=voxels,
    )
    return stored, memory


def open_stored_volume(stored: StoredVolume, kept: KeptVolumes | None = None) -> Volume:
    """The volume that was stored; its array is read-only and, where it is shared or kept, no copy.

    Packed voxels go into ``kept`` where it has room, else into this process's memory. VolumeError when what is stored
    is not there or is no volume; EngineError of the kind NOT_KEPT when it should be in ``kept`` and is not.
    """
    try:
        dtype = np.dtype(stored.dtype)
    except (TypeError, ValueError, SyntaxError) as error:
        raise VolumeError(f"{stored.name} has voxels of an unknown type; load the scan again.") from error
    count = int(np.prod(stored.shape, dtype=object))
    if dtype.kind not in "iuf" or min(stored.shape) < 1 or len(stored.ijk_to_ras) != 16:
        raise VolumeError(f"{stored.name} did not arrive as a volume; load the scan again.")
    voxels = _voxels(stored, count * dtype.itemsize, dtype.itemsize, kept)
    if len(voxels) != count * dtype.itemsize:
        raise VolumeError(f"{stored.name} arrived incomplete; load the scan again.")
    array = np.frombuffer(voxels, dtype).reshape(stored.shape)
    return Volume(array, np.reshape(stored.ijk_to_ras, (4, 4)), stored.modality, stored.units, stored.name)


def _voxels(stored: StoredVolume, byte_count: int, item: int, kept: KeptVolumes | None) -> bytes | mmap.mmap:
    voxels = stored.voxels
    if isinstance(voxels, SharedFile):
        return _map(voxels, stored.name)
    if isinstance(voxels, PackedVoxels):
        return _unpack(voxels, stored.name, byte_count, item, kept)
    if isinstance(voxels, KeptVoxels):
        found = kept.open(voxels.digest) if kept is not None else None
        if found is None or len(found) != byte_count:
            raise EngineError(f"{stored.name} is no longer there; choose it again.", NOT_KEPT)
        return found
    return voxels


def _unpack(voxels: PackedVoxels, name: str, byte_count: int, item: int, kept: KeptVolumes | None) -> bytes | mmap.mmap:
    def fill(write: Callable[[bytes], object]) -> None:
        unpack_voxels(voxels, byte_count, item, name, write)

    mapped = kept.keep(voxels.digest, fill) if kept is not None else None
    if mapped is not None:
        return mapped
    buffer = io.BytesIO()
    fill(buffer.write)
    return buffer.getvalue()


def _shared_copy(volume: Volume) -> SharedMemory | None:
    try:
        return SharedMemory(volume.array)
    except OSError:
        return None  # the volume goes inside a frame instead


def _write_array(descriptor: int, array: np.ndarray) -> None:
    # Written, not mapped: without room a write is an OSError, a store into a mapping the end of the process.
    with os.fdopen(os.dup(descriptor), "wb", buffering=0) as file:
        for plane in _planes(array):
            written = 0
            while written < len(plane):
                written += file.write(plane[written:])


def _as_bytes(array: np.ndarray) -> bytes:
    # Plane by plane: ``tobytes`` and ``join`` let no other thread run, the GUI's included, until all is copied.
    buffer = io.BytesIO()
    for plane in _planes(array):
        buffer.write(plane)
    return buffer.getvalue()


def _planes(array: np.ndarray) -> Iterator[memoryview]:
    for plane in array:
        yield np.ascontiguousarray(plane).reshape(-1).view(np.uint8).data


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _map(shared: SharedFile, name: str) -> mmap.mmap:
    try:
        # Anything else than a file, a pipe say, might never answer.
        if not Path(shared.path).is_file():
            raise VolumeError(f"{name} is not in shared memory; load the scan again.")
        with Path(shared.path).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise VolumeError(f"{name} could not be read from shared memory; load the scan again.") from error
