"""Everything that decides a run of the interactive stage for a mask model of the kind slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from MedVLSAM2Lib.model.plain_values import as_tuples, from_plain
from MedVLSAM2Lib.model.slices.config import SliceConfig, TrunkConfig
from MedVLSAM2Lib.training.config import Mix, RunConfig, Schedule

KIND = "slices"
OF_SCANS = ("head_neck", "tumour", "trunk", "tissues", "own")
"""The kinds of examples that are cut from scans as they are."""


@dataclass(frozen=True)
class SliceTrainingConfig(RunConfig):
    """A run; see also ``RunConfig``.

    Attributes:
        network: its shape, and the rules by which slices are shown.
        batch: clips a step.
        length: slices of a clip: the first is prompted, into the others the object is followed.
        box_share: how many batches begin with boxes; the others begin with clicks.
        axial_share: how many clips run along K; the others along I or J.
    """

    network: SliceConfig = field(
        default_factory=lambda: SliceConfig(
            128, TrunkConfig(48, 1, (1, 2, 4, 1), (8, 8, 8, 4), (4, 6), background=4), width=128
        )
    )
    mix: Mix = field(default_factory=lambda: Mix(synthetic=0, lesion=0, region=0))
    batch: int = 4
    length: int = 3
    box_share: float = 0.25
    axial_share: float = 0.7

    def __post_init__(self) -> None:
        made = {name for name, share in vars(self.mix).items() if share and name not in OF_SCANS}
        if made:
            raise ValueError(f"Slices are cut from scans as they are; {', '.join(sorted(made))} can have no share.")
        if self.length < 2 or self.batch < 1:
            raise ValueError("A clip has two slices at least, and a batch one clip.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SliceTrainingConfig:
        """The config from parsed JSON; what it leaves out keeps its default."""
        made = {name: value for name, value in values.items() if name != "kind"}
        if "network" in made:
            made["network"] = SliceConfig.from_dict(made["network"])
        plain = {"schedule": Schedule, "mix": Mix}
        made |= {name: from_plain(kind, made[name]) for name, kind in plain.items() if name in made}
        return cls(**{name: as_tuples(value) for name, value in made.items()})

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for the card."""
        return {"kind": KIND, **super().to_dict()}
