"""The shapes of published SAM 2 networks, as the configurations that come with them state them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from MedVLSAM2Lib.model.slices.config import SliceConfig, SliceRules, TrunkConfig

PUBLISHED: Mapping[str, SliceConfig] = MappingProxyType(
    {
        "sam2.1-tiny": SliceConfig(trunk=TrunkConfig()),
        "sam2.1-small": SliceConfig(trunk=TrunkConfig(blocks=(1, 2, 11, 2), global_blocks=(7, 10, 13))),
        "sam2.1-base-plus": SliceConfig(
            trunk=TrunkConfig(112, 2, blocks=(2, 3, 16, 3), global_blocks=(12, 16, 20), background=14)
        ),
        "sam2.1-large": SliceConfig(
            trunk=TrunkConfig(144, 2, blocks=(2, 6, 36, 4), windows=(8, 4, 16, 8), global_blocks=(23, 33, 43))
        ),
        # bowang-lab/MedSAM2: SAM 2.1 tiny, and how its own scripts show it CT and MR.
        "medsam2": SliceConfig(
            image_size=512,
            rules=SliceRules("bicubic", grey_levels=256, reset_between_directions=True, keep_largest=True),
        ),
    }
)
"""Each by the name of its weights; ``dataclasses.replace`` gives one another image size or other rules."""
