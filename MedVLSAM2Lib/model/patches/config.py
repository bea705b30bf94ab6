"""The shape of a patch network: everything needed to build it before its weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from MedVLSAM2Lib.model.plain_values import check_whole, from_plain

FORMAT_VERSION = 1
_WINDOWS, _MOST, _DEEPEST = 3, 2**14, 16


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
        check_whole("channel widths", self.channels, 1, _MOST)
        check_whole("depths", self.depths, 1, _DEEPEST)
        check_whole("the side and the token width", (self.side, self.token_width), 0, _MOST)
        if not 1 <= len(self.channels) <= _DEEPEST:
            raise ValueError(f"{len(self.channels)} levels")
        if len(self.ct_windows) != _WINDOWS or not all(width > 0 for _, width in self.ct_windows):
            raise ValueError(f"{_WINDOWS} windows are needed, each with a centre and a width")
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
