"""What a segment is called, and coded as, when it was found by a phrase."""

from __future__ import annotations

from typing import Any

from MedVLSAM2Lib.phrase_size import split_size
from MedVLSAM2Lib.results import FoundObject
from MedVLSAM2Lib.scene.terminology import TISSUE, TerminologyEntry, entry_of_codes, find_entry
from MedVLSAM2Lib.vocabulary import SIDE_CODES, Side, Structure, Vocabulary

_WORDS_BEFORE = ("all the ", "all ", "every ", "each ", "any ", "the ", "both ")


class PhraseNaming:
    """Names and terminology entries from the vocabulary and Slicer's own terminologies.

    Args:
        vocabulary: what is known by name.
        terminologies_logic: Slicer's vtkSlicerTerminologiesModuleLogic.
    """

    def __init__(self, vocabulary: Vocabulary, terminologies_logic: Any) -> None:
        self._vocabulary = vocabulary
        self._logic = terminologies_logic

    def name(self, found: FoundObject) -> str:
        """What the segment is called: the phrase, in the singular and numbered where it names several."""
        if found.count == 1:
            return split_size(found.phrase)[0]
        return f"{self._singular(found.phrase)} {found.number}"

    def entry(self, phrase: str) -> TerminologyEntry:
        """What the object is, as far as it is known; "Tissue" otherwise."""
        meant = self._meant_by(phrase)
        if not meant:
            return find_entry(phrase, self._logic) or TISSUE
        code = meant[0].term.code
        if code is None:
            return find_entry(meant[0].term.name, self._logic) or TISSUE
        # Named without a side, a paired structure's phrase does not say which one it is.
        side = meant[0].side if len(meant) == 1 else None
        modifier = SIDE_CODES[side].value if side else None
        return entry_of_codes(code.scheme, code.value, modifier, self._logic) or TISSUE

    def name_and_entry(self, found: FoundObject) -> tuple[str, TerminologyEntry]:
        """Both."""
        return self.name(found), self.entry(found.phrase)

    def is_part_of_the_body(self, phrase: str) -> bool:
        """Whether it names a structure that is known, and no finding."""
        return self._vocabulary.is_part_of_the_body(_bare(phrase))

    def _singular(self, phrase: str) -> str:
        meant = self._meant_by(phrase)
        if not meant:
            return split_size(phrase)[0]
        term, side = meant[0].term, meant[0].side if len(meant) == 1 else None
        words = _bare(phrase).lower()
        is_plural = words in (term.plural.lower(), f"{side} {term.plural}".lower())
        if not is_plural:
            return _bare(phrase)
        return f"{side} {term.name}" if side and words.startswith(str(side)) else term.name

    def _meant_by(self, phrase: str) -> tuple[Structure, ...]:
        words = _bare(phrase)
        return self._vocabulary.meant_by(words) or self._vocabulary.meant_by(words.removesuffix("s"))


def structure_names(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """What can be ticked in a list, sorted, by the kind of thing it is."""
    names: dict[str, list[str]] = {}
    for structure in vocabulary.structures():
        names.setdefault(structure.term.kind.value, []).append(structure.name)
    return {kind: tuple(sorted(of_kind, key=_without_side)) for kind, of_kind in names.items()}


def _without_side(name: str) -> str:
    first, _, rest = name.partition(" ")
    return f"{rest} {first}" if first in (Side.LEFT, Side.RIGHT) else name


def _bare(phrase: str) -> str:
    phrase, _ = split_size(phrase)
    lower = phrase.lower()
    before = next((words for words in _WORDS_BEFORE if lower.startswith(words)), "")
    return phrase[len(before) :]
