"""Which model is in use, choosing another, and what happens when it is no good."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

ROOT = Path(__file__).resolve().parents[3]


def choose(a_user: User, folder: Path | str) -> None:
    """Choose a checkpoint folder in the panel."""
    a_user.ui.checkpointPath.setCurrentPath(str(folder))


def loaded(a_user: User) -> None:
    a_user.wait(lambda: a_user.panel.model.info is not None)


def test_the_model_row_tells_which_model_is_in_use(a_user: User) -> None:
    assert a_user.ui.modelLabel.text == "stand-in (stand-in stand-in), comes with the extension"


def test_tools_the_model_was_not_trained_for_are_off(a_user: User, make_checkpoint: Callable[..., Path]) -> None:
    choose(a_user, make_checkpoint("clicks", ["click", "box"]))
    loaded(a_user)
    assert a_user.tools() == ["point", "box"]
    assert a_user.reason == "This model was not trained for: scribble, lasso."
    a_user.key("4")
    assert "not trained for the scribble tool" in a_user.says


def test_another_model_goes_on_from_the_segment_as_it_is(
    a_user: User, a_ct: Any, make_checkpoint: Callable[..., Path]
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)
    choose(a_user, make_checkpoint("another"))
    loaded(a_user)
    a_user.prompt(BESIDE)
    assert a_user.mask(a_ct)[before].all()
    assert len(a_user.prompts(a_ct)) == 2
    a_user.press("undo")
    a_user.press("undo")
    assert not a_user.mask(a_ct).any()


def test_the_choice_is_remembered(
    a_slicer: OffscreenSlicer, a_user: User, make_checkpoint: Callable[..., Path]
) -> None:
    another = make_checkpoint("another")
    choose(a_user, another)
    a_slicer.close_modules()
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    assert module.widget.panel.model.folder == another
    assert module.widget.ui.checkpointPath.currentPath == str(another)
    module.widget.ui.bundledModelButton.click()
    assert module.widget.panel.model.is_bundled


def test_a_missing_model_is_one_sentence_and_no_tool(a_user: User, tmp_path: Path) -> None:
    choose(a_user, tmp_path / "nowhere")
    a_user.wait_to_read("There is no model in")
    assert a_user.ui.modelLabel.text == a_user.says == a_user.reason
    assert a_user.tools() == []
    a_user.press("bundledModel")
    loaded(a_user)
    assert a_user.tools() == ["point", "box", "scribble", "lasso"]


@pytest.mark.parametrize(
    ("config", "words"), [(None, "no config.json"), ("{", "cannot be read"), ("[]", "describes no model")]
)
def test_a_folder_that_is_no_checkpoint_is_one_sentence(
    a_user: User, tmp_path: Path, config: str | None, words: str
) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    choose(a_user, tmp_path)
    a_user.wait_to_read(words)
    assert a_user.says.count(". ") == 0
    assert a_user.tools() == []


def damaged(folder: Path, part: str = ".", **changes: Any) -> Path:
    """A copy of the bundled checkpoint, a part's config changed or, without changes, its mask model cut short."""
    shutil.copytree(ROOT / "Resources" / "checkpoints" / "tiny", folder)
    if changes:
        config = folder / part / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), **changes}))
    else:
        weights = folder / "mask_model" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:100_000])
    return folder


def test_damaged_checkpoints_are_refused_by_the_engine_and_the_bundled_one_works(
    a_user_of_the_real_engine: User, a_ct: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    a_user = a_user_of_the_real_engine
    loaded(a_user)
    for folder, words in (
        (damaged(tmp_path / "truncated"), "damaged or incomplete"),
        (damaged(tmp_path / "newer", format_version=99), "version 99"),
        (damaged(tmp_path / "other", "mask_model", architecture="spheres"), "spheres"),
    ):
        choose(a_user, folder)
        a_user.wait_to_read(words)
        assert a_user.reason == a_user.says == a_user.ui.modelLabel.text
        assert any(a_user.says in message for message in caplog.messages)
        assert a_user.tools() == []
    a_user.press("bundledModel")
    loaded(a_user)
    assert a_user.tools() == ["point", "box", "scribble", "lasso"]
    a_user.take("point")
    a_user.prompt(INSIDE)
    assert a_user.mask(a_ct)[20, 25, 30]
    assert np.count_nonzero(a_user.mask(a_ct)) < 40 * 50 * 60
