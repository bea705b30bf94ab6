"""The sample scan in Slicer's module Sample Data: a CT phantom that is made on this machine, so that nothing is downloaded."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

CATEGORY = "MedVL-SAM2"
SAMPLE = "CT phantom"


def register_sample_data(thumbnail: Path) -> None:
    """Offer the phantom in the module Sample Data."""
    sample_data: Any = importlib.import_module("SampleData")
    sample_data.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE,
        uris="made on this machine",
        fileNames="CT-phantom.nrrd",
        nodeNames=SAMPLE,
        customDownloader=make_sample,
        thumbnailFileName=str(thumbnail),
    )


def make_sample(_source: Any = None) -> Any:
    """The phantom as a node, shown in the slice views; takes a few seconds."""
    import slicer

    # Takes long to import, and is needed only when somebody asks for the sample.
    from MedVLSAM2Lib.scene.volume_node import make_volume_node
    from MedVLSAM2Lib.training.phantom import make_phantom

    node = make_volume_node(replace(make_phantom().volume, name=SAMPLE))
    slicer.util.setSliceViewerLayers(background=node, fit=True)
    return node
