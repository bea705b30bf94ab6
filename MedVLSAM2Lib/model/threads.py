"""Threads that compute side by side instead of together."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor


def lone_threads() -> ThreadPoolExecutor:
    """A thread for every core; what torch computes in one of them stays in it.

    Threads that share one convolution or one product wait for each other after each of them. Where anything else wants a
    core (Slicer's own drawing, say), that takes many times as long as the work itself.
    """
    return ThreadPoolExecutor(os.cpu_count(), "medvlsam2-core", initializer=_compute_alone)


def _compute_alone() -> None:
    # A model that computes without torch need not wait the seconds that importing it takes.
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
