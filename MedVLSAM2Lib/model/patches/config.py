"""The shape of a patch network: everything needed to build it before its weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from MedVLSAM2Lib.model.plain_values import from_plain

FORMAT_VERSION = 1


@dataclass(frozen=True)
class PatchConfig:
    """Size of the view, widths and depths of the network, how CT is windowed, and the width of a seg token.

    ``side`` is the number of cells of a view along each edge during training; the network is fully convolutional and
    takes any multiple of ``2 ** len(channels)``. ``ct_windows`` are (centre, width) pairs in Hounsfield units.
    ``token_width`` is 0 for a network that hears nothing of language.
    """

    side: int = 48
    channels: tuple[int, ...] = (32, 64, 128, 192)
    depths: tuple[int, ...] = (1, 2, 2, 2)
    ct_windows: tuple[tuple[float, float], ...] = ((40, 400), (-450, 1500), (350, 1700))
    format_version: int = FORMAT_VERSION
    token_width: int = 0

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.depths):
            raise ValueError(f"{len(self.channels)} channel widths but {len(self.depths)} depths")
        if self.side % self.side_divisor:
            raise ValueError(f"a view of {self.side} cells is not a multiple of {self.side_divisor}")

    @property
    def side_divisor(self) -> int:
        """Views must have a multiple of this many cells: one space-to-depth and the strided levels halve them."""
        return int(2 ** len(self.channels))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PatchConfig:
        """The config from ``to_dict``'s values or from parsed JSON; keys of other parts of a card are ignored."""
        return from_plain(cls, values)
