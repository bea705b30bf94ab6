"""Text with marks that point at voxels and with slots for measured numbers."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.slots import MOST_SEGS, SEG, Measure, Slot, filled, is_sound, pieces, slot_tokens, slots_of

TEXT = f"The liver {SEG} has a volume of <volume:1>, the cyst {SEG} measures <diameter:2> by <perpendicular:2>."


def test_slots_are_found_in_order() -> None:
    assert slots_of(TEXT) == (Slot(Measure.VOLUME, 1), Slot(Measure.DIAMETER, 2), Slot(Measure.PERPENDICULAR, 2))


def test_a_text_falls_into_pieces_that_make_it_up_again() -> None:
    found = list(pieces(TEXT))
    assert [piece for piece in found if isinstance(piece, int)] == [1, 2]
    assert "".join(SEG if isinstance(piece, int) else str(piece) for piece in found) == TEXT


def test_measured_values_take_the_place_of_slots() -> None:
    text = filled(TEXT, lambda slot: "1480 ml" if slot == Slot(Measure.VOLUME, 1) else "12 mm")
    assert text == f"The liver {SEG} has a volume of 1480 ml, the cyst {SEG} measures 12 mm by 12 mm."


@pytest.mark.parametrize(
    "text", [f"The cyst {SEG} measures 12 mm.", f"The cyst {SEG} measures <diameter:2>.", "It measures <volume:1>."]
)
def test_a_digit_or_a_slot_without_its_mark_is_unsound(text: str) -> None:
    assert not is_sound(text)
    assert is_sound(TEXT)


def test_every_slot_has_its_token() -> None:
    tokens = slot_tokens()
    assert len(tokens) == len(set(tokens)) == len(Measure) * MOST_SEGS
    assert all(slots_of(token) and str(slots_of(token)[0]) == token for token in tokens)
