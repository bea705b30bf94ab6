"""The words in a text that name what a mark points at."""

from __future__ import annotations

import re

# Before a name stand punctuation, words that are part of no name, and words about a part or a property of what is named.
_ARTICLE = "an?|the"
_NO_NAME = (
    f"{_ARTICLE}|i|it|they|there|here|this|that|these|those|which|is|are|was|were|be|been|has|have|had|do|does|lies?"
    "|measures?|holds?|contains?|shows?|see|sees|seen|find|finds|found|reach|reaches|means|to|from|by|for|with|without|and"
    "|or|but|than|as|while|in|on|at|into|below|above|beside|behind|near|between|around|about|within|just|only|partly"
    "|wholly|also|its|their|yes|no"
)
_OF_IT = "all|parts?|rest|most|half|view|third|side|midline|course|volumes?|density|size"
_BEFORE_NAME = re.compile(
    rf"(?<![\w-])of (?:{_ARTICLE})(?![\w-])"
    rf"|(?P<ends>[.,;:!?()]|(?<![\w-])(?:(?:{_OF_IT}) of(?: (?:{_ARTICLE}))?|{_NO_NAME})(?![\w-]))",
    re.IGNORECASE,
)
_OF = re.compile(rf"\s*(?:of\s+(?:(?:{_ARTICLE})\s+)?)?", re.IGNORECASE)
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def named_before(text: str, since: int = 0) -> int:
    """Where the words begin that name what a mark at the end of ``text`` points at.

    They go back to ``since`` (the last mark or slot), to punctuation, or to a word that is part of no name: an article, a
    verb, a preposition. "of the" is part of one ("lesion of the liver") unless the word before it is about the whole of
    something ("part of the liver").
    """
    ends = [match.end() for match in _BEFORE_NAME.finditer(text, since) if match["ends"]]
    of = _OF.match(text, ends[-1] if ends else since)
    return of.end() if of else len(text)


def number_in(name: str) -> int | None:
    """How many things a name in the plural counts, "two cysts"; None where it counts none."""
    first = name.split(maxsplit=1)[0].lower() if name.strip() else ""
    return _NUMBERS.index(first) + 2 if first in _NUMBERS else None
