"""A report kept in the scene."""

from __future__ import annotations

from typing import Any

from MedVLSAM2Lib.report.report import Report, ReportError
from MedVLSAM2Lib.report.report_json import report_from_json, report_to_json
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import require_in_scene

_REPORT, _SEGMENTATION, _VOLUME, _PRIOR = (
    "MedVLSAM2.Report",
    "MedVLSAM2.Segmentation",
    "MedVLSAM2.Volume",
    "MedVLSAM2.Prior",
)


class ReportNode:
    """The vtkMRMLTextNode of a segmentation's report: its JSON, and references to what it was measured on.

    The segmentation refers to it and it to the segmentation, so that a loaded scene finds either from the other.
    """

    def __init__(self, node: Any) -> None:
        self._node = node

    @classmethod
    def of_segmentation(cls, segmentation_node: Any) -> ReportNode | None:
        """The report of a segmentation, None while it has none."""
        node = segmentation_node.GetNodeReference(_REPORT)
        return None if node is None else cls(node)

    @classmethod
    def for_segmentation(cls, segmentation_node: Any) -> ReportNode:
        """The report of a segmentation, made when there is none yet; SceneError when the segmentation is gone."""
        require_in_scene(segmentation_node, "segmentation")
        found = cls.of_segmentation(segmentation_node)
        if found is not None:
            return found
        scene = segmentation_node.GetScene()
        name = scene.GenerateUniqueName(f"{segmentation_node.GetName()} report")
        node = scene.AddNewNodeByClass("vtkMRMLTextNode", name)
        segmentation_node.SetNodeReferenceID(_REPORT, node.GetID())
        node.SetNodeReferenceID(_SEGMENTATION, segmentation_node.GetID())
        return cls(node)

    @property
    def node(self) -> Any:
        """The vtkMRMLTextNode."""
        return self._node

    @property
    def volume(self) -> Any:
        """The scan that was measured, None when it is gone."""
        return self._node.GetNodeReference(_VOLUME)

    @volume.setter
    def volume(self, node: Any) -> None:
        self._node.SetNodeReferenceID(_VOLUME, node.GetID())

    @property
    def prior(self) -> Any:
        """The segmentation of a prior scan that it is compared with, or None."""
        return self._node.GetNodeReference(_PRIOR)

    @prior.setter
    def prior(self, node: Any) -> None:
        self._node.SetNodeReferenceID(_PRIOR, None if node is None else node.GetID())

    def read(self) -> Report | None:
        """The report, None before the first was written; SceneError when the text is none that can be read."""
        text = self._node.GetText()
        if not text:
            return None
        try:
            return report_from_json(text)
        except ReportError as error:
            raise SceneError(f"{self._node.GetName()}: {error}") from error

    def write(self, report: Report) -> None:
        """Keep ``report`` in place of the one before."""
        self._node.SetText(report_to_json(report))
