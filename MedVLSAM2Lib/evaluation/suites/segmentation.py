"""How good the masks are after each interaction, beside every baseline, on labelled scans."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial

from MedVLSAM2Lib.evaluation.cases import Case, CaseFiles
from MedVLSAM2Lib.evaluation.course import Course, run_course
from MedVLSAM2Lib.evaluation.report import Report
from MedVLSAM2Lib.evaluation.segmenter import Segmenter
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.evaluation.suites.segmentation_tables import segmentation_tables

logger = logging.getLogger(__name__)

# Read when numpy, torch and their kin are imported: a thread a process makes seconds comparable between machines,
# and keeps the small linear algebra of the baselines from being slowed down by many.
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

MakeSegmenters = Callable[[], Sequence[Segmenter]]


@dataclass(frozen=True)
class SegmentationPlan:
    """What to run.

    Attributes:
        starts: how the simulated users begin, each on every object.
        interactions: prompts on each object.
        most_objects: objects of each case, from its first; None for all.
    """

    starts: tuple[Start, ...] = tuple(Start)
    interactions: int = 5
    most_objects: int | None = None


def run_segmentation(
    cases: Sequence[CaseFiles], make_segmenters: MakeSegmenters, plan: SegmentationPlan, jobs: int = 1
) -> Report:
    """Run the plan in ``jobs`` processes of one thread each.

    ``make_segmenters`` is called in those processes, once a case: pass a function (or a partial of one) they can
    import. The order of the outcome depends on the cases alone.
    """
    with _one_thread_each(), ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = pool.map(partial(_run_files, make_segmenters, plan), cases)
        return segmentation_report([course for outcome in outcomes for course in outcome])


def segment_case(case: Case, segmenters: Sequence[Segmenter], plan: SegmentationPlan) -> list[Course]:
    """Every object of ``case``, every start, every segmenter."""
    courses = (
        run_course(segmenter, case, target, start, plan.interactions)
        for target in case.objects[: plan.most_objects]
        for start in plan.starts
        for segmenter in segmenters
    )
    return [course for course in courses if course is not None]


def segmentation_report(courses: Sequence[Course]) -> Report:
    """The tables, and every interaction behind them."""
    return Report("segmentation", segmentation_tables(courses), {"courses": [asdict(course) for course in courses]})


def _run_files(make_segmenters: MakeSegmenters, plan: SegmentationPlan, files: CaseFiles) -> list[Course]:
    courses = segment_case(files.load(), make_segmenters(), plan)
    logger.info("%s: %d courses", files.name, len(courses))
    return courses


@contextmanager
def _one_thread_each() -> Iterator[None]:
    earlier = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in earlier.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
