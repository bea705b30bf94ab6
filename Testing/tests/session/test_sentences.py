"""A stream of words cut into sentences, and the words that name what a mark points at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from MedVLSAM2Lib.session.names import named_before, number_in
from MedVLSAM2Lib.session.sentences import SentenceBuffer, SpokenSentence
from MedVLSAM2Lib.session.speaking import SegMark

MARK = SegMark(np.ones((1, 2), np.float32))


def cut(pieces: Iterable[str | SegMark]) -> tuple[list[list[str]], SentenceBuffer]:
    """The sentences that each piece completes, and at last the rest."""
    buffer = SentenceBuffer()
    told = [[sentence.raw for sentence in buffer.push(piece)] for piece in pieces]
    return [*told, [sentence.raw for sentence in buffer.rest()]], buffer


def test_a_sentence_is_told_when_the_next_one_begins() -> None:
    told, buffer = cut(["The li", "ver [SEG]", MARK, " is", " normal.", " There", " is no cyst. Nor"])
    assert told == [[], [], [], [], [], ["The liver [SEG] is normal."], ["There is no cyst."], ["Nor"]]
    assert buffer.raw == "The liver [SEG] is normal. There is no cyst. Nor"


@pytest.mark.parametrize("pieces", [["cyst ", MARK, "."], ["cyst [SEG]", MARK, "."], ["cyst ", MARK, "[SEG]."]])
@pytest.mark.parametrize("spelled", [False, True])
def test_a_mark_counts_once_whether_or_not_its_token_is_written_out(pieces: list, spelled: bool) -> None:
    said = [piece for part in pieces for piece in (part if spelled and isinstance(part, str) else [part])]
    buffer = SentenceBuffer()
    for piece in said:
        assert list(buffer.push(piece)) == []
    assert list(buffer.rest()) == [SpokenSentence("cyst [SEG].", (MARK.tokens,))]


def test_each_sentence_has_its_own_marks() -> None:
    first, second, third = (SegMark(np.full((1, 1), number, np.float32)) for number in range(3))
    buffer = SentenceBuffer()
    said = ["A cyst ", first, " and a stone ", second, ". The liver ", third, "."]
    sentences = [sentence for piece in said for sentence in buffer.push(piece)] + list(buffer.rest())
    assert [len(sentence.marks) for sentence in sentences] == [2, 1]
    assert sentences[1].marks[0] is third.tokens


def test_a_sentence_of_one_word_is_one_with_the_next() -> None:
    assert cut(["Yes. There ", "is a cyst. It ", "is small.", " No."])[0] == [
        [],
        ["Yes. There is a cyst."],
        [],
        ["It is small."],
        ["No."],
    ]


def test_a_decimal_point_ends_nothing_and_a_line_does() -> None:
    assert cut(["About 1.5 cm wide\nThe liver"])[0] == [["About 1.5 cm wide"], ["The liver"]]


NAMES = {
    "there is a renal cyst": "renal cyst",
    "The right kidney": "right kidney",
    "both kidneys": "both kidneys",
    "There are two cysts": "two cysts",
    "Yes, the liver": "liver",
    "Only in part: the spleen": "spleen",
    "only a part of the liver": "liver",
    "What is in view of the liver": "liver",
    "The mean density of the liver lesion": "liver lesion",
    "a lesion of the spleen": "lesion of the spleen",
    "There is an aneurysm of the aorta": "aneurysm of the aorta",
    "the volumes of both kidneys": "both kidneys",
    "A right-sided pleural effusion": "right-sided pleural effusion",
    "Just below the liver lies the gallbladder": "gallbladder",
    "The larger one is the left kidney": "left kidney",
    "One nodule": "One nodule",
    "It measures": "",
}


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_the_name_before_a_mark_is_found(text: str, name: str) -> None:
    assert text[named_before(text) :] == name


def test_a_name_does_not_reach_back_beyond_the_last_mark() -> None:
    text = "the right kidney measures 120 ml, the left kidney"
    assert text[named_before(text) :] == "left kidney"
    assert named_before("right kidney left", since=13) == 13


@pytest.mark.parametrize(("name", "number"), [("two cysts", 2), ("Twelve ribs", 12), ("one nodule", None), ("", None)])
def test_a_number_in_words_is_read(name: str, number: int | None) -> None:
    assert number_in(name) == number
