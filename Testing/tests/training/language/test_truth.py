"""Whatever is said is true: every generated answer is read back and held against the facts."""

from __future__ import annotations

from collections import Counter

import pytest

from MedVLSAM2Lib.slots import SEG, is_sound
from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, Measures, StructureFacts, Visibility
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan
from MedVLSAM2Lib.training.language.checking import untruths
from MedVLSAM2Lib.training.language.reading import FindingClaim, Reader
from MedVLSAM2Lib.training.language.said import Turn
from MedVLSAM2Lib.training.language.words import NUMBERS
from MedVLSAM2Lib.vocabulary import Side, Vocabulary

Conversations = list[tuple[LabelledScan, Facts, tuple[Turn, ...]]]


def _turns(conversations: Conversations, *kinds: str) -> list[tuple[Facts, Turn]]:
    return [(facts, turn) for _, facts, turns in conversations for turn in turns if not kinds or turn.kind in kinds]


def test_thousands_of_answers_read_back_to_their_facts(conversations: Conversations, reader: Reader) -> None:
    turns = _turns(conversations)
    assert len(turns) > 3000
    wrong = [(turn.answer.text, found) for facts, turn in turns if (found := untruths(turn.answer.text, facts, reader))]
    assert wrong == []
    assert sum(len(reader.claims(turn.answer.text)) for _, turn in turns) > 3000


def test_no_digit_stands_outside_a_slot(conversations: Conversations) -> None:
    assert all(is_sound(turn.answer.text) for _, turn in _turns(conversations))


def test_every_sort_of_question_is_asked(conversations: Conversations) -> None:
    kinds = Counter(turn.kind for _, turn in _turns(conversations))
    expected = {"presence", "side", "count", "larger", "in view", "exists", "regions", "phase", "segment", "measure",
                "describe", "abnormal", "caption", "report", "section", "impression", "unanswerable", "follow-up"}  # fmt: skip
    assert expected <= set(kinds)
    keys = {turn.key for _, turn in _turns(conversations)}
    assert {"yes", "no", "cannot tell", "none", "one", "right", "left", "absent", "in part"} <= keys


def test_every_mark_points_at_voxels(conversations: Conversations) -> None:
    for scan, _, turns in conversations:
        names = {name for turn in turns for target in turn.answer.targets for name in target}
        assert all(scan.mask(name).any() for name in names)
        assert all(turn.answer.text.count(SEG) == len(turn.answer.targets) for turn in turns)


def test_what_is_not_there_is_refused_without_a_mark(conversations: Conversations) -> None:
    refusals = [turn for _, turn in _turns(conversations, "segment") if turn.key == "no"]
    assert len(refusals) > 50
    assert not any(turn.answer.targets for turn in refusals)


def test_counts_are_counts_and_sides_are_sides(conversations: Conversations) -> None:
    for facts, turn in _turns(conversations, "count", "side"):
        if not turn.answer.targets:
            continue
        names = {name for target in turn.answer.targets for name in target}
        pointed_at = [finding for finding in facts.findings if finding.name in names]
        if turn.kind == "count":
            assert turn.key == NUMBERS[len(pointed_at)]
        else:
            sides = {str(finding.side) for finding in pointed_at}
            assert sides == ({"right", "left"} if turn.key == "both" else {turn.key})


def test_the_larger_one_is_the_larger_one(conversations: Conversations) -> None:
    compared = 0
    for facts, turn in _turns(conversations, "larger"):
        ((name, *_),) = turn.answer.targets
        mine = facts.structures[name].measures
        term = facts.structures[name].structure.term.name
        others = [s.measures for s in facts.structures.values() if s.structure.term.name == term and s.name != name]
        assert mine is not None
        if turn.key in ("right", "left"):
            compared += 1
            assert all(other is not None and mine.volume_ml > 1.2 * other.volume_ml for other in others)
    assert compared


def test_yes_means_seen_and_no_means_nothing_of_the_kind(conversations: Conversations, reader: Reader) -> None:
    for facts, turn in _turns(conversations, "presence"):
        claims = [claim for claim in reader.claims(turn.answer.text) if isinstance(claim, FindingClaim)]
        if turn.key == "yes":
            assert [claim.is_denied for claim in claims] == [False]
            assert turn.answer.targets
        elif claims:
            assert all(claim.is_denied for claim in claims)
            assert not facts.findings_of(claims[0].kind, claims[0].organ)


def test_reports_leave_no_finding_out(conversations: Conversations) -> None:
    for facts, turn in _turns(conversations, "report"):
        pointed_at = {name for target in turn.answer.targets for name in target}
        spoken = {
            finding.name for finding in facts.findings if finding.kind in turn.answer.text or finding.name in pointed_at
        }
        elsewhere = {finding.name for finding in facts.findings}
        assert spoken == elsewhere, turn.answer.text


def test_what_is_absent_is_said_to_be_absent(conversations: Conversations) -> None:
    absent = [(facts, turn) for facts, turn in _turns(conversations, "exists", "in view") if turn.key == "absent"]
    assert absent
    for facts, turn in absent:
        gone = [name for name, known in facts.structures.items() if known.visibility is Visibility.ABSENT]
        assert any(name in turn.answer.text for name in gone)


def _finding(
    name: str, organ: str, side: Side | None, level: str | None, ml: float, is_dense: bool = False
) -> FindingFacts:
    measures = Measures(ml, 10.0, 8.0, 20.0, 5.0, 30.0, (0.0, 0.0, 0.0), (-5.0, -5.0, -5.0), (5.0, 5.0, 5.0))
    kind = name.removesuffix(" 2")
    return FindingFacts(name, kind, organ, side, level, is_dense, Visibility.WHOLE, measures)


@pytest.fixture(scope="module")
def a_patient(vocabulary: Vocabulary) -> Facts:
    """A small effusion, a calcified nodule and two renal cysts, all on the left; no spleen, the bladder out of view."""
    findings = (
        _finding("pleural effusion", "left lung", Side.LEFT, None, 100.0),
        _finding("renal cyst", "left kidney", Side.LEFT, "upper", 9.0),
        _finding("renal cyst 2", "left kidney", Side.LEFT, "lower", 3.0),
        _finding("lung nodule", "left lung", Side.LEFT, "upper", 1.0, is_dense=True),
    )
    seen = {"liver": Visibility.WHOLE, "spleen": Visibility.ABSENT, "urinary bladder": Visibility.OUT_OF_VIEW,
            "right kidney": Visibility.PARTLY, "left kidney": Visibility.WHOLE}  # fmt: skip
    structures = {name: StructureFacts(vocabulary.structure(name), visibility) for name, visibility in seen.items()}
    searched = frozenset({"pleural effusion", "renal cyst", "lung nodule", "gallstone", "kidney stone"})
    return Facts("CT", None, ("chest", "abdomen"), structures, findings, frozenset({"kidney stone"}), searched)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("A small pleural effusion [SEG] lies on the left.", "A small pleural effusion [SEG] lies on the right."),
        ("A small pleural effusion [SEG] lies on the left.", "A large pleural effusion [SEG] lies on the left."),
        ("Two renal cysts [SEG] lie in the left kidney.", "Three renal cysts [SEG] lie in the left kidney."),
        ("Two renal cysts [SEG] lie in the left kidney.", "Two renal cysts [SEG] lie in the right kidney."),
        ("There is a renal cyst [SEG].", "There is no renal cyst."),
        ("There is no gallstone.", "There is a gallstone [SEG]."),
        ("There is no renal cyst in the right kidney.", "There is no renal cyst in the left kidney."),
        ("A calcified lung nodule [SEG].", "A solid lung nodule [SEG]."),
        ("A lung nodule in the upper third of the left lung.", "A lung nodule in the lower third of the left lung."),
        ("The left-sided effusion [SEG].", "The right-sided effusion [SEG]."),
        ("The spleen is absent.", "The spleen is out of view."),
        ("The urinary bladder is out of view.", "The urinary bladder is absent."),
        ("The liver [SEG] is wholly in view.", "The liver [SEG] is only partly in view."),
        ("The right kidney [SEG] is only partly in view.", "The right kidney [SEG] is wholly in view."),
        ("No gallstone is seen.", "No kidney stone is seen."),
        ("The liver [SEG] measures <volume:1>.", "The liver [SEG] measures 1500 ml."),
        ("The liver [SEG] measures <volume:1>.", "The liver [SEG] measures <volume:2>."),
    ],
)
def test_a_false_word_is_found_out(a_patient: Facts, reader: Reader, true: str, false: str) -> None:
    assert untruths(true, a_patient, reader) == []
    assert len(untruths(false, a_patient, reader)) == 1
