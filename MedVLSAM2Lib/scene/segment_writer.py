"""The single write path into segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.derived_representations import derived_names, update_derived
from MedVLSAM2Lib.scene.edit_history import EditHistory, EditStep
from MedVLSAM2Lib.scene.edit_watch import EditWatch
from MedVLSAM2Lib.scene.editing_rules import EditingRules
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.layer_edits import applicable, apply_changes
from MedVLSAM2Lib.scene.node_access import require_in_scene, require_segment, require_segmentation, volume_box
from MedVLSAM2Lib.scene.segment_source import look_at_segment
from MedVLSAM2Lib.scene.voxel_change import VoxelChange
from MedVLSAM2Lib.scene.write_plan import box_on_volume, plan_write
from MedVLSAM2Lib.volume import PackedMask, VoxelBox


class SegmentWriter:
    """Writes masks of a volume into segments of a segmentation.

    A write replaces one box of one segment, in place, under the masking and overwrite settings of a Segment Editor node.
    Without one, everything may be changed and no other segment ever is. The segmentation may have another geometry and
    lie under other transforms than the volume: masks are then resampled to the nearest voxel.

    Args:
        segmentation_node: vtkMRMLSegmentationNode that stores voxels (Binary labelmap).
        volume_node: vtkMRMLScalarVolumeNode whose voxels the masks are about.
        editor_node: vtkMRMLSegmentEditorNode whose settings are honoured, or None; another may be set later.
        surfaces: makes closed surfaces anew beside the caller's thread; without it, each write does so itself.

    Raises:
        SceneError: from every method, in one sentence, when a node or segment is gone or cannot be written; nothing was
            changed then.

    Example::

        writer = SegmentWriter(segmentation_node, volume_node)
        writer.begin_step()
        writer.write(segment_id, mask)
        writer.undo()
    """

    def __init__(
        self,
        segmentation_node: Any,
        volume_node: Any,
        editor_node: Any = None,
        surfaces: BackgroundSurfaces | None = None,
    ) -> None:
        self._segmentation_node = segmentation_node
        self._volume_node = volume_node
        self.editor_node = editor_node
        self._history = EditHistory()
        self._watch = EditWatch()
        self._step_is_open = False
        self._surfaces = surfaces
        self._require_nodes()

    def begin_step(self) -> EditStep:
        """Start an undoable step: all writes until the next one are taken back together."""
        self._require_nodes()
        self._watch.forget_all_but(self._segmentation_node.GetSegmentation().GetSegmentIDs())
        self._step_is_open = True
        return self._history.begin_step(self._watch.known)

    def write(self, segment_id: str, mask: PackedMask) -> VoxelBox:
        """Make the segment equal ``mask`` inside ``mask.box``; outside it nothing changes.

        Args:
            segment_id: the segment.
            mask: in the volume's own voxels (K, J, I).

        Returns:
            The box of volume voxels that holds all that changed, empty when nothing did (it was so before, or the
            masking settings forbid it).
        """
        self._require_nodes()
        segment = require_segment(self._segmentation_node, segment_id)
        if mask.box.is_empty:
            return VoxelBox.empty()
        if mask.box.intersection(volume_box(self._volume_node)) != mask.box:
            raise SceneError("The result reaches outside the volume; choose the volume it was made on.")
        rules = EditingRules.read(self._usable_editor_node(), self._segmentation_node, segment_id)
        changes = plan_write(self._segmentation_node, self._volume_node, rules, segment_id, mask)
        if not self._step_is_open:
            self.begin_step()
        self._watch.take_in(segment_id, segment)
        if changes:
            self._apply(changes)
            _mark_in_progress(segment)
        self._history.record(changes, self._watch.known)
        return box_on_volume(self._segmentation_node, self._volume_node, changes)

    def read(self, segment_id: str, box: VoxelBox | None = None) -> PackedMask:
        """The segment in the volume's own voxels; without ``box`` all of it that lies inside the volume."""
        self._require_nodes()
        return look_at_segment(self._segmentation_node, self._volume_node, segment_id).read(box)

    @staticmethod
    def change_in(segment_id: str, steps: Iterable[EditStep]) -> VoxelChange | None:
        """What ``steps`` together changed of a segment; None when nothing, or it was resampled between them."""
        all_changes = (change for step in steps for edit in step.edits for change in edit)
        changes = [change for change in all_changes if change.segment_id == segment_id]
        on_one_grid = all(np.allclose(change.ijk_to_local, changes[0].ijk_to_local) for change in changes)
        return VoxelChange.in_all(changes) if changes and on_one_grid else None

    def edited_since_write(self, segment_id: str) -> bool:
        """Whether anyone changed the segment since our last write; for one never written, whether it has voxels."""
        self._require_nodes()
        return self._watch.edited(segment_id, require_segment(self._segmentation_node, segment_id))

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._history.can_redo

    def undo(self, step: EditStep | None = None) -> bool:
        """Take a step back, the last one if None; False when it is not there.

        Exactly the voxels it changed get back the segments they had, neighbours included. What was done by hand elsewhere
        stays, and so does the deletion of a segment.
        """
        if step is None and self.can_undo:
            step = self._history.last_done()
        if step is None or not self._history.is_done(step):
            return False
        edits = [tuple(change.inverse() for change in reversed(edit)) for edit in reversed(step.edits)]
        self._replay(edits)
        self._watch.restore(step.known_before)
        self._history.move_back(step)
        return True

    def redo(self, step: EditStep | None = None) -> bool:
        """Do again a step that was taken back, the last one if None; False when it is not there."""
        if step is None and self.can_redo:
            step = self._history.last_undone()
        if step is None or not self._history.is_undone(step):
            return False
        self._replay(step.edits)
        self._watch.restore(step.known_after)
        self._history.move_on(step)
        return True

    def forget(self, steps: Iterable[EditStep]) -> None:
        """Nobody will take these steps back or do them again."""
        self._history.forget(steps)

    def _require_nodes(self) -> None:
        require_segmentation(self._segmentation_node)
        require_in_scene(self._volume_node, "volume")
        if self._volume_node.GetImageData() is None:
            raise SceneError(f"{self._volume_node.GetName()} has no voxels; load the scan again.")

    def _usable_editor_node(self) -> Any:
        gone = self.editor_node is not None and self.editor_node.GetScene() is None
        return None if gone else self.editor_node

    def _replay(self, edits: Sequence[Sequence[VoxelChange]]) -> None:
        self._require_nodes()
        self._step_is_open = False
        segmentation = self._segmentation_node.GetSegmentation()
        usable = [applicable(segmentation, edit) for edit in edits]
        for edit in usable:
            apply_changes(segmentation, edit)
        self._tell({change.segment_id for edit in usable for change in edit})

    def _apply(self, changes: Sequence[VoxelChange]) -> None:
        segmentation = self._segmentation_node.GetSegmentation()
        with self._watch.our_change(segmentation, changes):
            apply_changes(segmentation, changes)
        self._tell({change.segment_id for change in changes})

    def _tell(self, segment_ids: set[str]) -> None:
        """Let displays and everyone else know, once for each segment."""
        segmentation = self._segmentation_node.GetSegmentation()
        with_surface = {i for i in segment_ids if derived_names(segmentation.GetSegment(i))}
        if self._surfaces is None:
            # First, so that those who are told find them new.
            update_derived(segmentation, with_surface)
        else:
            for segment_id in with_surface:
                self._surfaces.update(self._segmentation_node, segment_id)
        for segment_id in sorted(segment_ids):
            segmentation.InvokeEvent(segmentation.SourceRepresentationModified, segment_id)
            segmentation.InvokeEvent(segmentation.RepresentationModified, segment_id)


def _mark_in_progress(segment: Any) -> None:
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if logic.GetSegmentStatus(segment) == logic.NotStarted:
        logic.SetSegmentStatus(segment, logic.InProgress)
