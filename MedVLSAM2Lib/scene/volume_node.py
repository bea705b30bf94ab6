"""A Volume as a node of the scene."""

from __future__ import annotations

from typing import Any

from MedVLSAM2Lib.volume import Volume


def make_volume_node(volume: Volume) -> Any:
    """A node of ``volume``, shown as a radiologist would look at it."""
    import slicer

    node = slicer.util.addVolumeFromArray(volume.array, volume.ijk_to_ras, volume.name)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(volume.window.width, volume.window.centre)
    return node
