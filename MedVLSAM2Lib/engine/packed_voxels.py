"""Voxels made small for a slow line, known by what they are."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.volume import VolumeError

_PIECE_BYTES = 2**17
_MOST_PIECES = 4000  # fewer than a frame has room for
_LEVEL = 1


@dataclass(frozen=True)
class PackedVoxels:
    """Voxels in C order, in pieces that were compressed one by one.

    Attributes:
        digest: SHA-256 of the voxels, in hexadecimal: what a worker that keeps them calls them.
        piece_bytes: of each piece but the last, when unpacked.
        pieces: each with the voxels' first bytes first, then their second ones, as zlib compresses them.
    """

    digest: str
    piece_bytes: int
    pieces: tuple[bytes, ...]


@dataclass(frozen=True)
class KeptVoxels:
    """Voxels that the worker has already."""

    digest: str


def pack_voxels(array: np.ndarray) -> PackedVoxels:
    """The voxels of ``array`` (K, J, I), packed; takes seconds for a large one, without holding up other threads."""
    digest = hashlib.sha256()
    item = array.dtype.itemsize
    size = max(_PIECE_BYTES, -(-array.nbytes // _MOST_PIECES))
    size += -size % item
    pieces: list[bytes] = []
    waiting = bytearray()
    for plane in array:
        data = np.ascontiguousarray(plane).reshape(-1).view(np.uint8).data
        digest.update(data)
        waiting += data
        while len(waiting) >= size:
            pieces.append(_packed(waiting[:size], item))
            del waiting[:size]
    if waiting:
        pieces.append(_packed(waiting, item))
    return PackedVoxels(digest.hexdigest(), size, tuple(pieces))


def unpack_voxels(
    packed: PackedVoxels, byte_count: int, item: int, name: str, write: Callable[[bytes], object]
) -> None:
    """Hand the voxels' ``byte_count`` bytes to ``write``, piece by piece; ``item`` bytes are one voxel.

    Raises:
        VolumeError: they are not what was packed; ``write`` may have been given some.
    """
    damaged = VolumeError(f"{name} arrived damaged; choose it again.")
    if packed.piece_bytes < 1 or packed.piece_bytes % item or byte_count % item:
        raise damaged
    digest, left = hashlib.sha256(), byte_count
    for piece in packed.pieces:
        expected = min(packed.piece_bytes, left)
        voxels = _unpacked(piece, expected, item)
        if voxels is None or not expected:
            raise damaged
        digest.update(voxels)
        write(voxels)
        left -= expected
    if left or digest.hexdigest() != packed.digest:
        raise damaged


def _packed(voxels: bytearray, item: int) -> bytes:
    # The second bytes of neighbouring voxels are mostly alike: beside each other they shrink to almost nothing.
    sorted_bytes = np.frombuffer(voxels, np.uint8).reshape(-1, item).T.tobytes()
    return zlib.compress(sorted_bytes, _LEVEL)


def _unpacked(piece: bytes, expected: int, item: int) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(piece, expected)  # never more than there should be, whatever was sent
    except zlib.error:
        return None
    if len(data) != expected or unpacker.unconsumed_tail:
        return None
    return np.frombuffer(data, np.uint8).reshape(item, -1).T.tobytes()
