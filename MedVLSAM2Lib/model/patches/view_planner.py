"""Where to look: the seam between the mask model and whoever decides on places and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.volume import Volume, VoxelBox


class ViewPlanner(Protocol):
    """Decides which views to look at; sizes and places are the session's business."""

    def first_views(self, volume: Volume, prompts: Sequence[Prompt]) -> list[View]:
        """The views to try on an object that has no mask yet, small to large."""
        ...

    def object_view(self, volume: Volume, mask_box: VoxelBox, prompts: Sequence[Prompt]) -> View:
        """The object with its prompts and surroundings."""
        ...

    def grown(self, view: View) -> View:
        """The same view, larger."""
        ...

    def covers(self, volume: Volume, view: View) -> bool:
        """Whether the view holds the whole volume."""
        ...

    def whole_view(self, volume: Volume) -> View:
        """The whole volume in one view."""
        ...
