"""Questions: sentences checked against the scan before they are told, with links, measured values and objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Point, PriorMask, PromptError, Turn
from MedVLSAM2Lib.report.measurements import measure_segment
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Event, MaskRegion, SentenceStatus
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.speaking import Speaker
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VoxelBox
from tests.engine.engine_events import apply_regions
from tests.session.conftest import ball
from tests.session.scripted_speaker import ScriptedSpeaker
from tests.session.tone_model import ToneModel, ToneReader

LESION, CYST, GALLBLADDER = 200.0, -50.0, -200.0
QUESTION = (Turn("user", "What is there?"),)


@pytest.fixture
def a_volume() -> Volume:
    """Two lesions, a cyst, and no gallbladder; stored from right to left."""
    array = np.full((40, 40, 48), 40, np.int16)
    array[ball(array.shape, (10, 12, 12), 5)] = 200
    array[ball(array.shape, (28, 26, 34), 7)] = 200
    array[ball(array.shape, (10, 28, 36), 6)] = -50
    return Volume(array, np.diag([1.5, -1.5, 2.0, 1.0]), Modality.CT)


Open = Callable[[Speaker], Session]


@pytest.fixture
def open_session(a_volume: Volume) -> Open:
    model = ToneModel()
    grounding = Grounding(ToneReader({}), model, threshold=0.5)
    return lambda speaker: Session(a_volume, "scan", model, grounding=grounding, speaker=speaker)


def ask(session: Session, prefix: str = "a ") -> list[Event]:
    return list(session.ask(QUESTION, prefix, lambda: False))


def sentences(events: list[Event]) -> list[AnswerSentence]:
    return [event for event in events if isinstance(event, AnswerSentence)]


def links(sentence: AnswerSentence) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(sentence.text[link.start : link.end], link.object_ids, link.is_measured) for link in sentence.links]


def measured(volume: Volume, mask: np.ndarray, quantity: Quantity) -> str:
    return measure_segment(volume, PackedMask.pack(mask), "").measurements[quantity].text


def test_an_answer_comes_sentence_by_sentence_each_after_the_objects_it_points_at(
    open_session: Open, a_volume: Volume
) -> None:
    session = open_session(ScriptedSpeaker("There is a renal cyst", CYST, ". The lesions", LESION, " are bright."))
    events = ask(session)

    first, second = (events.index(sentence) for sentence in sentences(events))
    assert [event.object_id for event in events[:first] if isinstance(event, MaskRegion)] == ["a 1"]
    assert [event.object_id for event in events[first:second] if isinstance(event, MaskRegion)] == ["a 2", "a 3"]
    assert [sentence.number for sentence in sentences(events)] == [0, 1]
    assert [sentence.text for sentence in sentences(events)] == ["There is a renal cyst.", "The lesions are bright."]
    assert links(sentences(events)[0]) == [("renal cyst", ("a 1",), False)]
    assert links(sentences(events)[1]) == [("lesions", ("a 2", "a 3"), False)]
    assert events[-1] == AnswerDone("There is a renal cyst [SEG]. The lesions [SEG] are bright.")
    regions = [event for event in events if isinstance(event, MaskRegion) and event.object_id == "a 1"]
    assert np.array_equal(apply_regions(np.zeros(a_volume.shape, bool), regions), a_volume.array == -50)


def test_slots_are_filled_with_what_is_measured_and_counted_over_the_whole_answer(
    open_session: Open, a_volume: Volume
) -> None:
    script = ("The cyst", CYST, " measures <volume:1>. The lesions", LESION, " hold <volume:2>. It is <hu:1>.")
    told = sentences(ask(open_session(ScriptedSpeaker(*script))))

    cyst, lesions = (measured(a_volume, a_volume.array == tone, Quantity.VOLUME) for tone in (-50, 200))
    assert links(told[0]) == [("cyst", ("a 1",), False), (cyst, ("a 1",), True)]
    assert links(told[1]) == [
        ("lesions", ("a 2", "a 3"), False),
        (lesions, ("a 2", "a 3"), True),
    ]
    assert links(told[2]) == [
        ("−50 ± 0\N{NO-BREAK SPACE}HU", ("a 1",), True),
    ]
    assert f"hold {lesions}." in told[1].text


def test_what_no_voxels_show_is_not_said_and_leaves_no_object(open_session: Open, a_volume: Volume) -> None:
    script = ("The cyst", CYST, " lies below the gallbladder", GALLBLADDER, ". It is small.")
    session = open_session(ScriptedSpeaker(*script))
    events = ask(session)

    doubtful, said = sentences(events)
    assert doubtful.status is SentenceStatus.UNCONFIRMED
    assert doubtful.text == "The model spoke of “gallbladder”, but no voxels of this scan show it."
    assert doubtful.links == ()
    assert (said.text, said.status) == ("It is small.", SentenceStatus.SAID)
    assert not [event for event in events if isinstance(event, MaskRegion)]
    assert isinstance(events[-1], AnswerDone)
    assert "gallbladder [SEG]" in events[-1].raw


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (("The cyst", CYST, " measures 31 ml."), "The model wrote a number of its own"),
        (("The cyst", CYST, " measures <volume:2>."), "The model wrote a number of its own"),
        (("The cyst", CYST, " measures <volume:7>."), "The model wrote a number of its own"),
        (
            ("The cyst", CYST, " is there. The lesions", LESION, " hold <volume:1>."),
            "The model gave to one thing the number of another",
        ),
        (
            ("I see the cyst", CYST, " and the cyst", CYST, "."),
            "The model spoke of “cyst” twice in one sentence",
        ),
        (
            ("The cyst", CYST, " is there. The cyst", CYST, " is there."),
            "The model said the same again",
        ),
        (
            ("There are three lesions", LESION, "."),
            "The model spoke of “three lesions”, but 2 were found in this scan.",
        ),
    ],
)
def test_what_is_unsound_is_not_shown(open_session: Open, script: tuple, sentence: str) -> None:
    *_, told = sentences(ask(open_session(ScriptedSpeaker(*script))))
    assert told.status is SentenceStatus.UNCONFIRMED
    assert told.text.startswith(sentence)


def test_why_sentences_do_not_hold_is_told_once_in_a_row(open_session: Open) -> None:
    script = ("It holds 3 ml. It holds 4 ml. It holds 5 ml. It is small. It holds 6 ml.",)
    told = [sentence.text for sentence in sentences(ask(open_session(ScriptedSpeaker(*script))))]
    assert [text.startswith("The model wrote a number of its own") for text in told] == [True, False, True]


def test_a_value_of_what_an_earlier_sentence_wrongly_claimed_is_not_shown(open_session: Open) -> None:
    script = ("The gallbladder", GALLBLADDER, " is large. It measures <volume:1>.")
    told = sentences(ask(open_session(ScriptedSpeaker(*script))))
    assert [sentence.status for sentence in told] == [SentenceStatus.UNCONFIRMED] * 2
    assert "cannot be measured" in told[1].text


def test_a_density_is_not_measured_in_mr(a_volume: Volume) -> None:
    mr = Volume(a_volume.array, a_volume.ijk_to_ras, Modality.MR)
    model = ToneModel()
    speaker = ScriptedSpeaker("The cyst", CYST, " measures <hu:1>.")
    session = Session(mr, "mr", model, grounding=Grounding(ToneReader({}), model, 0.5), speaker=speaker)
    assert "cannot be measured" in sentences(ask(session))[0].text


def test_a_number_in_words_that_the_scan_confirms_is_said(open_session: Open) -> None:
    (told,) = sentences(ask(open_session(ScriptedSpeaker("There are two lesions", LESION, "."))))
    assert links(told) == [("two lesions", ("a 1", "a 2"), False)]


def test_what_is_spoken_of_twice_is_one_object(open_session: Open) -> None:
    script = ("The cyst", CYST, " is dark. The dark cyst", CYST, " is round.")
    told = sentences(ask(open_session(ScriptedSpeaker(*script))))
    assert [link.object_ids for sentence in told for link in sentence.links] == [("a 1",), ("a 1",)]


def test_yes_is_said_only_with_what_it_affirms(open_session: Open) -> None:
    (told,) = sentences(ask(open_session(ScriptedSpeaker("Yes. There is a gallbladder", GALLBLADDER, "."))))
    assert told.status is SentenceStatus.UNCONFIRMED
    assert "Yes" not in told.text


def test_an_object_of_an_answer_begins_with_its_mask_and_takes_clicks(open_session: Open, a_volume: Volume) -> None:
    session, other = (open_session(ScriptedSpeaker("A cyst", CYST, ".")) for _ in range(2))
    ask(session)
    list(other.add_prompts("a 1", [PriorMask(session.mask("a 1"))], lambda: False))
    assert other.mask("a 1") == session.mask("a 1")
    for one in (session, other):
        list(one.add_prompts("a 1", [Point((36, 28, 10), positive=False)], lambda: False))
    assert other.mask("a 1") == session.mask("a 1")
    assert not session.mask("a 1").unpack(VoxelBox.of_shape(a_volume.shape))[10, 28, 36]


def test_a_cancel_ends_the_answer_at_the_next_word_and_takes_its_objects_back(
    open_session: Open, a_volume: Volume
) -> None:
    speaker = ScriptedSpeaker("A cyst", CYST, ". It is round and small.")
    session, told = open_session(speaker), list[Event]()

    def cancelled() -> bool:
        return any(isinstance(event, AnswerSentence) for event in told)

    with pytest.raises(Cancelled):
        deque(map(told.append, session.ask(QUESTION, "a ", cancelled)), maxlen=0)

    regions = [event for event in told if isinstance(event, MaskRegion)]
    assert regions[-1].final
    assert not apply_regions(np.zeros(a_volume.shape, bool), regions).any()
    assert session.mask("a 1").is_empty
    assert len(sentences(told)) == 1
    assert speaker.said == 4


def test_the_whole_conversation_is_heard(open_session: Open) -> None:
    speaker = ScriptedSpeaker("No.")
    conversation = (*QUESTION, Turn("assistant", "A cyst [SEG]."), Turn("user", "A large one?"))
    list(open_session(speaker).ask(conversation, "a ", lambda: False))
    assert speaker.asked == [conversation]


@pytest.mark.parametrize("conversation", [(), (Turn("user", " "),), (*QUESTION, Turn("assistant", "Yes."))])
def test_a_conversation_without_a_question_is_refused(open_session: Open, conversation: tuple[Turn, ...]) -> None:
    with pytest.raises(PromptError, match="There is no question"):
        list(open_session(ScriptedSpeaker("Yes.")).ask(conversation, "a ", lambda: False))


def test_a_model_that_does_not_answer_refuses(a_volume: Volume) -> None:
    with pytest.raises(PromptError, match="does not answer questions; choose one that does"):
        ask(Session(a_volume, "scan", ToneModel()))
