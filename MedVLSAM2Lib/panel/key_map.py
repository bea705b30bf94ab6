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
    Key("Z", "Z", "undo", "undo a prompt"),
    Key("Shift+Z", "Shift+Z", "redo", "redo it"),
    Key("[", "[", "smaller", "smaller answer to a first prompt"),
    Key("]", "]", "larger", "larger answer"),
    Key("N", "N", "new_segment", "new segment"),
    Key("M", "M", "count_lesions", "each click starts a new lesion, or no longer"),
    Key("Escape", "Esc", "escape", "cancel, or put the tool down"),
    Key("?", "?", "help", "show or hide these keys"),
)


def key_map_as_html() -> str:
    """The keys as a table of two columns."""
    rows = "".join(f"<tr><td><b>{key.shown}</b>&nbsp;&nbsp;</td><td>{key.does}</td></tr>" for key in KEY_MAP)
    return f"<table cellspacing='2'>{rows}</table>"
