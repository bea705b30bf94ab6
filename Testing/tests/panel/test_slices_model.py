"""The panel with a SAM 2.1 tiny of random weights and the real worker: the road, not what the weights have learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

pytest.importorskip("transformers")

from MedVLSAM2Lib.model.slices.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.published import PUBLISHED

if TYPE_CHECKING:
    from tests.panel.user import User

INSIDE, ABOVE = (0.0, 0.0, 0.0), (10.0, 10.0, 0.0)


@pytest.fixture(scope="module")
def a_tiny_sam2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SAM 2.1 tiny in its published shape, shown slices of 128 pixels; it always sees an object, and follows one answer."""
    published = PUBLISHED["sam2.1-tiny"]
    torch.manual_seed(0)
    network = SliceNetwork(replace(published, image_size=128, rules=replace(published.rules, candidates=1)))
    torch.nn.init.constant_(network.sam.mask_decoder.pred_obj_score_head.proj_out.bias, 5.0)
    folder = tmp_path_factory.mktemp("weights") / "sam2.1-tiny"
    save_checkpoint(folder, network, {"name": "SAM 2.1 tiny", "capabilities": ["click", "box", "prior"]})
    return folder


@pytest.fixture
def a_user(a_user_of_the_real_engine: User, a_tiny_sam2: Path) -> User:
    """Somebody who has chosen that folder, with the point tool in hand."""
    user = a_user_of_the_real_engine
    user.ui.checkpointPath.setCurrentPath(str(a_tiny_sam2))
    user.wait(lambda: user.panel.model.info is not None and user.panel.model.folder == a_tiny_sam2)
    user.take("point")
    return user


def test_a_click_is_followed_through_the_scan_and_undone(a_user: User, a_ct: Any) -> None:
    assert a_user.ui.modelLabel.text.startswith("SAM 2.1 tiny (slices), ")
    assert a_user.tools() == ["point", "box"]
    a_user.prompt(INSIDE)
    assert "is segmented" in a_user.says
    mask = a_user.mask(a_ct)
    assert mask[20, 25, 30]
    assert np.count_nonzero(mask.any(axis=(1, 2))) > 1
    a_user.press("undo")
    assert not a_user.mask(a_ct).any()


def test_a_cancel_while_the_object_is_followed_gives_back_the_mask(a_user: User, a_ct: Any) -> None:
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)
    a_user.click(ABOVE)
    a_user.wait(lambda: a_user.panel.segmenter.progress > 0)
    a_user.press("cancel")
    a_user.wait()
    assert a_user.says == "Cancelled; everything is as it was."
    assert np.array_equal(a_user.mask(a_ct), before)
    a_user.prompt(ABOVE)
    assert a_user.mask(a_ct)[20, 20, 25]
