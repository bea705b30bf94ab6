"""The keys that work while the module is open, for Qt and for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key.

    Attributes:
        sequence: as QKeySequence reads it.
        shown: as people read it.
        action: what the section calls.
        does: what happens, in a few words.
    """

    sequence: str
    shown: str
    action: str
    does: str


KEY_MAP = (
    Key("1", "1", "positive_point", "point on the object"),
    Key("2", "2", "negative_point", "point beside it"),
    Key("3", "3", "box", "box: drag it on one slice, or click two corners"),
    Key("4", "4", "scribble", "scribble: drag, or click and Enter"),
    Key("5", "5", "lasso", "lasso: drag, or click and Enter"),
    Key("X", "X", "polarity", "what follows is not the object, or is"),
    Key("Return", "Enter", "finish", "end a clicked stroke or outline"),
    Key("W", "W", "wait", "prompts wait until G, or no longer"),
    Key("G", "G", "go", "segment with the prompts that wait"),
    Key("Z", "Z", "undo", "undo a prompt"),
    Key("Shift+Z", "Shift+Z", "redo", "redo it"),
    Key("[", "[", "smaller", "smaller answer to a first prompt"),
    Key("]", "]", "larger", "larger answer"),
    Key("C", "C", "before", "outline before the last prompt, or no longer"),
    Key("N", "N", "new_segment", "new segment"),
    Key("M", "M", "count_lesions", "each click starts a new lesion, or no longer"),
    Key("Escape", "Esc", "escape", "cancel, or put the tool down"),
    Key("?", "?", "help", "show or hide these keys"),
)


REPORT_KEYS = (
    Key("Alt+Up", "Alt+↑", "move_up", "sentence before the one above"),
    Key("Alt+Down", "Alt+↓", "move_down", "sentence after the one below"),
    Key("F2", "F2", "edit", "type over the sentence; Enter ends it"),
    Key("Delete", "Del", "delete", "take the sentence out, or put it back"),
)
"""While a sentence of the report is chosen."""

_TYPING = (
    ("Enter", "find the phrase, ask the question, add the sentence"),
    ("Esc", "cancel what is being answered; leave a sentence as it was"),
)


_KEY_PX = 58


def key_map_as_html() -> str:
    """All keys as a table of two columns."""
    anywhere, report = (((key.shown, key.does) for key in keys) for keys in (KEY_MAP, REPORT_KEYS))
    parts = (("", anywhere), ("While you type, the keys above rest", _TYPING), ("In the report", report))
    rows = (row for title, keys in parts for row in (_heading(title), *(_row(*key) for key in keys)))
    return f"<table cellspacing='2' width='100%'>{''.join(rows)}</table>"


def _heading(title: str) -> str:
    return f"<tr><td colspan='2'><i>{title}</i></td></tr>" if title else ""


def _row(shown: str, does: str) -> str:
    return f"<tr><td width='{_KEY_PX}'><b>{shown}</b></td><td>{does}</td></tr>"
