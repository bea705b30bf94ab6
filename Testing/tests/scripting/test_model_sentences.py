"""A model's answer becomes a report's sentences, each tied to its voxels."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.report import SectionKey
from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus, TextLink
from MedVLSAM2Lib.scripting.answer import Answer
from MedVLSAM2Lib.scripting.model_sentences import report_sentences
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume

VOLUME = Volume(np.arange(8000).reshape(20, 20, 20), np.eye(4), Modality.CT)


def _segment(segment_id: str, low: int, size: int = 6) -> ScanSegment:
    mask = np.zeros(VOLUME.shape, bool)
    mask[low : low + size, low : low + size, low : low + size] = True
    return ScanSegment(segment_id, segment_id, PackedMask.pack(mask), VOLUME)


@pytest.fixture
def an_answer() -> Answer:
    sentences = (
        AnswerSentence(0, "Technique: A CT."),
        AnswerSentence(1, "Findings: Chest: The liver shows a {cyst}.", (TextLink(21, 26, ("a1",)), TextLink(35, 41, ("a2",)))),
        AnswerSentence(2, "A stone is there.", status=SentenceStatus.UNCONFIRMED),
        AnswerSentence(3, "It measures 3 ml.", (TextLink(12, 16, ("a2",), is_measured=True),)),
        AnswerSentence(4, "Impression: A cyst."),
    )  # fmt: skip
    return Answer("Report?", sentences, {"a1": _segment("a1", 2), "a2": _segment("a2", 12)}, "")


def test_sentences_go_to_the_section_they_are_written_under(an_answer: Answer) -> None:
    sentences, _ = report_sentences(an_answer, ())
    assert [(one.section, one.text) for one in sentences] == [
        (SectionKey.TECHNIQUE, "A CT."),
        (SectionKey.FINDINGS, "Chest: The liver shows a (cyst)."),
        (SectionKey.FINDINGS, "It measures 3 ml."),
        (SectionKey.IMPRESSION, "A cyst."),
    ]


def test_a_sentence_points_at_the_segment_that_is_there_already(an_answer: Answer) -> None:
    sentences, new = report_sentences(an_answer, [_segment("found 1", 3)])
    assert [one.segment_ids for one in sentences] == [(), ("found 1", "a2"), ("a2",), ()]
    assert [(one.segment_id, one.name) for one in new] == [("a2", "{cyst}")]
