"""The shape of a slice network and the rules its slices are shown and followed by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from MedVLSAM2Lib.model.plain_values import check_whole, from_plain

FORMAT_VERSION = 1
STRIDE = 16  # image pixels to a feature token
_MOST, _MOST_BLOCKS = 2**14, 128
Quad = tuple[int, int, int, int]


@dataclass(frozen=True)
class TrunkConfig:
    """The Hiera image encoder.

    Attributes:
        width: channels of the first stage; every further stage doubles them.
        heads: attention heads of the first stage; every further stage doubles them.
        blocks: blocks of each stage.
        windows: edge of the attention windows of each stage, in tokens.
        global_blocks: blocks (counted over all stages) that attend to the whole slice.
        background: edge of the coarse grid of position embeddings.
    """

    width: int = 96
    heads: int = 1
    blocks: Quad = (1, 2, 7, 2)
    windows: Quad = (8, 4, 14, 7)
    global_blocks: tuple[int, ...] = (5, 7, 9)
    background: int = 7

    def __post_init__(self) -> None:
        if not len(self.blocks) == len(self.windows) == 4:
            raise ValueError("a trunk has four stages, each with its blocks and its window")
        check_whole("widths, heads, windows and background", self._sizes, 1, _MOST)
        check_whole("blocks", self.blocks, 1, _MOST_BLOCKS)
        check_whole("blocks that attend to the whole slice", self.global_blocks, 0, 4 * _MOST_BLOCKS)
        first_of_stage = {sum(self.blocks[:stage]) for stage in range(4)}
        if first_of_stage & set(self.global_blocks):
            raise ValueError("a stage's first block cannot attend to the whole slice")

    @property
    def _sizes(self) -> tuple[int, ...]:
        return self.width, self.heads, self.background, *self.windows


@dataclass(frozen=True)
class SliceRules:
    """How slices are shown to the network and how an object is followed through them.

    Attributes:
        resize: interpolation to the network's image size, antialiased.
        grey_levels: the windowed slice is rounded to so many levels first; 0 leaves it as it is.
        reset_between_directions: the way down does not remember what the way up saw.
        keep_largest: of the finished object, only the largest connected part stays, and parts that were clicked.
        stop_after_empty: the way ends after so many slices in a row without the object; 0 never ends it.
        candidates: how many of the three answers to a first click are followed through the volume.
        most_conditioning: the most prompted slices a slice attends to, the nearest ones; -1 for all of them.
        searched: at most so many slices, evenly spaced, are first looked at for what words name.
        seeds: from at most so many of them it is followed through the volume.
    """

    resize: Literal["bilinear", "bicubic"] = "bilinear"
    grey_levels: int = 0
    reset_between_directions: bool = False
    keep_largest: bool = False
    stop_after_empty: int = 2
    candidates: int = 3
    most_conditioning: int = -1
    searched: int = 16
    seeds: int = 3

    def __post_init__(self) -> None:
        if self.resize not in ("bilinear", "bicubic"):
            raise ValueError(f"slices cannot be resized by {self.resize!r}")
        counts = (self.grey_levels, self.stop_after_empty, self.candidates, self.searched, self.seeds)
        check_whole("counts", counts, 0, 2**31)
        check_whole("the most conditioning slices", (self.most_conditioning,), -1, 2**31)
        if self.candidates < 1:
            raise ValueError("at least one candidate has to be followed")
        if self.searched < 1 or self.seeds < 1:
            raise ValueError("what words name has to be searched on one slice at least, and followed from one")


@dataclass(frozen=True)
class SliceConfig:
    """Everything needed to build a slice network before its weights are loaded.

    Attributes:
        image_size: edge of the square a slice is resized to, in pixels.
        trunk: the image encoder.
        width: channels of features, prompt tokens and object pointers.
        rules: how it is used on volumes.
        token_width: channels of the seg tokens it was trained to hear, those of a prompt token; 0 if it hears none.
    """

    image_size: int = 1024
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    width: int = 256
    rules: SliceRules = field(default_factory=SliceRules)
    format_version: int = FORMAT_VERSION
    token_width: int = 0

    def __post_init__(self) -> None:
        check_whole("image size, width and token width", (self.image_size, self.width, self.token_width), 0, _MOST)
        # The last stage has half a feature token's resolution, and the first stage's windows tile the image.
        step = max(2 * STRIDE, 4 * self.trunk.windows[0])
        if self.image_size <= 0 or self.image_size % step:
            raise ValueError(f"an image of {self.image_size} pixels is not a multiple of {step}")
        if self.token_width not in (0, self.width):
            raise ValueError(f"seg tokens of {self.token_width} channels cannot stand beside prompts of {self.width}")

    @property
    def grid(self) -> int:
        """Feature tokens along each edge of a slice."""
        return self.image_size // STRIDE

    @property
    def logits_size(self) -> int:
        """Edge of the square of mask logits, in pixels."""
        return 4 * self.grid

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SliceConfig:
        """The config from ``to_dict``'s values or from parsed JSON; keys of other parts of a card are ignored."""
        parts = {"trunk": from_plain(TrunkConfig, values.get("trunk", {}))}
        rules = from_plain(SliceRules, values.get("rules", {}))
        return from_plain(cls, {**values, **parts, "rules": rules})
