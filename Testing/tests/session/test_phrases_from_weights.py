"""From the words, through a language model and a mask network that learnt them in the test, to the masks of a session."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.prompts import Phrase, Point, PromptError
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.session.mask_models import LoadedModel, load_mask_model
from MedVLSAM2Lib.session.phrase_reader import ModelPhraseReader
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume, VoxelBox
from tests.model.medvlsam2.opened_files import OpenedFiles
from tests.session.toy_phrases import BRIGHT, CAPABILITIES, DARK, HOLLOW, toy_volume

Open = Callable[[Volume], Session]


@pytest.fixture
def a_loaded_model(a_speaking_checkpoint: Path) -> LoadedModel:
    return load_mask_model(a_speaking_checkpoint)


@pytest.fixture
def open_session(a_loaded_model: LoadedModel) -> Open:
    return lambda volume: Session(volume, "toy", a_loaded_model, grounding=a_loaded_model.grounding)


def dice(session: Session, object_id: str, expected: np.ndarray) -> float:
    mask = session.mask(object_id).unpack(VoxelBox.of_shape(expected.shape))
    return float(2 * (mask & expected).sum() / (mask.sum() + expected.sum()))


@pytest.mark.parametrize("seed", [99, 100])
def test_words_become_the_masks_that_they_name_on_a_volume_never_seen(open_session: Open, seed: int) -> None:
    volume, masks = toy_volume(np.random.default_rng(seed))
    session = open_session(volume)
    for phrase in (BRIGHT, DARK):
        list(session.add_prompts(phrase, [Phrase(phrase)], lambda: False))
        assert dice(session, phrase, masks[phrase]) > 0.6


def test_what_was_never_there_is_not_found(open_session: Open) -> None:
    volume, _ = toy_volume(np.random.default_rng(99))
    with pytest.raises(PromptError, match="No “the hollow ball” was found"):
        list(open_session(volume).add_prompts("object", [Phrase(HOLLOW)], lambda: False))


def test_a_click_on_a_found_object_keeps_the_promise_of_a_click(open_session: Open) -> None:
    volume, masks = toy_volume(np.random.default_rng(99))
    session = open_session(volume)
    list(session.add_prompts("object", [Phrase(BRIGHT)], lambda: False))
    k, j, i = (int(v) for v in np.argwhere(masks[BRIGHT]).mean(axis=0))
    list(session.add_prompts("object", [Point((i, j, k), positive=False)], lambda: False))
    assert not session.mask("object").unpack(VoxelBox.of_shape(volume.shape))[k, j, i]


def test_the_language_model_is_read_for_the_first_phrase_and_not_for_clicks(a_speaking_checkpoint: Path) -> None:
    volume, _ = toy_volume(np.random.default_rng(99))
    watched = OpenedFiles(a_speaking_checkpoint / "language_model")
    loaded = load_mask_model(a_speaking_checkpoint)
    session = Session(volume, "toy", loaded, grounding=loaded.grounding)
    list(session.add_prompts("clicked", [Point((24, 24, 24))], lambda: False))
    assert watched.names() == set()
    watched = OpenedFiles(a_speaking_checkpoint / "language_model")
    list(session.add_prompts("named", [Phrase(BRIGHT)], lambda: False))
    assert "model.safetensors" in watched.names()


def test_a_phrase_that_is_read_without_the_volume_needs_neither_encoder_nor_projector(
    a_speaking_checkpoint: Path, tmp_path: Path
) -> None:
    config = json.loads((a_speaking_checkpoint / "config.json").read_text("utf-8"))
    needed = ("language_model", "seg_projector", "mask_model")
    components = {name: {"path": str(a_speaking_checkpoint / name)} for name in needed}
    alone = {"phrase_sees_volume": False, "components": components, "capabilities": ["click", "phrase"]}
    (tmp_path / "config.json").write_text(json.dumps(config | alone))
    reader = ModelPhraseReader(MedVLSam2Model.from_pretrained(tmp_path))
    read = [
        reader.tokens(toy_volume(np.random.default_rng(seed))[0], "toy", [BRIGHT, DARK], ByteBoundedCache())
        for seed in (1, 2)
    ]
    assert read[0].shape == (2, 12)
    assert np.array_equal(*read)
    assert not np.allclose(read[0][0], read[0][1])


def test_a_checkpoint_says_what_it_was_trained_for(a_loaded_model: LoadedModel, a_speaking_checkpoint: Path) -> None:
    assert a_loaded_model.capabilities == CAPABILITIES
    assert a_loaded_model.identity.startswith("patches:")
    path = a_speaking_checkpoint / "config.json"
    before = path.read_text("utf-8")
    path.write_text(json.dumps(json.loads(before) | {"capabilities": ["click"]}))
    without_words = load_mask_model(a_speaking_checkpoint)
    path.write_text(before)
    assert without_words.grounding is None


@pytest.mark.parametrize("part", ["language_model", "seg_projector", "mask_model"])
def test_a_checkpoint_with_another_part_is_another_checkpoint(
    a_speaking_checkpoint: Path, tmp_path: Path, part: str
) -> None:
    before, other = load_mask_model(a_speaking_checkpoint).identity, tmp_path / "other"
    shutil.copytree(a_speaking_checkpoint, other)
    (other / "MODEL_CARD.md").write_text("# Told in other words")
    assert load_mask_model(other).identity == before
    weights = next((other / part).glob("*.safetensors"))
    tensors = load_file(weights)
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.numel())
    tensors[name].view(-1)[0] += 1
    save_file(tensors, weights, {"format": "pt"})
    assert load_mask_model(other).identity != before


def test_a_composite_locates_with_one_model_and_segments_with_another(
    a_speaking_checkpoint: Path, tmp_path: Path
) -> None:
    """The toy finds the ball; the bundled checkpoint, which knows no words, gets its box and a point in it."""
    config = MedVLSam2Config.from_dict(json.loads((a_speaking_checkpoint / "config.json").read_text("utf-8")))
    parts = {name: ComponentSource(path=str(a_speaking_checkpoint / name)) for name in config.components}
    parts |= {
        "locator": parts["mask_model"],
        "mask_model": ComponentSource(path=str(bundled_checkpoint() / "mask_model")),
    }
    composite = replace(config, components=parts, capabilities=("click", "box", "phrase"))
    (tmp_path / "config.json").write_text(json.dumps(composite.to_dict()))
    loaded = load_mask_model(tmp_path)
    volume, masks = toy_volume(np.random.default_rng(99))
    session = Session(volume, "toy", loaded, grounding=loaded.grounding)
    list(session.add_prompts("object", [Phrase(BRIGHT)], lambda: False))
    assert dice(session, "object", masks[BRIGHT]) > 0.8


def test_a_mask_model_on_its_own_knows_no_words(a_speaking_checkpoint: Path) -> None:
    alone = load_mask_model(a_speaking_checkpoint / "mask_model")
    assert (alone.capabilities, alone.grounding) == (("click",), None)
