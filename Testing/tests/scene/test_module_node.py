"""What the user chose is kept in the scene."""

from __future__ import annotations

import pytest
import vtk

from MedVLSAM2Lib.scene.module_node import ModuleNode


@pytest.fixture
def a_module_node(a_slicer):
    return ModuleNode.of_scene(a_slicer.scene)


def test_a_scene_has_one(a_slicer, a_module_node):
    a_module_node.segment_id = "liver"
    assert ModuleNode.of_scene(a_slicer.scene).node is a_module_node.node
    assert ModuleNode.of_scene(a_slicer.scene).segment_id == "liver"


def test_a_new_one_has_chosen_nothing(a_module_node):
    assert a_module_node.volume is None
    assert a_module_node.segmentation is None
    assert a_module_node.segment_id == ""


def test_choices_are_kept(a_module_node, a_ct, a_segmentation):
    a_module_node.volume, a_module_node.segmentation = a_ct, a_segmentation
    assert a_module_node.volume is a_ct
    assert a_module_node.segmentation is a_segmentation
    a_module_node.volume = None
    assert a_module_node.volume is None


def test_a_deleted_volume_is_no_longer_chosen(a_slicer, a_module_node, a_ct):
    a_module_node.volume = a_ct
    a_slicer.scene.RemoveNode(a_ct)
    assert a_module_node.volume is None


def test_observers_hear_of_changes_only(a_module_node, a_ct):
    heard = []
    a_module_node.node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: heard.append(1))
    for _ in range(2):
        a_module_node.segment_id = "liver"
        a_module_node.volume = a_ct
    assert len(heard) == 2


def test_the_scene_file_keeps_it(a_slicer, a_module_node, a_ct, tmp_path):
    a_module_node.volume = a_ct
    a_module_node.segment_id = "liver"
    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")

    loaded = ModuleNode.of_scene(a_slicer.scene)
    assert loaded.volume.GetName() == "CT"
    assert loaded.segment_id == "liver"
