"""How good the masks are after each interaction, beside every baseline, on labelled scans."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial

from MedVLSAM2Lib.evaluation.cases import Case, CaseFiles
from MedVLSAM2Lib.evaluation.course import Course, last_mask, run_course
from MedVLSAM2Lib.evaluation.empty_targets import EmptyAnswer, ask_for_nothing
from MedVLSAM2Lib.evaluation.page.picture import Picture, comparison
from MedVLSAM2Lib.evaluation.report import Report
from MedVLSAM2Lib.evaluation.segmenter import Segmenter
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.evaluation.suites.segmentation_tables import (
    empty_counts,
    peak_of_each,
    segmentation_plots,
    segmentation_tables,
)

logger = logging.getLogger(__name__)

# Read when numpy, torch and their kin are imported: a thread a process makes seconds comparable between machines,
# and keeps the small linear algebra of the baselines from being slowed down by many.
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

PICTURES = 8
"""How many of the worst cases are shown."""

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
        courses, empty = [], []
        for outcome in outcomes:
            courses += outcome.courses
            empty += outcome.empty
        worst = worst_courses(courses)
        files = {one.name: one for one in cases}
        shown = pool.map(partial(_picture, make_segmenters, plan), [files[one.case] for one in worst], worst)
        return replace(segmentation_report(courses, empty), pictures=tuple(shown))


def segment_case(case: Case, segmenters: Sequence[Segmenter], plan: SegmentationPlan) -> list[Course]:
    """Every object of ``case``, every start, every segmenter."""
    courses = (
        run_course(segmenter, case, target, start, plan.interactions)
        for target in case.objects[: plan.most_objects]
        for start in plan.starts
        for segmenter in segmenters
    )
    return [course for course in courses if course is not None]


def ask_for_nothing_in(case: Case, segmenters: Sequence[Segmenter], plan: SegmentationPlan) -> list[EmptyAnswer]:
    """Every object of ``case`` asked for by a box where nothing is, every segmenter; nothing if the plan draws no boxes."""
    if Start.BOX not in plan.starts:
        return []
    answers = (
        ask_for_nothing(segmenter, case, target)
        for target in case.objects[: plan.most_objects]
        for segmenter in segmenters
    )
    return [answer for answer in answers if answer is not None]


def segmentation_report(courses: Sequence[Course], empty: Sequence[EmptyAnswer] = ()) -> Report:
    """The tables, and every interaction behind them."""
    data = {
        "courses": [asdict(course) for course in courses],
        "empty_targets": [asdict(answer) for answer in empty],
        "empty_target_f1": {name: counts.f1 for name, counts in empty_counts(courses, empty).items()},
        "peak_bytes": peak_of_each(courses),
    }
    return Report("segmentation", segmentation_tables(courses, empty), data, plots=segmentation_plots(courses))


def worst_courses(courses: Sequence[Course]) -> list[Course]:
    """Where the first segmenter's users were left with the worst masks, one course an object."""
    own = [c for c in courses if c.segmenter == courses[0].segmenter and c.start is courses[0].start]
    return sorted(own, key=lambda course: course.steps[-1].dsc)[:PICTURES]


def _picture(make_segmenters: MakeSegmenters, plan: SegmentationPlan, files: CaseFiles, course: Course) -> Picture:
    case = files.load()
    target = next(item for item in case.objects if item.name == course.object)
    segmenter = next(one for one in make_segmenters() if one.name == course.segmenter)
    mask = last_mask(segmenter, case, target, course.start, plan.interactions)
    caption = f"{course.case}, {course.object}: DSC {course.steps[-1].dsc:.2f} after {len(course.steps)} interactions"
    return comparison(case.volume, target.truth, mask, caption)


@dataclass(frozen=True)
class _Outcome:
    courses: list[Course]
    empty: list[EmptyAnswer]


def _run_files(make_segmenters: MakeSegmenters, plan: SegmentationPlan, files: CaseFiles) -> _Outcome:
    case, segmenters = files.load(), make_segmenters()
    outcome = _Outcome(segment_case(case, segmenters, plan), ask_for_nothing_in(case, segmenters, plan))
    logger.info("%s: %d courses", files.name, len(outcome.courses))
    return outcome


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
