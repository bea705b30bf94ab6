"""A report and its references are in the scene."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.report import SectionKey, bundled_templates, draft_report, list_templates, read_template
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.report_node import ReportNode
from MedVLSAM2Lib.scene.segments import create_segmentation


@pytest.fixture
def a_report():
    template = read_template(list_templates(bundled_templates())[0])
    return draft_report(template, ()).with_typed(SectionKey.IMPRESSION, "Größe unverändert: 3 × 4 mm.")


def test_a_segmentation_has_one_report(a_segmentation):
    assert ReportNode.of_segmentation(a_segmentation) is None
    made = ReportNode.for_segmentation(a_segmentation)
    assert made.read() is None
    assert ReportNode.for_segmentation(a_segmentation).node is made.node


def test_the_scene_brings_it_back_with_its_references(a_slicer, a_segmentation, a_ct, a_report, tmp_path):
    kept = ReportNode.for_segmentation(a_segmentation)
    kept.volume, kept.prior = a_ct, create_segmentation(a_ct, "prior")
    kept.write(a_report)
    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")
    segmentation = a_slicer.scene.GetFirstNodeByName("CT segmentation")
    loaded = ReportNode.of_segmentation(segmentation)
    assert loaded.read() == a_report
    assert loaded.volume.GetName() == "CT"
    assert loaded.prior.GetName() == "prior"


def test_a_prior_can_be_taken_away(a_segmentation, a_ct):
    kept = ReportNode.for_segmentation(a_segmentation)
    kept.prior = create_segmentation(a_ct, "prior")
    kept.prior = None
    assert kept.prior is None


def test_text_that_is_no_report_is_one_sentence(a_segmentation):
    kept = ReportNode.for_segmentation(a_segmentation)
    kept.node.SetText("{")
    with pytest.raises(SceneError, match="no report that can be read"):
        kept.read()


def test_a_deleted_segmentation_gets_none(a_slicer, a_segmentation):
    a_slicer.scene.RemoveNode(a_segmentation)
    with pytest.raises(SceneError, match="was deleted"):
        ReportNode.for_segmentation(a_segmentation)
