"""What was drawn for a segment is kept with it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Box, Lasso, Point, PriorMask, Scribble
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.prompt_json import prompts_from_json, prompts_to_json
from MedVLSAM2Lib.scene.segment_prompts import keep_prompts_of_segment, prompts_of_segment
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

BOX = VoxelBox((1, 2, 3), (5, 7, 9))
PROMPTS = (
    Point((1.5, 2.25, 3.0), positive=False),
    Box((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
    Scribble(((1.0, 1.0, 1.0), (2.0, 1.0, 1.0))),
    Lasso(((1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (2.0, 2.0, 1.0)), 2),
)
GIVEN = PriorMask(PackedMask.pack(np.random.default_rng(0).random(BOX.shape) > 0.5, BOX))


@pytest.fixture
def a_segment(a_segmentation):
    return create_segment(a_segmentation, "liver")


def test_prompts_of_every_kind_come_back_the_same(a_ct, a_segmentation, a_segment):
    other = create_segment(a_segmentation, "spleen")
    keep_prompts_of_segment(a_segmentation, a_segment, a_ct, PROMPTS)
    keep_prompts_of_segment(a_segmentation, other, a_ct, PROMPTS[:1])
    assert prompts_of_segment(a_segmentation, a_segment, a_ct) == PROMPTS
    assert prompts_of_segment(a_segmentation, other, a_ct) == PROMPTS[:1]
    keep_prompts_of_segment(a_segmentation, a_segment, a_ct, ())
    assert prompts_of_segment(a_segmentation, a_segment, a_ct) == ()


def test_a_mask_given_by_hand_and_what_it_overruled_are_not_kept(a_ct, a_segmentation, a_segment):
    keep_prompts_of_segment(a_segmentation, a_segment, a_ct, (*PROMPTS[:2], GIVEN, PROMPTS[2]))
    assert prompts_of_segment(a_segmentation, a_segment, a_ct) == PROMPTS[2:3]


def test_they_are_about_one_volume(a_slicer, a_ct, a_segmentation, a_segment):
    keep_prompts_of_segment(a_segmentation, a_segment, a_ct, PROMPTS)
    another = a_slicer.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    assert prompts_of_segment(a_segmentation, a_segment, another) == ()
    assert prompts_of_segment(a_segmentation, a_segment, None) == ()


def test_those_of_a_deleted_segment_are_refused(a_ct, a_segmentation, a_segment):
    a_segmentation.GetSegmentation().RemoveSegment(a_segment)
    with pytest.raises(SceneError, match="deleted"):
        keep_prompts_of_segment(a_segmentation, a_segment, a_ct, PROMPTS)
    with pytest.raises(SceneError, match="deleted"):
        prompts_of_segment(a_segmentation, a_segment, a_ct)


def test_the_scene_file_keeps_them(a_slicer, a_ct, a_segmentation, a_segment, tmp_path):
    keep_prompts_of_segment(a_segmentation, a_segment, a_ct, PROMPTS)
    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")
    volume = a_slicer.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    segmentation = a_slicer.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert prompts_of_segment(segmentation, a_segment, volume) == PROMPTS


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"prompts": []}', '{"prompts": [{"is": "Spell"}], "attachments": []}']
)
def test_what_cannot_be_read_is_one_sentence(text):
    with pytest.raises(SceneError, match="cannot be read"):
        prompts_from_json(text)


def test_the_text_is_plain_json():
    assert json.loads(prompts_to_json((*PROMPTS, GIVEN)))["prompts"][0]["is"] == "Point"
