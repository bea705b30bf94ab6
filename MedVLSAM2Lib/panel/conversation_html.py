"""A conversation as the text view shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from MedVLSAM2Lib.panel.typed_text import in_tooltip
from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus, TextLink
from MedVLSAM2Lib.scene.conversation_node import Exchange

_SCHEME = "evidence:"


@dataclass(frozen=True)
class Colours:
    """Colours as HTML writes them.

    Attributes:
        text: of what is said.
        quiet: of what is not confirmed, and of what is being done.
        link: of words that name segments.
        question: behind questions.
    """

    text: str
    quiet: str
    link: str
    question: str


class ConversationHtml:
    """Writes exchanges as HTML: whatever was typed or generated is text in it, never HTML.

    Args:
        colours: of the theme.
        segment_name: what a segment is called; empty when it is gone, and what spoke of it is then no link.
    """

    def __init__(self, colours: Colours, segment_name: Callable[[str], str]) -> None:
        self._colours = colours
        self._segment_name = segment_name

    def write(self, exchanges: Sequence[Exchange], progress: str = "") -> str:
        """The whole conversation; ``progress`` says what is being done, and stands below it."""
        parts = [self._exchange(number, exchange) for number, exchange in enumerate(exchanges)]
        if progress:
            parts.append(self._quiet(f"{_words(progress)}…"))
        return f"<div style='color:{self._colours.text}; white-space:pre-wrap'>{''.join(parts)}</div>"

    def _exchange(self, number: int, exchange: Exchange) -> str:
        question = _words(exchange.question)
        answer = "".join(self._paragraphs(number, exchange.sentences))
        return (
            "<table width='100%' cellpadding='4' cellspacing='0' style='margin-top:6px'><tr>"
            f"<td bgcolor='{self._colours.question}'><b>{question}</b></td></tr></table>{answer}"
        )

    def _paragraphs(self, exchange: int, sentences: Sequence[AnswerSentence]) -> Iterator[str]:
        """Sentences that are said run on; a word about one that is not stands alone."""
        for status, run in groupby(sentences, key=lambda sentence: sentence.status):
            if status is SentenceStatus.SAID:
                said = " ".join(self._sentence(f"{exchange}/{one.number}", one) for one in run)
                yield f"<p style='margin:4px 4px 2px 4px'>{said}</p>"
            else:
                yield from (self._quiet(f"<i>{_words(one.text)}</i>") for one in run)

    def _sentence(self, place: str, sentence: AnswerSentence) -> str:
        html, end = "", 0
        for number, link in enumerate(sentence.links):
            html += _words(sentence.text[end : link.start])
            html += self._link(f"{_SCHEME}{place}/{number}", sentence.text[link.start : link.end], link)
            end = link.end
        return html + _words(sentence.text[end:])

    def _link(self, address: str, words: str, link: TextLink) -> str:
        names = [name for name in map(self._segment_name, link.object_ids) if name]
        if not names:
            return _words(words)
        listed = ", ".join(names)
        if link.is_measured:
            style, title = (
                f"color:{self._colours.text}; font-weight:bold; text-decoration:none",
                f"measured on {listed}",
            )
        else:
            style, title = f"color:{self._colours.link}", f"show {listed}"
        # Qt reads entities in double quotes only.
        tip = escape(in_tooltip(title))
        return f"<a href='{address}' title=\"{tip}\" style='{style}'>{_words(words)}</a>"

    def _quiet(self, html: str) -> str:
        return f"<p style='margin:2px 4px 2px 4px; color:{self._colours.quiet}'>{html}</p>"


def _words(text: str) -> str:
    """``text`` as words between tags, with its spaces and line ends."""
    return escape(text.replace("\r\n", "\n"))


def link_at(address: str, exchanges: Sequence[Exchange]) -> TextLink | None:
    """The link that an address of the view stands for; None when there is none any more."""
    try:
        exchange, number, link = (int(part) for part in address.removeprefix(_SCHEME).split("/"))
        sentence = next(sentence for sentence in exchanges[exchange].sentences if sentence.number == number)
        return sentence.links[link]
    except (ValueError, IndexError, StopIteration):
        return None
