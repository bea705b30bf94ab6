"""The whole model: on disk and back, part by part, and from a volume and words to masks and words."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.language.conversation import GeneratedText
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.medvlsam2.component_owner import ComponentOwner
from MedVLSAM2Lib.model.medvlsam2.config import COMPONENTS, ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.model import CapabilityError, MedVLSam2Model
from MedVLSAM2Lib.model.volume_input.prepare import prepare
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.volume import Modality, Volume

from .opened_files import OpenedFiles

PARTS = COMPONENTS[:5]


def network_of(model: MedVLSam2Model, name: str) -> nn.Module:
    part = model.component(name)
    network = part.network if isinstance(part, LanguageModel | MaskComponent) else part
    assert isinstance(network, nn.Module)
    return network


def assert_same(one: nn.Module, other: nn.Module) -> None:
    theirs = other.state_dict()
    assert theirs.keys() == one.state_dict().keys()
    for name, tensor in one.state_dict().items():
        assert torch.equal(theirs[name], tensor), name
        assert theirs[name].dtype == tensor.dtype, name


def some_views() -> tuple[Tensor, Tensor]:
    torch.manual_seed(5)
    return torch.rand(2, 8, 16, 16, 16), torch.full((2, 3), 80.0)


@pytest.mark.parametrize("largest_shard", [10**9, 2000])
def test_every_part_comes_back_bit_for_bit(a_model: MedVLSam2Model, tmp_path: Path, largest_shard: int) -> None:
    a_model.save_pretrained(tmp_path / "saved", largest_shard)
    loaded = MedVLSam2Model.from_pretrained(tmp_path / "saved")
    assert loaded.config == a_model.config
    for name in PARTS:
        assert_same(network_of(a_model, name), network_of(loaded, name))
    assert loaded.mask_model.capabilities == ("click",)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes; the tokenizer's are left out: transformers writes down how it was loaded."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("tokenizer")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_saving_what_was_loaded_changes_no_byte(a_checkpoint: Path, tmp_path: Path) -> None:
    MedVLSam2Model.from_pretrained(a_checkpoint).save_pretrained(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(a_checkpoint)


def test_a_checkpoint_is_laid_out_as_agreed(a_checkpoint: Path) -> None:
    config = json.loads((a_checkpoint / "config.json").read_text("utf-8"))
    assert config["model_type"] == "medvlsam2"
    assert config["components"] == {name: {"path": name} for name in PARTS}
    assert (
        (a_checkpoint / "MODEL_CARD.md").read_text("utf-8").startswith("# small\n\n## What it can do\n\nclick, phrase")
    )
    for name in PARTS:
        assert (a_checkpoint / name / "config.json").is_file()
        assert (a_checkpoint / name / "model.safetensors").is_file()
    assert json.loads((a_checkpoint / "mask_model" / "config.json").read_text("utf-8"))["architecture"] == "patches"


def test_half_precision_comes_back_bit_for_bit(a_model: MedVLSam2Model, tmp_path: Path) -> None:
    a_model.projector.half()
    a_model.language_model.network.to(torch.bfloat16)
    a_model.save_pretrained(tmp_path / "half")
    loaded = MedVLSam2Model.from_pretrained(tmp_path / "half")
    assert_same(a_model.projector, loaded.projector)
    assert_same(a_model.language_model.network, loaded.language_model.network)


def test_clicking_opens_no_file_of_any_other_part(a_checkpoint: Path) -> None:
    others = [name for name in PARTS if name != "mask_model"]
    watched = OpenedFiles(*(a_checkpoint / name for name in others))
    own = OpenedFiles(a_checkpoint / "mask_model")
    MedVLSam2Model.from_pretrained(a_checkpoint, components=("mask_model",))
    assert own.names() == {"config.json", "model.safetensors"}
    assert watched.names() == set()


def test_clicking_works_where_the_other_parts_are_missing(a_checkpoint: Path) -> None:
    for name in PARTS[:4]:
        shutil.rmtree(a_checkpoint / name)
    model = MedVLSam2Model.from_pretrained(a_checkpoint, components=("mask_model",))
    assert model.mask_model.network(*some_views())[0].shape == (2, 1, 16, 16, 16)
    with pytest.raises(CheckpointError, match="There is no language model in"):
        model.seg_states(None, ["liver"])


def test_clicking_does_not_load_the_language_library(a_checkpoint: Path) -> None:
    program = (
        "import sys\nfrom MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model\n"
        f"MedVLSam2Model.from_pretrained({str(a_checkpoint)!r}, components=('mask_model',))\n"
        "sys.exit('transformers' if 'transformers' in sys.modules else None)"
    )
    root = Path(__file__).parents[4]
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_what_is_in_memory_is_not_read_again(a_checkpoint: Path) -> None:
    owner = ComponentOwner()
    first = MedVLSam2Model.from_pretrained(a_checkpoint, PARTS, owner=owner)
    watched = OpenedFiles(*(a_checkpoint / name for name in PARTS))
    second = MedVLSam2Model.from_pretrained(a_checkpoint, PARTS, owner=owner)
    assert watched.names() == set()
    for name in PARTS:
        assert first.component(name) is second.component(name)


def test_another_precision_or_a_changed_file_is_another_part(a_checkpoint: Path, a_model: MedVLSam2Model) -> None:
    owner = ComponentOwner()
    first = MedVLSam2Model.from_pretrained(a_checkpoint, owner=owner).projector
    assert MedVLSam2Model.from_pretrained(a_checkpoint, owner=owner).projector is first
    half = MedVLSam2Model.from_pretrained(a_checkpoint, owner=owner, dtype=torch.bfloat16).projector
    assert half is not first
    nn.init.ones_(a_model.projector.low[0].token_norm.bias)
    a_model.save_pretrained(a_checkpoint)
    changed = MedVLSam2Model.from_pretrained(a_checkpoint, owner=owner).projector
    assert changed.low[0].token_norm.bias.sum() == 6


def test_what_nobody_uses_any_more_is_not_kept(a_checkpoint: Path) -> None:
    owner = ComponentOwner()
    kept = weakref.ref(MedVLSam2Model.from_pretrained(a_checkpoint, owner=owner).projector)
    gc.collect()
    assert kept() is None


def test_parts_can_come_from_several_places(
    a_checkpoint: Path, a_model: MedVLSam2Model, clicks_only: MedVLSam2Config, tmp_path: Path
) -> None:
    class ACache:
        def folder(self, source: ComponentSource) -> Path:
            assert source == ComponentSource(repo_id="somebody/masks", revision="1f3a", subfolder="mask_model")
            return a_checkpoint / source.subfolder

    components = {
        **{name: ComponentSource(path=f"../small/{name}") for name in PARTS[:4]},
        "mask_model": ComponentSource(repo_id="somebody/masks", revision="1f3a", subfolder="mask_model"),
        "locator": ComponentSource(path="../small/mask_model"),
    }
    composite = replace(a_model.config, components=components)
    folder = tmp_path / "composite"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(composite.to_dict()))
    model = MedVLSam2Model.from_pretrained(folder, resolver=ACache())
    for name in PARTS:
        assert_same(network_of(a_model, name), network_of(model, name))
    assert model.locator is not model.mask_model

    model.save_pretrained(tmp_path / "elsewhere")
    saved = MedVLSam2Model.from_pretrained(tmp_path / "elsewhere", resolver=ACache())
    assert saved.config.components["mask_model"] == components["mask_model"]
    assert Path(saved.config.components["projector"].path) == a_checkpoint.resolve() / "projector"
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["MODEL_CARD.md", "config.json"]


def test_a_part_in_a_repository_that_is_not_here_is_said_so(a_checkpoint: Path, a_model: MedVLSam2Model) -> None:
    source = ComponentSource(repo_id="somebody/masks")
    config = replace(a_model.config, components={**a_model.config.components, "mask_model": source})
    (a_checkpoint / "config.json").write_text(json.dumps(config.to_dict()))
    with pytest.raises(CheckpointError, match=r"repository somebody/masks, which is not on this machine; download it"):
        MedVLSam2Model.from_pretrained(a_checkpoint, components=("mask_model",))


def test_what_was_not_trained_is_not_offered(a_model: MedVLSam2Model, clicks_only: MedVLSam2Config) -> None:
    model = MedVLSam2Model(clicks_only, {"mask_model": a_model.mask_model})
    assert model.offers("click")
    assert not model.offers("phrase")
    with pytest.raises(CapabilityError, match=r"small was not trained to find what words name \(it was for: click\)"):
        model.seg_states(None, ["liver"])
    with pytest.raises(CapabilityError, match="was not trained to answer questions"):
        model.generate(None, [Turn("user", "Why?")], lambda: False)


def test_a_volume_and_a_phrase_become_a_mask(a_model: MedVLSam2Model) -> None:
    array = np.random.default_rng(0).integers(-1000, 400, (20, 30, 40)).astype(np.int16)
    volume = Volume(array, np.diag([-1.0, -1.0, 2.0, 1.0]), Modality.CT)
    shown = torch.from_numpy(prepare(volume, a_model.config.volume_input))[None]
    visual = a_model.encode_volume(shown)
    assert visual.shape == (1, 6, 32)
    states = a_model.seg_states(visual, ["the left kidney", "the liver"])
    logits, quality = a_model.segment(states[:, None], *some_views())
    assert logits.shape == (2, 1, 16, 16, 16)
    assert quality.shape == (2,)
    one, other = (a_model.segment(state.expand(2, 1, -1), *some_views())[0] for state in states[:, None])
    assert not torch.equal(one, other)


def test_the_configs_scales_are_the_projectors(a_model: MedVLSam2Model) -> None:
    torch.manual_seed(2)
    shown = torch.rand(1, 3, 16, 32, 32)
    scales = a_model.volume_encoder(shown)
    assert torch.equal(a_model.encode_volume(shown), a_model.projector(scales[1], scales[2]))


def test_a_gradient_reaches_state_and_volume_through_the_mask(a_model: MedVLSam2Model) -> None:
    shown = torch.rand(1, 3, 16, 32, 32, requires_grad=True)
    states = a_model.seg_states(a_model.encode_volume(shown), ["liver"])
    states.retain_grad()
    channels, sizes = some_views()
    logits, _ = a_model.segment(states[:, None], channels[:1], sizes[:1])
    logits.sigmoid().mean().backward()
    assert states.grad is not None
    assert states.grad.abs().max() > 0
    assert shown.grad is not None
    assert shown.grad.abs().max() > 0


def test_a_question_is_answered(a_model: MedVLSam2Model) -> None:
    visual = a_model.encode_volume(torch.rand(1, 3, 16, 32, 32))
    pieces = list(a_model.generate(visual, [Turn("user", "Is there an effusion?")], lambda: False))
    assert all(isinstance(piece, GeneratedText) for piece in pieces)
    assert pieces


def test_another_type_of_checkpoint_is_refused(a_checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match="is of the type None, not medvlsam2"):
        MedVLSam2Model.from_pretrained(a_checkpoint / "mask_model")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format_version": 9}, "format version 9, this MedVLSAM2 reads version 1"),
        ({"components": {"ears": {"path": "ears"}}}, "describes no usable model: unknown components ears"),
        ({"components": {"mask_model": {}}}, "either a path or a repo_id"),
        ({"components": 5}, "describes no usable model"),
        (
            {"capabilities": ["report"], "components": {"mask_model": {"path": "m"}}},
            "capability report needs volume_enc",
        ),
        (
            {"phrase_sees_volume": False, "components": {"mask_model": {"path": "m"}}},
            "capability phrase needs language_model, seg_projector",
        ),
    ],
)
def test_a_config_without_sense_is_refused(a_checkpoint: Path, values: dict[str, object], said: str) -> None:
    path = a_checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))
    with pytest.raises(CheckpointError, match=said):
        MedVLSam2Model.from_pretrained(a_checkpoint)


def test_a_damaged_part_is_named(a_checkpoint: Path) -> None:
    path = a_checkpoint / "projector" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="damaged or incomplete; copy or download it again"):
        MedVLSam2Model.from_pretrained(a_checkpoint, ("projector",))


def test_a_mask_model_of_an_unknown_kind_is_refused(a_checkpoint: Path) -> None:
    path = a_checkpoint / "mask_model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"architecture": "blobs"}))
    with pytest.raises(CheckpointError, match="of the kind 'blobs', which this MedVLSAM2 does not know"):
        MedVLSam2Model.from_pretrained(a_checkpoint, ("mask_model",))
