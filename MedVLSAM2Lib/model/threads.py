"""Threads that compute side by side instead of together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import torch


def lone_threads() -> ThreadPoolExecutor:
    """A thread for every core; what torch computes in one of them stays in it.

    Threads that share one convolution or one product wait for each other after each of them. Where anything else wants a
    core (Slicer's own drawing, say), that takes many times as long as the work itself.
    """
    return ThreadPoolExecutor(os.cpu_count(), "medvlsam2-core", initializer=torch.set_num_threads, initargs=(1,))
