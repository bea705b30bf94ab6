"""What a suite found as one page that loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.cases import Case, find_cases
from MedVLSAM2Lib.evaluation.page.page import evaluation_page
from MedVLSAM2Lib.evaluation.page.picture import ANSWER, TRUTH, comparison
from MedVLSAM2Lib.evaluation.page.plots import curves, shares
from MedVLSAM2Lib.evaluation.report import Report
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.evaluation.suites.segmentation import SegmentationPlan, run_segmentation
from tests.evaluation.test_segmentation_suite import region_growing_only


def pixels(png: bytes, folder: Path) -> np.ndarray:
    """(rows, columns, 3), as a library that did not write it reads it."""
    import SimpleITK as sitk

    path = folder / "picture.png"
    path.write_bytes(png)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_a_run_leaves_a_page_with_plots_and_its_worst_cases(a_folder_of_scans: Path, tmp_path: Path) -> None:
    plan = SegmentationPlan(starts=(Start.CLICK,), interactions=2)
    report = run_segmentation(find_cases(a_folder_of_scans), region_growing_only, plan)
    page = next(path for path in report.write(tmp_path) if path.suffix == ".html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(report.plots) == 2
    assert page.count("<img") == len(report.pictures) == 3
    assert "DSC" in report.pictures[0].caption
    for table_row in ("all (3)", "interactions to 0.90", "area"):
        assert table_row in page


def test_nothing_in_a_page_leads_outside_or_runs() -> None:
    evil = "<script src='http://x.example'>|</script> & <img src=//x.example>"
    report = Report(
        "language",
        f"## {evil}\n\n| a |\n|---|\n| {evil} |\n\n{evil}\n",
        {},
        plots={evil: curves({evil: [(1, 0.5)]}, evil, evil)},
    )
    page = evaluation_page(report)
    tags = re.findall(r"<(\w+)", page)
    assert "script" not in tags
    assert not re.search(r"<[^>]*(?:src|href)=['\"]?(?!data:)", page)
    assert "default-src 'none'" in page
    HTMLParser().feed(page)


def test_a_picture_shows_both_outlines_where_they_differ_most(a_ball: Case, tmp_path: Path) -> None:
    truth = a_ball.objects[0].truth
    shown = pixels(comparison(a_ball.volume, truth, np.roll(truth, 3, axis=2), "shifted").png, tmp_path)
    for colour in (TRUTH, ANSWER):
        assert (shown == np.array(colour)).all(axis=2).any()
    assert max(shown.shape[:2]) == 320


def test_what_was_not_found_is_shown_as_missing(a_ball: Case, tmp_path: Path) -> None:
    truth = a_ball.objects[0].truth
    shown = pixels(comparison(a_ball.volume, truth, np.zeros_like(truth), "missed").png, tmp_path)
    assert (shown == np.array(TRUTH)).all(axis=2).any()
    assert not (shown == np.array(ANSWER)).all(axis=2).any()


@pytest.mark.parametrize(("counts", "rects"), [({"right": 3, "wrong": 1}, 3), ({}, 3)])
def test_bars_are_drawn_for_any_counts(counts: dict[str, int], rects: int) -> None:
    assert shares({"side": counts}).count("<rect") == rects
