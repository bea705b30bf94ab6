"""The ``sam2`` package's own video predictor on slices: what the slice-wise mask model is measured against."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from MedVLSAM2Lib.model.slices.config import SliceConfig

_YAML = {(96, (1, 2, 7, 2)): "t", (96, (1, 2, 11, 2)): "s", (112, (2, 3, 16, 3)): "b+", (144, (2, 6, 36, 4)): "l"}
_OBJECT = 1


def sam2_is_installed() -> bool:
    """Whether the ``sam2`` package is there."""
    return importlib.util.find_spec("sam2") is not None


def build_predictor(config: SliceConfig) -> Any:
    """A ``SAM2VideoPredictor`` of the shape of ``config``, with its authors' settings and random weights.

    Its settings for post-processing on a GPU are left out: filling holes needs a CUDA extension.
    """
    from sam2.build_sam import build_sam2_video_predictor

    grid, size = config.grid, config.image_size
    trunk = config.trunk
    overrides = [
        f"++model.image_size={size}",
        f"++model.memory_attention.layer.self_attention.feat_sizes=[{grid},{grid}]",
        f"++model.memory_attention.layer.cross_attention.feat_sizes=[{grid},{grid}]",
        "++model.sam_mask_decoder_extra_args.dynamic_multimask_via_stability=true",
        "++model.sam_mask_decoder_extra_args.dynamic_multimask_stability_delta=0.05",
        "++model.sam_mask_decoder_extra_args.dynamic_multimask_stability_thresh=0.98",
        "++model.binarize_mask_from_pts_for_mem_enc=true",
        # Every slice that is prompted becomes a conditioning slice.
        "++model.add_all_frames_to_correct_as_cond=true",
    ]
    name = f"configs/sam2.1/sam2.1_hiera_{_YAML[trunk.width, trunk.blocks]}.yaml"
    return build_sam2_video_predictor(
        name, None, device="cpu", apply_postprocessing=False, hydra_overrides_extra=overrides
    )


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights that leave no part without effect: the zeros and ones of an untrained model would hide differences."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if weight.ndim >= 2 and weight.shape[0] > 1 and "embed" not in name and "tpos" not in name:
                weight.copy_(0.5 * noise / weight[0].numel() ** 0.5)
            elif name.endswith("norm.weight") or (".norm" in name and name.endswith("weight")) or "gamma" in name:
                weight.copy_(1 + 0.1 * noise)
            else:
                weight.copy_(0.2 * noise)
        # Without this, chance decides whether there is an object at all.
        model.get_parameter("sam_mask_decoder.pred_obj_score_head.layers.2.bias").fill_(3.0)


class Sam2PackageRun:
    """One object in one stack of slices, through the predictor's own methods.

    Args:
        predictor: from ``build_predictor``.
        slices: (N, 3, S, S), normalised. The predictor's own ``init_state`` reads JPEG files or videos; here its state
            is filled with tensors instead, and everything after it is the predictor's.
    """

    def __init__(self, predictor: Any, slices: Tensor) -> None:
        self._predictor = predictor
        self.state: dict[str, Any] = {
            "images": slices,
            "num_frames": len(slices),
            "offload_video_to_cpu": False,
            "offload_state_to_cpu": False,
            "video_height": slices.shape[-2],
            "video_width": slices.shape[-1],
            "device": torch.device("cpu"),
            "storage_device": torch.device("cpu"),
            "cached_features": {},
            "constants": {},
            "obj_id_to_idx": OrderedDict(),
            "obj_idx_to_id": OrderedDict(),
            "obj_ids": [],
        }
        for name in ("point_inputs", "mask_inputs", "output_dict", "temp_output_dict", "frames_tracked"):
            self.state[f"{name}_per_obj"] = {}

    def add_points(self, index: int, points: list[list[float]], labels: list[int], again: bool = False) -> Tensor:
        """Prompt a slice with points (x, y) in pixels; ``again``: further to those it has. Logits (S, S)."""
        _, _, logits = self._predictor.add_new_points_or_box(
            self.state, index, _OBJECT, points, labels, clear_old_points=not again
        )
        return self._plane(logits)

    def add_box(self, index: int, box: list[float]) -> Tensor:
        """Prompt a slice with a box (x, y, x, y) in pixels. Logits (S, S)."""
        return self._plane(self._predictor.add_new_points_or_box(self.state, index, _OBJECT, box=box)[2])

    def add_mask(self, index: int, mask: Tensor) -> Tensor:
        """Give a slice's mask (S, S). Logits (S, S)."""
        return self._plane(self._predictor.add_new_mask(self.state, index, _OBJECT, mask)[2])

    def propagate(self, start: int, reverse: bool) -> Iterator[tuple[int, Tensor]]:
        """Follow the object from a slice to the first or the last one: each slice's index and logits (S, S)."""
        with _quiet():
            for index, _, logits in self._predictor.propagate_in_video(self.state, start, reverse=reverse):
                yield index, self._plane(logits)

    def _plane(self, logits: Tensor) -> Tensor:
        return logits[0, 0]


class _quiet:  # noqa: N801 - read as a word
    """tqdm's bars switched off for as long as the predictor runs."""

    def __enter__(self) -> None:
        self._module: types.ModuleType = sys.modules["sam2.sam2_video_predictor"]
        self._tqdm = self._module.__dict__["tqdm"]
        self._module.__dict__["tqdm"] = lambda iterable, **_: iterable

    def __exit__(self, *_: object) -> None:
        self._module.__dict__["tqdm"] = self._tqdm
