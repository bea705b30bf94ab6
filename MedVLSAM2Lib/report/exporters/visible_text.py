"""Text that shows what it holds: nothing invisible in it moves or hides the rest."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\u200d\u200c")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """``text`` with control, direction-changing and unassigned characters as their code points (``<U+202E>``).

    Line ends are kept, and so are joiners, which some scripts need to be spelled right.
    """
    plain = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(_shown(character) for character in plain)


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"<U+{ord(character):04X}>"
