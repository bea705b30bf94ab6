"""What a found segment is called and coded as."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from MedVLSAM2Lib.panel.phrase_naming import PhraseNaming, structure_names
from MedVLSAM2Lib.results import FoundObject
from MedVLSAM2Lib.vocabulary import Vocabulary

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


@pytest.fixture
def a_naming(a_slicer: OffscreenSlicer) -> PhraseNaming:
    import slicer

    return PhraseNaming(Vocabulary.read(), slicer.modules.terminologies.logic())


@pytest.mark.parametrize(
    ("phrase", "count", "name"),
    [
        ("liver", 1, "liver"),
        ("renal cysts", 1, "renal cysts"),
        ("renal cysts", 3, "renal cyst 2"),
        ("all the renal cysts", 3, "renal cyst 2"),
        ("Renal cyst", 3, "Renal cyst 2"),
        ("left ribs", 12, "left rib 2"),
        ("kidneys", 2, "kidney 2"),
        ("bright spots", 2, "bright spots 2"),
        ("all renal cysts above 1 cm", 3, "renal cyst 2"),
        ("liver larger than 10 cm", 1, "liver"),
    ],
)
def test_names_are_the_phrase_numbered_in_the_singular(
    a_naming: PhraseNaming, phrase: str, count: int, name: str
) -> None:
    assert a_naming.name(FoundObject("x", phrase, min(2, count), count)) == name


@pytest.mark.parametrize(
    ("phrase", "meaning"),
    [
        ("liver", "Liver"),
        ("hepatic cysts", "Cyst"),
        ("left kidney", "Kidney, Left"),
        ("kidneys", "Kidney"),
        ("all renal cysts", "Cyst"),
        ("what nobody has a word for", "Tissue"),
        ("gallstone", "Tissue"),
    ],
)
def test_entries_say_what_is_known_and_no_more(a_naming: PhraseNaming, phrase: str, meaning: str) -> None:
    assert a_naming.entry(phrase).name == meaning


def test_structures_are_listed_by_kind_with_both_sides_together() -> None:
    names = structure_names(Vocabulary.read())
    assert set(names) == {"organ", "vessel", "bone", "muscle", "tissue", "finding"}
    organs = names["organ"]
    assert abs(organs.index("left kidney") - organs.index("right kidney")) == 1
