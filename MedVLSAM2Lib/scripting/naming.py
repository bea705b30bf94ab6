"""Names in words and their codes."""

from __future__ import annotations

from MedVLSAM2Lib.report import Code, SegmentCode
from MedVLSAM2Lib.report.codes import LESION_CATEGORY
from MedVLSAM2Lib.vocabulary import SIDE_CODES, Kind, Vocabulary
from MedVLSAM2Lib.vocabulary import Code as VocabularyCode

ANATOMY_CATEGORY = Code("123037004", "SCT", "Anatomical Structure")


def segment_code(phrase: str, vocabulary: Vocabulary) -> SegmentCode:
    """What a phrase names, in coded words; *Tissue* where the vocabulary has no code for it."""
    meant = vocabulary.meant_by(phrase)
    coded = meant[0].term.code if meant else None
    if coded is None:
        return SegmentCode()
    category = LESION_CATEGORY if meant[0].term.kind is Kind.FINDING else ANATOMY_CATEGORY
    # Named without a side, a paired structure's phrase does not say which one it is.
    side = meant[0].side if len(meant) == 1 else None
    return SegmentCode(category, _code(coded), _code(SIDE_CODES[side]) if side else None)


def _code(code: VocabularyCode) -> Code:
    return Code(code.value, code.scheme, code.meaning)
