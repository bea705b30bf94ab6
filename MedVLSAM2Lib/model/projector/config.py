"""The shape of a projector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from MedVLSAM2Lib.model.plain_values import from_plain

ARCHITECTURE = "mixer"


@dataclass(frozen=True)
class StreamConfig:
    """One scale's road through the projector.

    Attributes:
        tokens: tokens of the scale's features.
        width: their width.
        steps: how many tokens each mixer layer leaves; the last is the scale's number of visual tokens.
    """

    tokens: int
    width: int
    steps: tuple[int, ...]


@dataclass(frozen=True)
class MixerConfig:
    """Sizes of a two-scale MLP-Mixer projector; the defaults are Med3DVLM's (arXiv 2503.20047).

    Attributes:
        low: the finer scale (lower-level features).
        high: the coarser scale (higher-level features).
        width: the language model's width; each layer but the last has half the width of the next one.
        mlp_depth: linear layers of each perceptron.
    """

    low: StreamConfig = StreamConfig(256, 384, (192, 128))
    high: StreamConfig = StreamConfig(32, 768, (64, 128))
    width: int = 3584
    mlp_depth: int = 2

    def __post_init__(self) -> None:
        for stream in (self.low, self.high):
            if self.width % 2 ** (len(stream.steps) - 1):
                raise ValueError(f"a width of {self.width} cannot be halved {len(stream.steps) - 1} times")

    @property
    def visual_tokens(self) -> int:
        """Tokens for the language model: the low scale's, then the high scale's."""
        return self.low.steps[-1] + self.high.steps[-1]

    def layers(self, stream: StreamConfig) -> list[tuple[int, int, int, int]]:
        """For each mixer layer of a stream: tokens in, width in, tokens out, width out."""
        count = len(stream.steps)
        widths = [stream.width, *(self.width // 2 ** (count - 1 - layer) for layer in range(count))]
        tokens = [stream.tokens, *stream.steps]
        return [(tokens[n], widths[n], tokens[n + 1], widths[n + 1]) for n in range(count)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MixerConfig:
        """The config from ``to_dict``'s values or from parsed JSON."""
        streams = {name: from_plain(StreamConfig, values[name]) for name in ("low", "high") if name in values}
        return from_plain(cls, {**values, **streams})
