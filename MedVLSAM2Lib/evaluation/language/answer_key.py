"""The answer to a closed question in a word or two, read from a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from MedVLSAM2Lib.survey import REGIONS
from MedVLSAM2Lib.training.language.closed_questions import CANNOT_TELL, NOT_FOUND
from MedVLSAM2Lib.training.language.words import NUMBERS, in_the_phase, listed
from MedVLSAM2Lib.training.phantom import Phase
from MedVLSAM2Lib.vocabulary import Kind, Vocabulary

_OUT_OF_VIEW = r"\b(?:out of view|not in view|cannot tell|cannot be seen|does not show)\b"
_ABSENT = r"\babsent\b"
_NOT_FOUND = r"\bnot found\b|\bfound nothing\b"
# By the kind of question, what is looked for in turn: the first pattern that fits says the key.
_PATTERNS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "presence": (
            (CANNOT_TELL, _OUT_OF_VIEW),
            ("no", rf"\bno\b|{_ABSENT}"),
            ("yes", r"^yes\b|\bthere (?:is|are)\b"),
        ),
        "segment": (
            (NOT_FOUND, _NOT_FOUND),
            (CANNOT_TELL, r"\bdo not know\b"),
            ("no", rf"\bno\b|{_ABSENT}|{_OUT_OF_VIEW}"),
        ),
        "in view": (
            (NOT_FOUND, _NOT_FOUND),
            ("absent", _ABSENT),
            ("no", _OUT_OF_VIEW),
            ("in part", r"\bpartly\b|\bin part\b"),
            ("yes", r"^yes\b|\bwholly\b|\ball of\b|\bin view\b"),
        ),
        "exists": ((NOT_FOUND, _NOT_FOUND), ("absent", _ABSENT), (CANNOT_TELL, _OUT_OF_VIEW), ("there", r"\bthere\b")),
        "side": (("both", r"\bboth\b"), ("right", r"\bright\b"), ("left", r"\bleft\b")),
        "larger": (
            ("same", r"\bsame\b|\bno real difference\b|\babout as\b"),
            ("right", r"\bthe right\b(?!\.)|larger one is the right"),
            ("left", r"\bthe left\b(?!\.)|larger one is the left"),
        ),
        "density": (("no", r"^no\b"), ("yes", r"^yes\b")),
    }
)


def answer_key(kind: str, question: str, text: str, vocabulary: Vocabulary) -> str | None:
    """The key of an answer to a question of this kind, in the words of ``Turn.key``; None where none can be read.

    Args:
        kind: as of ``Turn.kind``.
        question: as it was asked.
        text: the answer.
        vocabulary: what can be named.
    """
    low = text.lower().strip()
    if kind == "count":
        return _count(low)
    if kind == "regions":
        return listed([region for region in REGIONS if region in low]) if any(r in low for r in REGIONS) else None
    if kind == "phase":
        return _phase(low)
    if kind == "neighbour":
        return _neighbour(question, text, vocabulary)
    return next((key for key, pattern in _PATTERNS.get(kind, ()) if re.search(pattern, low)), None)


def outcome(key: str | None, expected: str) -> str:
    """``right``, ``wrong``, or ``declined`` for an answer that says that it cannot tell, or that nothing can be read from.

    That something was not found is right of what is out of view and of what is absent: it claims neither.
    """
    if key == expected or (key == NOT_FOUND and expected in ("no", "absent")):
        return "right"
    return "declined" if key in (None, CANNOT_TELL) else "wrong"


def _count(low: str) -> str | None:
    if re.search(_OUT_OF_VIEW, low):
        return CANNOT_TELL
    words = re.findall(rf"\b(?:{'|'.join(NUMBERS)})\b", low)
    if not words:
        return "none" if "absent" in low else None
    return "none" if words[0] == "no" else words[0]


def _phase(low: str) -> str | None:
    if low.startswith(("yes", "no")):
        return low[:3].rstrip(",:. ") if low.startswith("yes") else "no"
    return next((phase.value for phase in Phase if in_the_phase(phase) in low), None)


def _neighbour(question: str, text: str, vocabulary: Vocabulary) -> str | None:
    """The organ of the answer that the question does not speak of."""
    named = [name for name in _organs(text, vocabulary) if name not in _organs(question, vocabulary)]
    return named[0] if named else None


def _organs(text: str, vocabulary: Vocabulary) -> list[str]:
    return [s.name for s in vocabulary.named_in(text) if s.term.kind is not Kind.FINDING]
