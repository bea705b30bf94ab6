"""The tables of the segmentation suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from MedVLSAM2Lib.evaluation.course import Course
from MedVLSAM2Lib.evaluation.empty_targets import EmptyAnswer, empty_target_f1
from MedVLSAM2Lib.evaluation.object_groups import OBJECT_GROUPS
from MedVLSAM2Lib.evaluation.page.plots import curves
from MedVLSAM2Lib.evaluation.report import markdown_table
from MedVLSAM2Lib.evaluation.simulated_user import Start

SHOWN = (1, 3, 5)
"""The numbers of interactions the tables show, as far as there were so many."""

TARGETS_DSC = (0.80, 0.90)
LARGE_ML = 200

_NOTE = (
    "Means over all objects; area: the mean over all interactions. Interactions to reach a DSC: an object that never did counts with all interactions it had. "
    "Seconds: medians, without moving masks into a scene. Click and key: after the first click the user steps through the "
    "candidates and keeps the best."
)

_EMPTY_NOTE = (
    "An empty target is the box of an object, drawn where the scan shows nothing: the right answer is no mask. F1 of no mask, "
    "the boxes around objects being the others. Peak memory: the most that the process which answers held while this "
    "segmenter answered, with its libraries, the scan and all segmenters of the run in it (the kernel's VmHWM, begun anew "
    "before each answer)."
)

_Column = tuple[str, Start]
_ObjectKey = tuple[str, str]


@dataclass(frozen=True)
class EmptyCounts:
    """How often a segmenter said that there is nothing: see ``empty_target_f1``."""

    right: int
    false_masks: int
    wrong: int
    there: int

    @property
    def f1(self) -> float:
        """The empty-target F1."""
        return empty_target_f1(self.false_masks, self.right, self.wrong)


def empty_counts(courses: Sequence[Course], empty: Sequence[EmptyAnswer]) -> dict[str, EmptyCounts]:
    """By segmenter: its answers to empty targets, and to a first box around what is there."""
    counts = {}
    for name in dict.fromkeys(answer.segmenter for answer in empty):
        own = [answer.is_empty for answer in empty if answer.segmenter == name]
        there = [c.steps[0].is_empty for c in courses if c.segmenter == name and c.start is Start.BOX]
        counts[name] = EmptyCounts(sum(own), len(own) - sum(own), sum(there), len(there))
    return counts


def peak_of_each(courses: Sequence[Course]) -> dict[str, int]:
    """Bytes by segmenter: the peak over all of its courses; segmenters without a known one are left out."""
    peaks: dict[str, int] = {}
    for course in courses:
        if course.peak_bytes is not None:
            peaks[course.segmenter] = max(peaks.get(course.segmenter, 0), course.peak_bytes)
    return peaks


def segmentation_tables(courses: Sequence[Course], empty: Sequence[EmptyAnswer] = ()) -> str:
    """Markdown: DSC by group for each way to start, how far and how fast each got, DSC by case and object."""
    counts = _shown(courses)
    shown = " / ".join(map(str, counts))
    parts = []
    for title, starts in (("a click", (Start.CLICK, Start.CLICK_AND_KEY)), ("a box", (Start.BOX,))):
        chosen = [course for course in courses if course.start in starts]
        if chosen:
            parts.append(f"## DSC after {shown} interactions, {title} first\n\n{_by_group(chosen, counts)}")
            parts.append(f"## The same by case and object\n\n{_by_object(chosen, counts)}")
    nothing = f"## Empty targets, and memory\n\n{_empty_and_memory(courses, empty)}"
    return "\n".join([f"## In short\n\n{_summary(courses)}", nothing, *parts])


def segmentation_plots(courses: Sequence[Course]) -> dict[str, str]:
    """DSC over the interactions: of every segmenter, and of the first one by group."""
    most = max((len(course.steps) for course in courses), default=0)
    columns = _columns(courses)
    if not columns:
        return {}
    of_all = {_column_title(c) + f", {c[1].value} first": [o for o in courses if _column(o) == c] for c in columns}
    first = [course for course in courses if _column(course) == columns[0]]
    of_groups = dict(_groups(first))
    return {
        "DSC over interactions, all objects": _plot(of_all, most),
        f"DSC over interactions, {columns[0][0]}, by group": _plot(of_groups, most),
    }


def _plot(courses: Mapping[str, Sequence[Course]], most: int) -> str:
    lines = {
        name: [(float(n), fmean(course.dsc_after(n) for course in own)) for n in range(1, most + 1)]
        for name, own in courses.items()
    }
    return curves(lines, "interactions", "DSC")


def _summary(courses: Sequence[Course]) -> str:
    counts = _shown(courses)
    shown = "/".join(str(count) for count in counts)
    header = [
        "segmenter", "first", f"DSC {shown}", "area", f"NSD 2 mm {shown}", "area",
        *(title for dsc in TARGETS_DSC for title in (f"interactions to {dsc:.2f}", "failed")), "seconds first/later",
    ]  # fmt: skip
    table = markdown_table(header, [_summary_row(courses, column, counts) for column in _columns(courses)])
    return f"{table}\n{_NOTE}\n"


def _summary_row(courses: Sequence[Course], column: _Column, counts: Sequence[int]) -> list[str]:
    own = [course for course in courses if _column(course) == column]
    later = [step.seconds for course in own for step in course.steps[1:]]
    seconds = f"{median(course.steps[0].seconds for course in own):.2f} / {median(later or [0.0]):.2f}"
    return [
        column[0],
        column[1].value,
        _means(own, Course.dsc_after, counts),
        _area(own, Course.dsc_after),
        _means(own, Course.nsd_after, counts),
        _area(own, Course.nsd_after),
        *(cell for dsc in TARGETS_DSC for cell in _reached(own, dsc)),
        seconds,
    ]


def _empty_and_memory(courses: Sequence[Course], empty: Sequence[EmptyAnswer]) -> str:
    counts, peaks = empty_counts(courses, empty), peak_of_each(courses)
    header = ["segmenter", "empty-target F1", "empty targets with a mask", "objects without one", "peak memory, MB"]
    rows = []
    for name in dict.fromkeys(course.segmenter for course in courses):
        one = counts.get(name)
        cells = ["–"] * 3
        if one is not None:
            asked = one.right + one.false_masks
            cells = [f"{one.f1:.2f}", f"{one.false_masks} of {asked}", f"{one.wrong} of {one.there}"]
        rows.append([name, *cells, f"{peaks[name] / 1e6:.0f}" if name in peaks else "–"])
    return f"{markdown_table(header, rows)}\n{_EMPTY_NOTE}\n"


def _reached(courses: Sequence[Course], dsc: float) -> tuple[str, str]:
    """After how many interactions a DSC was reached, and how often it never was.

    A failure counts as all interactions there were: the mean stays comparable between segmenters.
    """
    counts = [course.interactions_to_reach(dsc) for course in courses]
    most = max(len(course.steps) for course in courses)
    return f"{fmean(most if n is None else n for n in counts):.1f}", f"{counts.count(None)} of {len(courses)}"


def _area(courses: Sequence[Course], score: Callable[[Course, int], float]) -> str:
    """The mean of a score over all interactions: the area below its curve, in units of its width."""
    most = max(len(course.steps) for course in courses)
    return f"{fmean(score(course, n) for course in courses for n in range(1, most + 1)):.2f}".lstrip("0")


def _by_group(courses: Sequence[Course], counts: Sequence[int]) -> str:
    columns = _columns(courses)
    rows = []
    for name, members in _groups(courses):
        count = len({_object_key(course) for course in members})
        scores = [_means([c for c in members if _column(c) == column], Course.dsc_after, counts) for column in columns]
        rows.append([f"{name} ({count})", *scores])
    return markdown_table(["objects (n)", *(_column_title(column) for column in columns)], rows)


def _by_object(courses: Sequence[Course], counts: Sequence[int]) -> str:
    columns = _columns(courses)
    found = {(_object_key(course), _column(course)): course for course in courses}
    sizes = {_object_key(course): course.volume_ml for course in courses}
    rows = []
    for key, size in sizes.items():
        own = ([found[key, column]] if (key, column) in found else [] for column in columns)
        scores = [_means(courses_of_column, Course.dsc_after, counts) for courses_of_column in own]
        rows.append([*key, f"{size:.1f}", *scores])
    return markdown_table(["case", "object", "ml", *(_column_title(column) for column in columns)], rows)


def _groups(courses: Sequence[Course]) -> list[tuple[str, list[Course]]]:
    known = [group.name for group in OBJECT_GROUPS]
    names = dict.fromkeys([*known, *(course.group for course in courses)])
    by_name = [(name, [course for course in courses if course.group == name]) for name in names]
    large = (f"large objects (> {LARGE_ML} ml)", [course for course in courses if course.volume_ml > LARGE_ML])
    return [(name, members) for name, members in [*by_name, large, ("all", list(courses))] if members]


def _columns(courses: Sequence[Course]) -> list[_Column]:
    return list(dict.fromkeys(_column(course) for course in sorted(courses, key=lambda c: list(Start).index(c.start))))


def _column(course: Course) -> _Column:
    return course.segmenter, course.start


def _column_title(column: _Column) -> str:
    return f"{column[0]}, best candidate" if column[1].uses_candidates else column[0]


def _object_key(course: Course) -> _ObjectKey:
    return course.case, course.object


def _shown(courses: Sequence[Course]) -> tuple[int, ...]:
    most = max((len(course.steps) for course in courses), default=1)
    return tuple(count for count in SHOWN if count <= most)


def _means(courses: Sequence[Course], score: Callable[[Course, int], float], counts: Sequence[int]) -> str:
    if not courses:
        return "–"
    return " ".join(f"{fmean(score(course, count) for course in courses):.2f}".lstrip("0") for count in counts)
