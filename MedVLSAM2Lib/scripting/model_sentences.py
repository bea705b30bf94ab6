"""A model's answer as sentences of a report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from MedVLSAM2Lib.report import ModelSentence, SectionKey
from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus
from MedVLSAM2Lib.scripting.answer import Answer
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.session.grounding import SAME_OBJECT, overlap

REPORT_QUESTION = "Draft a report of this scan."
_HEADING = re.compile(r"(technique|findings|impression):\s*", re.IGNORECASE)


def report_sentences(
    answer: Answer, segments: Sequence[ScanSegment]
) -> tuple[tuple[ModelSentence, ...], tuple[ScanSegment, ...]]:
    """The sentences that hold, and the segments they point at beside those that are there already.

    Args:
        answer: to ``REPORT_QUESTION``.
        segments: what the report speaks of without it; one that shows the same object is pointed at instead.
    """
    same = {one.segment_id: _same_object(one, segments) for one in answer.segments.values()}
    section, sentences, used = SectionKey.FINDINGS, list[ModelSentence](), dict[str, ScanSegment]()
    for sentence in answer.sentences:
        if sentence.status is not SentenceStatus.SAID:
            continue
        heading = _HEADING.match(sentence.text)
        section = SectionKey(heading[1].lower()) if heading else section
        pointed_at = _pointed_at(sentence)
        for one, name in pointed_at.items():
            used.setdefault(one, replace(answer.segments[one], name=name))
        ids = tuple(dict.fromkeys(same.get(one) or one for one in pointed_at))
        # Braces are the report's own sign for measured numbers.
        text = sentence.text[heading.end() if heading else 0 :].replace("{", "(").replace("}", ")")
        sentences.append(ModelSentence(text, ids, section))
    new = tuple(one for segment_id, one in used.items() if same[segment_id] is None)
    return tuple(sentences), new


def _pointed_at(sentence: AnswerSentence) -> dict[str, str]:
    """What the sentence points at, by id, each with the words that name it."""
    named: dict[str, str] = {}
    for link in sentence.links:
        for segment_id in link.object_ids:
            words = "" if link.is_measured else sentence.text[link.start : link.end]
            named[segment_id] = named.get(segment_id) or words
    return {segment_id: words or "finding" for segment_id, words in named.items()}


def _same_object(segment: ScanSegment, others: Sequence[ScanSegment]) -> str | None:
    return next((one.segment_id for one in others if overlap(one.mask, segment.mask) >= SAME_OBJECT), None)
