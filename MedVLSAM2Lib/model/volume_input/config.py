"""How a volume becomes an encoder's input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from MedVLSAM2Lib.model.plain_values import from_plain

Preparation = Literal["windowed", "foreground"]


@dataclass(frozen=True)
class VolumeInputConfig:
    """How a volume becomes an encoder's input.

    Attributes:
        preparation: ``windowed`` (our choice): the volume's true proportions are kept, in the middle of the input, and
            intensities are windowed. ``foreground`` (Med3DVLM's): scaled from its minimum to its maximum, cropped to
            what is above the minimum, and stretched to the input's size.
        size: voxels of the input (D, H, W).
        ct_windows: (centre, width) pairs in Hounsfield units, an image each (the patch network's, our choice); other
            scans show their own window in each. Only for ``windowed``.
    """

    preparation: Preparation = "windowed"
    size: tuple[int, int, int] = (64, 128, 128)
    ct_windows: tuple[tuple[float, float], ...] = ((40, 400), (-450, 1500), (350, 1700))

    def __post_init__(self) -> None:
        if self.preparation not in ("windowed", "foreground"):
            raise ValueError(f"preparation is {self.preparation!r}, but must be one of windowed, foreground")

    @classmethod
    def med3dvlm(cls) -> VolumeInputConfig:
        """What Med3DVLM's weights were trained with."""
        return cls("foreground", (128, 256, 256), ())

    @property
    def channels(self) -> int:
        """Images that are made of the volume."""
        return len(self.ct_windows) if self.preparation == "windowed" else 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VolumeInputConfig:
        """The config from ``to_dict``'s values or from parsed JSON."""
        return from_plain(cls, values)
