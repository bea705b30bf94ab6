"""What a process does with large blocks of memory that it no longer needs."""

from __future__ import annotations

import ctypes
import logging
import sys

logger = logging.getLogger(__name__)

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 2**18


def give_back_freed_memory() -> bool:
    """From now on, hand blocks of a quarter of a megabyte and more back to the system as soon as they are freed: whether it worked.

    glibc keeps them for later, in every thread for itself. Following an object makes and frees some hundred megabytes for
    every slice, in several threads: they held a fifth of the worker's memory. Other systems' allocators give them back.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES))
    except AttributeError:  # another C library than glibc
        logger.info("This system's C library cannot be told to give freed memory back.")
        return False
