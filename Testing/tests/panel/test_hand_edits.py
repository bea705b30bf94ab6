"""What was done to segments by others, told apart from what this module wrote."""

from __future__ import annotations

import time
from typing import Any

import pytest

from MedVLSAM2Lib.panel.hand_edits import HandEdits
from MedVLSAM2Lib.scene.audit_trail import AuditEntry
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation
from tests.panel.reader import paint

ONE, OTHER, LARGER = ((slice(low, low + 4), slice(2, 6), slice(2, high)) for low, high in ((2, 6), (10, 6), (10, 9)))


def compared(hands: HandEdits, node: Any) -> None:
    hands.look(node)
    deadline = time.monotonic() + 30
    while hands.is_busy and time.monotonic() < deadline:
        hands.take()


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_write_of_ours_is_no_edit_of_the_segments_that_are_stored_with_it(a_ct: Any, is_ours: bool) -> None:
    told: list[AuditEntry] = []
    node = create_segmentation(a_ct)
    one, other = create_segment(node, "one"), create_segment(node, "other")
    paint(node, one, a_ct, ONE)
    paint(node, other, a_ct, OTHER)
    node.GetSegmentation().CollapseBinaryLabelmaps(True)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    hands = HandEdits(told.append)
    # Nothing of it is compared yet when the next write comes.
    hands.look(node)
    paint(node, other, a_ct, LARGER)
    if is_ours:
        hands.expect(node, other)
    compared(hands, node)
    hands.close()
    assert bool(told) is not is_ours
