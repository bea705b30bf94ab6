"""What the user chose and asked is kept in the scene."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vtk

from MedVLSAM2Lib.prompts import Box, Lasso, Point, PriorMask, Scribble
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.module_node import ModuleNode
from MedVLSAM2Lib.scene.prompt_json import prompts_from_json, prompts_to_json
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

BOX = VoxelBox((1, 2, 3), (5, 7, 9))
PROMPTS = (
    Point((1.5, 2.25, 3.0), positive=False),
    Box((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
    Scribble(((1.0, 1.0, 1.0), (2.0, 1.0, 1.0))),
    Lasso(((1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (2.0, 2.0, 1.0)), 2),
    PriorMask(PackedMask.pack(np.random.default_rng(0).random(BOX.shape) > 0.5, BOX)),
)


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
    assert (a_module_node.segment_id, a_module_node.model_folder) == ("", "")
    assert a_module_node.prompts("anything") == ()
    assert a_module_node.all_prompts() == {}


def test_choices_are_kept(a_module_node, a_ct, a_segmentation):
    a_module_node.volume, a_module_node.segmentation = a_ct, a_segmentation
    a_module_node.model_folder = "/models/tiny"
    assert a_module_node.volume is a_ct
    assert a_module_node.segmentation is a_segmentation
    assert a_module_node.model_folder == "/models/tiny"
    a_module_node.volume = None
    assert a_module_node.volume is None


def test_a_deleted_volume_is_no_longer_chosen(a_slicer, a_module_node, a_ct):
    a_module_node.volume = a_ct
    a_slicer.scene.RemoveNode(a_ct)
    assert a_module_node.volume is None


def test_prompts_of_every_kind_come_back_the_same(a_module_node):
    a_module_node.set_prompts("liver", PROMPTS)
    a_module_node.set_prompts("spleen", PROMPTS[:1])
    assert a_module_node.prompts("liver") == PROMPTS
    assert a_module_node.all_prompts() == {"liver": PROMPTS, "spleen": PROMPTS[:1]}
    a_module_node.set_prompts("liver", ())
    assert a_module_node.all_prompts() == {"spleen": PROMPTS[:1]}


def test_observers_hear_of_changes_only(a_module_node, a_ct):
    heard = []
    a_module_node.node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: heard.append(1))
    for _ in range(2):
        a_module_node.segment_id = "liver"
        a_module_node.set_prompts("liver", PROMPTS)
    assert len(heard) == 2


def test_the_scene_file_keeps_it(a_slicer, a_module_node, a_ct, tmp_path):
    a_module_node.volume = a_ct
    a_module_node.segment_id = "liver"
    a_module_node.set_prompts("liver", PROMPTS)
    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")

    loaded = ModuleNode.of_scene(a_slicer.scene)
    assert loaded.volume.GetName() == "CT"
    assert loaded.segment_id == "liver"
    assert loaded.prompts("liver") == PROMPTS


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"prompts": []}', '{"prompts": [{"is": "Spell"}], "attachments": []}']
)
def test_what_cannot_be_read_is_one_sentence(text):
    with pytest.raises(SceneError, match="cannot be read"):
        prompts_from_json(text)


def test_the_text_is_plain_json():
    assert json.loads(prompts_to_json(PROMPTS))["prompts"][0]["is"] == "Point"
