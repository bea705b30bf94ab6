"""Text from people and files as widgets show it: as it is written, never as markup, and never wider than the panel."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

import qt

LONGEST_IN_LABEL = 1500
LONGEST_WORD = 28
MOST_TYPED = 1_000_000
"""Characters that a line takes: a longer text is refused in words, where Qt would cut it without one."""

# A line may end behind a stroke of an address anyway.
_LONG_WORD = re.compile(rf"[^\s/]{{{LONGEST_WORD}}}(?=[^\s/])")
_MAY_BREAK = "\N{ZERO WIDTH SPACE}"


def typed(text: str) -> str:
    """What was typed, without what no node of the scene can hold: halves of characters, and the character NUL."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def show_only_plain_text(widgets: Iterable[Any], except_for: Iterable[Any] = ()) -> None:
    """Have the QLabels among ``widgets`` show markup as it is written; those of ``except_for`` show our own HTML.

    Those that wrap take the width that there is, and ask for none.
    """
    own = tuple(except_for)
    for label in (widget for widget in widgets if widget.inherits("QLabel")):
        label.setTextFormat(qt.Qt.RichText if label in own else qt.Qt.PlainText)
        if label.wordWrap:
            policy = label.sizePolicy
            policy.setHorizontalPolicy(qt.QSizePolicy.Ignored)
            label.setSizePolicy(policy)


def in_label(text: str) -> str:
    """``text`` for a QLabel that wraps: the end of a very long one is left out, and long words may break.

    A label is at least as wide as its longest word, and it does not scroll.
    """
    return _LONG_WORD.sub(rf"\g<0>{_MAY_BREAK}", typed(_cut(text, LONGEST_IN_LABEL)))


def in_tooltip(text: str) -> str:
    """``text`` as a tooltip that shows it as it is written: Qt guesses whether a tooltip is markup, and wraps only markup."""
    if not text:
        return ""
    return f"<p style='white-space:pre-wrap'>{escape(in_label(text))}</p>"


def _cut(text: str, most: int) -> str:
    text = text.replace("\r\n", "\n")
    return text if len(text) <= most else f"{text[: most - 1]}…"
