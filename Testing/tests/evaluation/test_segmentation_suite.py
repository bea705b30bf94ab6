"""Simulated users on labelled scans, and the tables that come of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.baselines.classical import ClassicalSegmenter
from MedVLSAM2Lib.evaluation.baselines.region_growing import RegionGrowing
from MedVLSAM2Lib.evaluation.cases import Case, find_cases
from MedVLSAM2Lib.evaluation.course import Course, Step, run_course
from MedVLSAM2Lib.evaluation.empty_targets import EmptyAnswer
from MedVLSAM2Lib.evaluation.peak_memory import peak_bytes
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.evaluation.suites.segmentation import (
    SegmentationPlan,
    run_segmentation,
    segment_case,
    segmentation_report,
)
from tests.evaluation.stand_in_segmenters import ThresholdSegmenter


def a_course(*dsc: float, segmenter: str = "model", group: str = "parotid", ml: float = 20) -> Course:
    steps = tuple(Step("a click", score, score, 0.1) for score in dsc)
    return Course("case", f"{group} of {ml} ml", group, ml, segmenter, Start.CLICK, steps)


def region_growing_only() -> list[ClassicalSegmenter]:
    return [ClassicalSegmenter(RegionGrowing())]


def test_a_course_holds_the_score_after_every_interaction(a_ball: Case) -> None:
    course = run_course(ThresholdSegmenter(), a_ball, a_ball.objects[0], Start.CLICK, interactions=3)
    assert course is not None
    assert len(course.steps) == 3
    assert course.steps[0].dsc < 0.95  # the highest of the stand-in's levels leaves noisy voxels out
    assert course.steps[0].dsc < course.steps[2].dsc


def test_the_candidate_key_brings_the_best_candidate(a_ball: Case) -> None:
    course = run_course(ThresholdSegmenter(), a_ball, a_ball.objects[0], Start.CLICK_AND_KEY, interactions=1)
    assert course is not None
    assert course.dsc_after(1) > 0.999


def test_a_segmenter_without_candidates_has_no_course_with_the_key(a_ball: Case) -> None:
    grower = ClassicalSegmenter(RegionGrowing())
    assert run_course(grower, a_ball, a_ball.objects[0], Start.CLICK_AND_KEY, interactions=1) is None


def test_a_course_that_became_perfect_keeps_its_last_score() -> None:
    course = a_course(0.4, 1.0)
    assert [course.dsc_after(count) for count in (1, 2, 5)] == [0.4, 1.0, 1.0]
    assert course.interactions_to_reach(0.8) == 2


def test_the_table_has_a_row_for_each_group_large_objects_and_all() -> None:
    courses = [a_course(0.5, 0.6, 0.7, 0.8, 0.9), a_course(0.7, 0.8, 0.9, 0.9, 1.0, group="lungs", ml=2000)]
    rows = {row.split("|")[1].strip(): row.split("|")[2].strip() for row in table_rows(courses)}
    assert rows["parotid (1)"] == ".50 .70 .90"
    assert rows["lungs (1)"] == ".70 .90 1.00"
    assert rows["large objects (> 200 ml) (1)"] == ".70 .90 1.00"
    assert rows["all (2)"] == ".60 .80 .95"


def test_failures_to_reach_a_dsc_count_as_all_interactions_and_are_told() -> None:
    courses = [a_course(0.9, 0.9, 0.9), a_course(0.1, 0.2, 0.3, ml=30)]
    summary = next(row for row in table_rows(courses) if row.startswith("| model "))
    assert [cell.strip() for cell in summary.split("|")][7:11] == ["2.0", "1 of 2", "2.0", "1 of 2"]


def test_no_mask_where_nothing_is_and_the_memory_held_are_told_everywhere(tmp_path: Path) -> None:
    there = [
        Course("case", name, "lungs", 20, "model", Start.BOX, (Step("a box", 0.5, 0.5, 0.1, peak, name == "missed"),))
        for name, peak in (("found", 300_000_000), ("missed", 512_000_000))
    ]
    empty = [EmptyAnswer("case", name, "model", "a box", ml) for name, ml in (("found", 0.0), ("missed", 3.0))]
    written = segmentation_report(there, empty).write(tmp_path)
    data, table, page = (path.read_text("utf-8") for path in written)
    assert json.loads(data)["empty_target_f1"] == {"model": 0.5}
    assert json.loads(data)["peak_bytes"] == {"model": 512_000_000}
    assert [answer["volume_ml"] for answer in json.loads(data)["empty_targets"]] == [0.0, 3.0]
    row = next(line for line in table.splitlines() if line.startswith("| model") and "1 of 2" in line and "512" in line)
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["model", "0.50", "1 of 2", "1 of 2", "512"]
    assert "empty-target F1" in page
    assert "<td>512</td>" in page


def test_the_memory_of_an_answer_is_not_that_of_what_was_done_before(a_ball: Case) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not let a peak begin anew")
    gone = np.ones(2**26, np.uint8)
    held = gone.nbytes
    before = peak_bytes()
    del gone
    course = run_course(ThresholdSegmenter(), a_ball, a_ball.objects[0], Start.CLICK, interactions=1)
    assert course is not None
    assert course.peak_bytes is not None
    assert course.peak_bytes < before - held / 2


def table_rows(courses: list[Course]) -> list[str]:
    return [line for line in segmentation_report(courses).markdown.splitlines() if line.startswith("|")]


def test_every_object_start_and_segmenter_is_run_in_order(a_ball: Case) -> None:
    plan = SegmentationPlan(interactions=1)
    courses = segment_case(a_ball, [ThresholdSegmenter(), *region_growing_only()], plan)
    assert [(course.start, course.segmenter) for course in courses] == [
        (Start.CLICK, "threshold"),
        (Start.CLICK, "region growing"),
        (Start.CLICK_AND_KEY, "threshold"),
        (Start.BOX, "threshold"),
        (Start.BOX, "region growing"),
    ]


def test_the_report_is_written_as_a_table_and_as_data(a_ball: Case, tmp_path: Path) -> None:
    courses = segment_case(a_ball, region_growing_only(), SegmentationPlan(interactions=2))
    data_file, table_file, _ = segmentation_report(courses).write(tmp_path / "out")
    data = json.loads(data_file.read_text("utf-8"))
    assert data["environment"]["python"]
    assert [course["start"] for course in data["courses"]] == ["click", "box"]
    assert data["courses"][0]["steps"][0]["dsc"] == courses[0].steps[0].dsc
    assert "ball" in table_file.read_text("utf-8")


def test_cases_run_in_processes_of_their_own_give_the_same_scores(a_folder_of_scans: Path) -> None:
    plan = SegmentationPlan(starts=(Start.CLICK,), interactions=2)
    files = find_cases(a_folder_of_scans, ["ball", "sts_X/CT"])
    here = [course for case in files for course in segment_case(case.load(), region_growing_only(), plan)]
    there = run_segmentation(files, region_growing_only, plan, jobs=2).data["courses"]
    assert [[step["dsc"] for step in course["steps"]] for course in there] == [
        [step.dsc for step in course.steps] for course in here
    ]
    assert np.isfinite([course["volume_ml"] for course in there]).all()


@pytest.mark.parametrize("start", [Start.CLICK, Start.BOX])
def test_the_suite_runs_on_a_development_scan(scans: Path, start: Start) -> None:
    case = find_cases(scans, ["openkbp_pt_4"])[0].load()
    courses = segment_case(case, region_growing_only(), SegmentationPlan((start,), interactions=1, most_objects=2))
    assert [course.object for course in courses] == ["right parotid gland", "left parotid gland"]
