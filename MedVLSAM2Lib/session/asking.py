"""From what a model says to an answer that holds: every sentence checked against the scan before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from MedVLSAM2Lib.prompts import PromptError, Turn
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Event, Progress, SentenceStatus, TextLink
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.evidence import Evidence
from MedVLSAM2Lib.session.grounding import Finding
from MedVLSAM2Lib.session.names import named_before, number_in
from MedVLSAM2Lib.session.sentences import SentenceBuffer, SpokenSentence
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.slots import SEG, Slot, is_sound, pieces, slots_of
from MedVLSAM2Lib.survey import Sight

LONGEST_QUESTION = 4000
# A sign of life for whoever waits, once in so many pieces of an answer.
_PIECES_BETWEEN_NEWS = 8
_OWN_NUMBER = (
    "The model wrote a number of its own, which nothing in this scan was measured for; its sentence is left out."
)
_NUMBER_OF_ANOTHER = "The model gave to one thing the number of another; its sentence is left out."
_SAID_BEFORE = "The model said the same again; it is left out."
_NOT_MEASURED = "The model left room for a value that cannot be measured in this scan; its sentence is left out."


def check_conversation(conversation: Sequence[Turn]) -> None:
    """PromptError unless it ends with a question of a readable length."""
    if not conversation or conversation[-1].role != "user" or not conversation[-1].text.strip():
        raise PromptError("There is no question; type one first.")
    if len(conversation[-1].text) > LONGEST_QUESTION:
        raise PromptError(f"A question has at most {LONGEST_QUESTION} characters; ask in a few sentences.")


def answer_question(
    said: Iterable[str | SegMark],
    evidence: Evidence,
    cancelled: Callable[[], bool],
    otherwise: Callable[[], SpokenSentence | None] = lambda: None,
) -> Iterator[Event]:
    """Sentences, each after the objects that it points at, and an AnswerDone.

    Args:
        said: by the model.
        evidence: in the scan.
        cancelled: asked between two pieces of what is said.
        otherwise: makes what is told where nothing holds that was said.

    Raises:
        Cancelled: ``cancelled()`` became true, between two pieces of what is ``said`` or two looks.
    """
    buffer, teller = SentenceBuffer(), _Teller(evidence)
    yield Progress(0.0, "Reading the scan")
    for count, piece in enumerate(said):
        if count % _PIECES_BETWEEN_NEWS == 0:
            yield Progress(0.0, "Answering")
        for sentence in buffer.push(piece):
            yield from teller.tell(sentence)
        if cancelled():
            raise Cancelled
    if cancelled():
        raise Cancelled
    for sentence in buffer.rest():
        yield from teller.tell(sentence)
    instead = None if teller.has_told else otherwise()
    if instead is not None:
        yield from teller.tell(instead)
    yield AnswerDone(buffer.raw)


class _Teller:
    """Tells one answer, sentence by sentence: each that holds, and why one does not, once in a row."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._number = 0
        self._told: set[str] = set()
        self._last_doubt = ""

    @property
    def has_told(self) -> bool:
        """Whether any sentence held."""
        return bool(self._told)

    def tell(self, sentence: SpokenSentence) -> Iterator[Event]:
        """The sentence's objects and the sentence, or the word about why it does not hold."""
        evidence, first = self._evidence, self._evidence.marks + 1
        findings: list[list[Finding]] = [[] for _ in sentence.marks]
        doubt = self._doubt(sentence)
        if doubt is None:
            findings = [evidence.look(tokens) for tokens in sentence.marks]
            doubt = _not_seen(sentence.raw, [len(found) for found in findings])
        for found in findings:
            yield from evidence.take_up([] if doubt else found)
        written = None if doubt else _written(sentence.raw, first, self._number, evidence)
        if written is not None:
            self._told.add(_without_numbers(sentence.raw))
            self._last_doubt = ""
            yield written
        elif (why := doubt or _NOT_MEASURED) != self._last_doubt:
            self._last_doubt = why
            yield AnswerSentence(self._number, why, status=SentenceStatus.UNCONFIRMED)
        else:
            return
        self._number += 1

    def _doubt(self, sentence: SpokenSentence) -> str | None:
        """Why a sentence cannot hold, whatever its marks point at."""
        doubt = _unsound(sentence, self._evidence) or _repeated(sentence.raw, self._told)
        at_odds = _claimed if sentence.marks else _denied
        return doubt or at_odds(sentence.raw, self._evidence)


def _unsound(sentence: SpokenSentence, evidence: Evidence) -> str | None:
    """One sentence about a number of the model's own, or one that belongs to something else; None if there is none."""
    if not is_sound(SEG * evidence.marks + sentence.raw):
        return _OWN_NUMBER
    # Beside what a sentence points at, a number measured on something else would be read as that one's.
    own = range(evidence.marks + 1, evidence.marks + len(sentence.marks) + 1)
    if sentence.marks and any(slot.number not in own for slot in slots_of(sentence.raw)):
        return _NUMBER_OF_ANOTHER
    return None


def _repeated(raw: str, told: set[str]) -> str | None:
    """A small model may not find an end: what it says again is not told again."""
    names = [name for name in _names(raw) if name]
    again = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if again is not None:
        return f"The model spoke of “{again}” twice in one sentence, which is left out."
    return _SAID_BEFORE if _without_numbers(raw) in told else None


def _without_numbers(raw: str) -> str:
    """A sentence whose marks and slots are not counted."""
    return "".join(
        f"<{piece.measure}>" if isinstance(piece, Slot) else SEG if isinstance(piece, int) else piece
        for piece in pieces(raw)
    )


def _denied(raw: str, evidence: Evidence) -> str | None:
    """What is seen is spoken of with a mark, or denied; one sentence about the first structure that is denied wrongly."""
    seen = next((s for s in evidence.sights_among(raw) if s.sight is not Sight.NOT_FOUND), None)
    if seen is None:
        return None
    return f"The model denied “{seen.structure.name}”, which was seen in this scan; its sentence is left out."


def _claimed(raw: str, evidence: Evidence) -> str | None:
    """A closer look at what a survey did not find, or at a part of the body that is out of view, shows something else."""
    for name in _names(raw):
        if any(sighting.sight is Sight.NOT_FOUND for sighting in evidence.sights_among(name)):
            return f"The model spoke of “{name}”, which is not in view in this scan; its sentence is left out."
    return None


def _not_seen(raw: str, counts: Sequence[int]) -> str | None:
    """One sentence about the first mark that does not hold; None if all do."""
    for name, count in zip(_names(raw), counts, strict=True):
        if not count:
            return f"The model spoke of “{name or 'something'}”, but no voxels of this scan show it."
        counted = number_in(name)
        if counted is not None and counted != count:
            return f"The model spoke of “{name}”, but {count} {'was' if count == 1 else 'were'} found in this scan."
    return None


def _names(raw: str) -> Iterator[str]:
    """The words before each mark."""
    text, since = "", 0
    for piece in pieces(raw):
        if isinstance(piece, str):
            text += piece
        elif isinstance(piece, Slot):
            since = len(text)
        else:
            yield text.rstrip()[named_before(text.rstrip(), since) :]
            since = len(text)


def _written(raw: str, first: int, number: int, evidence: Evidence) -> AnswerSentence | None:
    """The sentence with its values and links; None where a value cannot be measured.

    Args:
        raw: with marks and slots.
        first: the number of its first mark in the answer.
        number: its own.
        evidence: holds what its marks point at.
    """
    text, links = "", list[TextLink]()
    for piece in pieces(raw):
        since = links[-1].end if links else 0
        if isinstance(piece, str):
            text += piece
            continue
        if isinstance(piece, Slot):
            value = evidence.value(piece.measure, piece.number)
            if value is None:
                return None
            start, text, mark = len(text), text + value, piece.number
        else:
            text = text.rstrip()
            start, mark = named_before(text, since), first + piece - 1
        if start < len(text):
            links.append(TextLink(start, len(text), evidence.object_ids(mark), isinstance(piece, Slot)))
    return AnswerSentence(number, text, tuple(links))
