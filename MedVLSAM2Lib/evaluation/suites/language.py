"""The suite ``language``: phrases, questions and reports on phantoms that nobody learned from, and phrases on real scans."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from MedVLSAM2Lib.evaluation.cases import CaseFiles
from MedVLSAM2Lib.evaluation.language.answer_key import answer_key, outcome
from MedVLSAM2Lib.evaluation.language.asker import Asker
from MedVLSAM2Lib.evaluation.language.phantom_scans import finding_phrases, phantom_scans, visible_organs
from MedVLSAM2Lib.evaluation.language.report_facts import ReportFacts, report_facts
from MedVLSAM2Lib.evaluation.language.scan_questions import far_landmarks, scan_questions
from MedVLSAM2Lib.evaluation.language.text_scores import text_scores
from MedVLSAM2Lib.evaluation.metrics import dice
from MedVLSAM2Lib.evaluation.page.picture import Picture, comparison
from MedVLSAM2Lib.evaluation.page.plots import curves, shares
from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.model.medvlsam2.config import QUESTION
from MedVLSAM2Lib.session.mask_models import LoadedModel
from MedVLSAM2Lib.training.language.checking import untruths
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.reading import Reader
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Volume

REPORT_QUESTION = "Draft a report of this scan."
MOST_ORGANS = 8
SCANS, PHANTOMS = "scans", "phantoms"
PICTURES_OF_EACH = 6
CONFIDENCE_BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
NOT_SCORED = ("follow-up", "segment")
"""Questions that mean nothing alone, and requests for a mask, whose answers are hardly any words."""


@dataclass(frozen=True)
class LanguagePlan:
    """How much is asked: phantom scans, and people of either part of the body whom they show."""

    scans: int = 40
    people: int = 16


@dataclass
class _Tally:
    """Everything that was asked and what came of it."""

    dsc: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    confidence: list[tuple[float, float]] = field(default_factory=list)
    false_masks: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    closed_of_scans: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    open: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    untrue: list[bool] = field(default_factory=list)
    withheld: list[int] = field(default_factory=list)
    reports: ReportFacts = field(default_factory=ReportFacts)
    rows: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, list[tuple[float, Picture]]] = field(default_factory=lambda: {SCANS: [], PHANTOMS: []})

    def show(self, of: str, volume: Volume, truth: np.ndarray, answer: np.ndarray, dsc: float, phrase: str) -> None:
        """Keep a picture of a phrase and its mask if it is among the worst of ``SCANS`` or ``PHANTOMS``."""
        kept = self.pictures[of]
        if len(kept) == PICTURES_OF_EACH and dsc >= kept[-1][0]:
            return
        picture = comparison(volume, truth, answer, f"{volume.name}, “{phrase}”: DSC {dsc:.2f}")
        self.pictures[of] = sorted([*kept, (dsc, picture)], key=lambda pair: pair[0])[:PICTURES_OF_EACH]

    def worst(self) -> list[Picture]:
        """The pictures, those of scans first, the worst of either first."""
        return [picture for kept in self.pictures.values() for _, picture in kept]


def run_language(
    model: LoadedModel, plan: LanguagePlan, scans: Sequence[CaseFiles] = (), kept: Path | None = None
) -> Report:
    """Ask a checkpoint that knows words everything; ``scans`` are labelled ones, ``kept`` holds the phantoms."""
    vocabulary = Vocabulary.read()
    reader, tally = Reader(vocabulary), _Tally()
    for number, example in enumerate(phantom_scans(plan.scans, plan.people, vocabulary, kept)):
        asker = Asker(example.volume, f"phantom {number}", model)
        _phrases(asker, example, tally, np.random.default_rng(number))
        if QUESTION in model.capabilities:
            _questions(asker, example, tally, reader, vocabulary)
            _report(asker, example, tally, reader)
    for files in scans:
        _scan(files, model, tally, vocabulary)
    return Report("language", _tables(tally), _data(tally), plots=_plots(tally), pictures=tuple(tally.worst()))


def _phrases(asker: Asker, example: LanguageExample, tally: _Tally, rng: np.random.Generator) -> None:
    organs = visible_organs(example.facts)
    asked = [("phantoms, organs by name", organs[int(n)], (organs[int(n)],)) for n in rng.permutation(len(organs))]
    findings = [("phantoms, findings by referring phrase", text, target) for text, target in finding_phrases(example)]
    for group, phrase, target in [*asked[:MOST_ORGANS], *findings]:
        found, truth = asker.find(phrase), example.mask(target)
        score = dice(found.mask, truth)
        tally.dsc[group].append(score)
        tally.show(PHANTOMS, example.volume, truth, found.mask, score, phrase)
        if found.objects:
            tally.confidence.append((found.confidence, score))
        tally.rows.append({"group": group, "scan": example.volume.name, "phrase": phrase, "dsc": round(score, 4)})
    _absent(asker, PHANTOMS, example.volume.name, example.absent_phrases, tally)


def _absent(asker: Asker, of: str, scan: str, phrases: Sequence[str], tally: _Tally) -> None:
    """Ask for what is not there."""
    for phrase in phrases:
        found = bool(asker.find(phrase).objects)
        tally.false_masks[of].append(found)
        tally.rows.append({"group": f"absent, {of}", "scan": scan, "phrase": phrase, "found": found})


def _questions(asker: Asker, example: LanguageExample, tally: _Tally, reader: Reader, vocabulary: Vocabulary) -> None:
    # Follow-up questions mean nothing alone.
    for turn in example.turns:
        if turn.key is None:
            if turn.kind not in NOT_SCORED:
                tally.open[turn.kind].append((asker.ask(turn.question).raw, turn.answer.text))
            continue
        answered = asker.ask(turn.question)
        key = answer_key(turn.kind, turn.question, answered.text, vocabulary)
        came = outcome(key, turn.key)
        tally.closed[turn.kind].append(came)
        tally.untrue.append(bool(untruths(_without_numbers(answered.text), example.facts, reader)))
        tally.withheld.append(answered.withheld)
        tally.rows.append(
            {"kind": turn.kind, "question": turn.question, "expected": turn.key, "outcome": came, **asdict(answered)}
        )


def _report(asker: Asker, example: LanguageExample, tally: _Tally, reader: Reader) -> None:
    answered = asker.ask(REPORT_QUESTION)
    counts = report_facts(answered.text, example.facts, reader)
    tally.reports += counts
    tally.rows.append({"kind": "report", **asdict(answered), **asdict(counts)})


def _scan(files: CaseFiles, model: LoadedModel, tally: _Tally, vocabulary: Vocabulary) -> None:
    case = files.load()
    asker = Asker(case.volume, case.name, model)
    for item in case.objects:
        meant = vocabulary.of_label(item.name)
        if not meant:
            continue
        phrase = meant[0].name
        found = asker.find(phrase)
        score = dice(found.mask, item.truth)
        tally.dsc[f"scans, {item.group}"].append(score)
        tally.show(SCANS, case.volume, item.truth, found.mask, score, phrase)
        if found.objects:
            tally.confidence.append((found.confidence, score))
        tally.rows.append({"group": "scan", "scan": case.name, "phrase": phrase, "dsc": round(score, 4)})
    _absent(asker, SCANS, case.name, far_landmarks(case, vocabulary), tally)
    if QUESTION not in model.capabilities:
        return
    for question in scan_questions(case, vocabulary):
        told = asker.ask(question.text)
        came = question.outcome(told.text, vocabulary)
        tally.closed_of_scans[question.kind].append(came)
        tally.rows.append(
            {
                "scan": case.name,
                "kind": question.kind,
                "question": question.text,
                "expected": question.key,
                "outcome": came,
                **asdict(told),
            }
        )
    answered = asker.ask(REPORT_QUESTION)
    tally.rows.append({"kind": "report of a scan", "scan": case.name, **asdict(answered)})


def _without_numbers(text: str) -> str:
    """Measured values are not the model's words, and hold digits, which those never do."""
    return "".join(character for character in text if not character.isdigit())


def _plots(tally: _Tally) -> dict[str, str]:
    """How far confidence can be believed, and what came of closed questions."""
    bins = _by_confidence(tally.confidence).values()
    means = [(fmean(c for c, _ in pairs), fmean(dsc for _, dsc in pairs)) for pairs in bins]
    plots = {"Confidence and the DSC that came of it": curves({"": means}, "confidence", "DSC", diagonal=True)}
    for what, outcomes in (("phantoms", tally.closed), ("real scans", tally.closed_of_scans)):
        if outcomes:
            plots[f"Closed questions about {what}"] = shares(_counted(outcomes))
    return plots


def _counted(outcomes: Mapping[str, Sequence[str]]) -> dict[str, Counter[str]]:
    return {kind: Counter(values) for kind, values in sorted(outcomes.items())}


def _tables(tally: _Tally) -> str:
    phrases = [[group, str(len(values)), f"{fmean(values):.2f}"] for group, values in sorted(tally.dsc.items())]
    absent = [[of, str(len(found)), _share(sum(found), len(found))] for of, found in sorted(tally.false_masks.items())]
    facts = tally.reports
    reports = [
        ["findings there, and spoken of", f"{facts.there}", _share(facts.found, facts.there)],
        ["findings spoken of, and not there", f"{facts.claimed}", _share(facts.invented, facts.claimed)],
        ["on the wrong side or in the wrong organ", f"{facts.claimed}", _share(facts.wrong_side, facts.claimed)],
        [f"size off by more than {100 * 0.25:.0f} %", f"{facts.sized}", _share(facts.wrong_size, facts.sized)],
    ]
    parts = (
        "## Phrases\n\n" + markdown_table(["what", "n", "DSC"], phrases),
        "## Things that are not there\n\n" + markdown_table(["in", "n", "found"], absent),
        "## How far confidence can be believed\n\n" + _calibration(tally.confidence),
        "## Closed questions about phantoms\n\n" + _closed(tally.closed),
        "## Closed questions about real scans\n\n" + _closed(tally.closed_of_scans),
        (
            f"Answers with an untrue claim: {_share(sum(tally.untrue), len(tally.untrue))}; sentences withheld because nothing"
            f" in the scan showed them: {sum(tally.withheld)}.\n"
        ),
        "## Reports of phantoms\n\n" + markdown_table(["what", "n", "share"], reports),
        "## Wording of open answers\n\n" + _wording(tally.open),
    )
    return "\n".join(parts)


def _calibration(pairs: Sequence[tuple[float, float]]) -> str:
    rows = [
        [f"{low:.1f} to {min(high, 1.0):.1f}", str(len(inside)), f"{fmean(score for _, score in inside):.2f}"]
        for (low, high), inside in _by_confidence(pairs).items()
    ]
    off = f"Expected calibration error: {_calibration_error(pairs):.2f}.\n" if pairs else ""
    return f"{markdown_table(['confidence', 'n', 'DSC'], rows)}\n{off}"


def _calibration_error(pairs: Sequence[tuple[float, float]]) -> float:
    """How far mean confidence and mean DSC lie apart in a bin, weighted by what is in it (Guo et al., arXiv 1706.04599)."""
    gaps = (abs(sum(confidence - score for confidence, score in inside)) for inside in _by_confidence(pairs).values())
    return sum(gaps) / len(pairs)


def _by_confidence(
    pairs: Sequence[tuple[float, float]],
) -> dict[tuple[float, float], list[tuple[float, float]]]:
    """Pairs of confidence and DSC by the bin that the confidence falls into; bins without any are left out."""
    bins = {
        (low, high): [pair for pair in pairs if low <= pair[0] < high]
        for low, high in itertools.pairwise(CONFIDENCE_BINS)
    }
    return {bounds: inside for bounds, inside in bins.items() if inside}


def _wording(answers: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Against the wording that the facts were put into; another true one counts as different."""
    scores = {kind: text_scores(pairs) for kind, pairs in sorted(answers.items())}
    rows = [
        [kind, str(one.count), f"{one.bleu:.0f}", f"{one.rouge_l:.2f}", f"{one.meteor:.2f}"]
        for kind, one in scores.items()
    ]
    return markdown_table(["kind", "n", "BLEU", "ROUGE-L", "METEOR"], rows)


def _closed(outcomes: Mapping[str, Sequence[str]]) -> str:
    rows = [[kind, *_shares(values)] for kind, values in sorted(outcomes.items())]
    together = [came for values in outcomes.values() for came in values]
    return markdown_table(["kind", "n", "right", "declined", "wrong"], [*rows, ["all", *_shares(together)]])


def _shares(outcomes: Sequence[str]) -> list[str]:
    names = ("right", "declined", "wrong")
    return [str(len(outcomes)), *(_share(outcomes.count(name), len(outcomes)) for name in names)]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _data(tally: _Tally) -> dict[str, Any]:
    return {
        "dsc": {group: fmean(values) for group, values in tally.dsc.items()},
        "false_masks": {of: fmean(found) for of, found in tally.false_masks.items()},
        "closed": _counted(tally.closed),
        "closed_of_scans": _counted(tally.closed_of_scans),
        "open": {kind: asdict(text_scores(pairs)) for kind, pairs in tally.open.items()},
        "confidence": tally.confidence,
        "calibration_error": _calibration_error(tally.confidence) if tally.confidence else None,
        "withheld": sum(tally.withheld),
        "untrue": fmean(tally.untrue) if tally.untrue else None,
        "reports": asdict(tally.reports),
        "rows": tally.rows,
    }
