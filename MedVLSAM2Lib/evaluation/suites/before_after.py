"""Whether learning helped: a checkpoint before and after it, on scans of one's own that it never learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import fmean

import numpy as np

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.evaluation.course import last_mask, run_course
from MedVLSAM2Lib.evaluation.language.asker import Asker
from MedVLSAM2Lib.evaluation.metrics import dice
from MedVLSAM2Lib.evaluation.page.picture import Picture, comparison
from MedVLSAM2Lib.evaluation.page.plots import curves
from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.evaluation.session_segmenter import SessionSegmenter
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.session.mask_models import LoadedModel, load_mask_model
from MedVLSAM2Lib.training.data.cache import is_held_out
from MedVLSAM2Lib.training.data.own_scans import GROUP, own_scans
from MedVLSAM2Lib.training.data.raw_case import RawCase
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality, Volume

BEFORE, AFTER = "before", "after"
INTERACTIONS = 3
MINIMUM_VOXELS = 30
PICTURES = 8
CANNOT_BE_TOLD = (
    "No scan was held out, so it cannot be told whether the model is better than before; with three scans one is."
)


class Way(StrEnum):
    """How a structure is asked for."""

    FIRST_CLICK = "1 click"
    LAST_CLICK = f"{INTERACTIONS} clicks"
    NAME = "by name"


@dataclass(frozen=True)
class Row:
    """One structure of one held-out scan, asked for in one way: its DSC before and after."""

    scan: str
    structure: str
    way: Way
    before: float
    after: float


def run_before_after(data: Path, before: Path, after: Path) -> Report:
    """Ask two checkpoints for every segment of the held-out scans in ``data``, by the same clicks and by name.

    Raises:
        TrainingDataError, CollectionError: the scans cannot be used.
        CheckpointError: a checkpoint cannot be used.
    """
    cases = [_as_case(raw) for raw in own_scans(data) if _is_held_out(raw)]
    models = {BEFORE: load_mask_model(before), AFTER: load_mask_model(after)}
    vocabulary = Vocabulary.read()
    rows = [row for case in cases for row in _of_case(case, models, vocabulary)]
    pictures = [_picture(case, target, models[AFTER]) for case in cases for target in case.objects]
    data_of_report = {"held_out": [case.name for case in cases], "rows": [asdict(row) for row in rows]}
    return Report(
        "before_after", _tables(rows, cases), data_of_report, plots=_plots(rows), pictures=tuple(pictures[:PICTURES])
    )


def _is_held_out(raw: RawCase) -> bool:
    return is_held_out(GROUP, raw.name) if raw.held_out is None else raw.held_out


def _as_case(raw: RawCase) -> Case:
    if raw.image is None:
        raise ValueError(f"{raw.name} is a label map without a scan")
    k, j, i = raw.spacing_mm
    volume = Volume(raw.image, np.diag([-i, -j, k, 1.0]), Modality.CT, "HU", raw.name)
    masks = {name: raw.labels == number for number, name in raw.label_names.items()}
    objects = [LabelledObject(n, GROUP, mask) for n, mask in masks.items() if np.count_nonzero(mask) >= MINIMUM_VOXELS]
    return Case(raw.name, volume, tuple(objects))


def _of_case(case: Case, models: dict[str, LoadedModel], vocabulary: Vocabulary) -> Iterator[Row]:
    askers = {which: Asker(case.volume, case.name, model) for which, model in models.items()}
    for target in case.objects:
        scores = {which: _clicked(case, target, model, which) for which, model in models.items()}
        for way in scores[BEFORE]:
            yield Row(case.name, target.name, way, scores[BEFORE][way], scores[AFTER][way])
        meant = vocabulary.of_label(target.name)
        if meant and all(model.grounding is not None for model in models.values()):
            found = {which: dice(asker.find(meant[0].name).mask, target.truth) for which, asker in askers.items()}
            yield Row(case.name, target.name, Way.NAME, found[BEFORE], found[AFTER])


def _clicked(case: Case, target: LabelledObject, model: LoadedModel, name: str) -> dict[Way, float]:
    course = run_course(SessionSegmenter(model, name), case, target, Start.CLICK, INTERACTIONS)
    if course is None:
        return {}
    return {Way.FIRST_CLICK: course.dsc_after(1), Way.LAST_CLICK: course.dsc_after(INTERACTIONS)}


def _picture(case: Case, target: LabelledObject, model: LoadedModel) -> Picture:
    mask = last_mask(SessionSegmenter(model, AFTER), case, target, Start.CLICK, 1)
    dsc = dice(mask, target.truth)
    return comparison(case.volume, target.truth, mask, f"{target.name}, after one click: DSC {dsc:.2f}")


def _tables(rows: Sequence[Row], cases: Sequence[Case]) -> str:
    if not rows:
        return f"## Before and after\n\n{CANNOT_BE_TOLD}\n"
    names = list(dict.fromkeys(row.structure for row in rows))
    body = [_line(name, [row for row in rows if row.structure == name]) for name in names]
    table = markdown_table(["structure (scans)", *Way], [*body, _line("all", rows)])
    scans = "1 scan" if len(cases) == 1 else f"{len(cases)} scans"
    return f"## DSC before and after\n\n{table}\nOn {scans} that nothing was learned from.\n"


def _line(name: str, rows: Sequence[Row]) -> list[str]:
    cells = []
    for way in Way:
        own = [row for row in rows if row.way is way]
        cells.append(f"{fmean(r.before for r in own):.2f} → {fmean(r.after for r in own):.2f}" if own else "–")
    return [f"{name} ({len({row.scan for row in rows})})", *cells]


def _plots(rows: Sequence[Row]) -> dict[str, str]:
    """Each structure as a point: above the diagonal it became better."""
    if not rows:
        return {}
    points = {str(way): sorted((row.before, row.after) for row in rows if row.way is way) for way in Way}
    return {"DSC before and after": curves({w: p for w, p in points.items() if p}, "before", "after", diagonal=True)}
