"""Positions as a person types them: ``R,A,S`` in mm."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

Ras = tuple[float, float, float]
_STARTS_NEGATIVE = re.compile(r"-[\d.][^,]*,")


def ras_position(text: str) -> Ras:
    """``"12.5,-30,4"`` as three numbers."""
    r, a, s = _numbers(text, 3, "R,A,S in mm, e.g. 12.5,-30,4")
    return r, a, s


def ras_corners(text: str) -> tuple[Ras, Ras]:
    """``"-10,0,5,20,30,40"`` as two opposite corners."""
    r, a, s, other_r, other_a, other_s = _numbers(text, 6, "two corners R,A,S,R,A,S in mm")
    return (r, a, s), (other_r, other_a, other_s)


def bound_to_their_options(arguments: Sequence[str]) -> list[str]:
    """``--point -3,4,5`` as ``--point=-3,4,5``: argparse would take a value that starts with a minus for an option."""
    bound: list[str] = []
    for argument in arguments:
        if bound and bound[-1].startswith("--") and "=" not in bound[-1] and _STARTS_NEGATIVE.match(argument):
            bound[-1] = f"{bound[-1]}={argument}"
        else:
            bound.append(argument)
    return bound


def _numbers(text: str, count: int, expected: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise argparse.ArgumentTypeError(f"{text!r} is not {expected}")
    return numbers
