"""Something to be segmented: an object, the image it lies in, and how both are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.examples.example import ExampleView
from MedVLSAM2Lib.training.examples.rendering import Renderer, view_of
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.frames.framing import ObjectFraming
from MedVLSAM2Lib.training.synthesis.contrast import Contrast


@dataclass(frozen=True)
class Subject:
    """One object of one image; ``volume_mm3`` is the whole object's."""

    kind: str
    framing: ObjectFraming
    render: Renderer
    contrast: Contrast
    volume_mm3: float

    def view(self, frame: Frame, rendered: tuple[np.ndarray, np.ndarray]) -> ExampleView:
        """What was rendered of a frame, as the network is shown it."""
        return view_of(frame, rendered, self.contrast, self.volume_mm3)

    def seen_in(self, frame: Frame) -> ExampleView:
        """The subject in a frame."""
        return self.view(frame, self.render(frame))
