"""SAM 2 weights from the files of their authors (``.pt``, names of the ``sam2`` package) to checkpoints of ours."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import load_weights
from MedVLSAM2Lib.model.slices.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.slices.network import SliceNetwork

CAPABILITIES = ("click", "box", "scribble", "lasso", "prior")

# In this order: a name goes through every rule, and later rules see what earlier ones made of it.
_RENAMED: tuple[tuple[str, str], ...] = (
    # perceptrons: the first and the last layer have names of their own, those between are counted from zero
    (r"(sam_mask_decoder\.transformer\.layers\.\d+\.mlp|trunk\.blocks\.\d+\.mlp)\.layers\.0\.", r"\1.proj_in."),
    (r"(sam_mask_decoder\.transformer\.layers\.\d+\.mlp|trunk\.blocks\.\d+\.mlp)\.layers\.1\.", r"\1.proj_out."),
    (r"(_mlps\.\d+|_head|^obj_ptr_proj)\.layers\.0\.", r"\1.proj_in."),
    (r"(_mlps\.\d+|_head|^obj_ptr_proj)\.layers\.2\.", r"\1.proj_out."),
    (r"(_mlps\.\d+|_head|^obj_ptr_proj)\.layers\.1\.", r"\1.layers.0."),
    # the image encoder
    (r"^image_encoder\.trunk\.patch_embed\.proj\.", "vision_encoder.backbone.patch_embed.projection."),
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    # the prompt encoder
    (
        r"^sam_prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
        "prompt_encoder.shared_embedding.position",
    ),
    (r"^sam_prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"shared_embedding\.position$", "shared_embedding.positional_embedding"),
    # the mask decoder
    (r"^sam_mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^sam_mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^sam_mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
    # the memory
    (r"^memory_encoder\.mask_downsampler\.encoder\.12\.", "memory_encoder.mask_downsampler.final_conv."),
    (r"^memory_encoder\.pix_feat_proj\.", "memory_encoder.feature_projection."),
    (r"^memory_encoder\.out_proj\.", "memory_encoder.projection."),
    (r"^memory_encoder\.fuser\.", "memory_encoder.memory_fuser."),
    (r"\.dwconv\.", ".depthwise_conv."),
    (r"\.pwconv(\d)\.", r".pointwise_conv\1."),
    (r"\.gamma$", ".scale"),
    (r"^maskmem_tpos_enc$", "memory_temporal_positional_encoding"),
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^no_mem_pos_enc$", "no_memory_positional_encoding"),
    (r"^no_obj_ptr$", "no_object_pointer"),
    (r"^no_obj_embed_spatial$", "occlusion_spatial_embedding_parameter"),
    (r"^obj_ptr_proj\.", "object_pointer_proj."),
    (r"^obj_ptr_tpos_proj\.", "temporal_positional_encoding_projection_layer."),
    # everywhere
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.norm(\d?)\.", r".layer_norm\1."),
    (r"(attn|attn_image|_to_image|_to_token)\.out_proj\.", r"\1.o_proj."),
)
_MASK_DOWNSAMPLER = re.compile(r"^memory_encoder\.mask_downsampler\.encoder\.(\d+)\.(\w+)$")
_POINT_EMBEDDINGS = "sam_prompt_encoder.point_embeddings."
_SHARED_POSITION = "prompt_encoder.shared_embedding.positional_embedding"


def read_sam2_file(path: Path) -> dict[str, Tensor]:
    """The state dict in a ``.pt`` file of SAM 2's or MedSAM2's authors; CheckpointError when it holds none.

    Nothing but tensors is read: a file that wants to run code is refused.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"There is no file {path}.") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, zipfile.BadZipFile, ValueError) as error:
        raise CheckpointError(f"{path} is no file of plain weights; copy or download it again.") from error
    weights = content.get("model", content) if isinstance(content, dict) else content
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CheckpointError(f"{path} holds no state dict of a SAM 2 model.")
    return weights


def converted_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A ``sam2`` state dict in transformers' names, ready for ``SliceNetwork.sam``."""
    converted = {_renamed(name): value for name, value in weights.items() if not name.startswith(_POINT_EMBEDDINGS)}
    points = sorted(name for name in weights if name.startswith(_POINT_EMBEDDINGS))
    if points:
        converted["prompt_encoder.point_embed.weight"] = torch.cat([weights[name] for name in points])
    if _SHARED_POSITION in converted:
        # transformers holds this table twice.
        converted["shared_image_embedding.positional_embedding"] = converted[_SHARED_POSITION].clone()
    return converted


def network_from_sam2(weights: Mapping[str, Tensor], config: SliceConfig) -> SliceNetwork:
    """A network of ``config`` with the weights of a ``sam2`` state dict; CheckpointError when they do not fit."""
    network = SliceNetwork(config)
    converted = converted_names(weights)
    expected = network.sam.state_dict()
    for name in sorted(expected.keys() ^ converted.keys()):
        what = "lack" if name in expected else "have an unexpected"
        raise CheckpointError(f"The weights {what} tensor {name}: they are of another model than was chosen.")
    for name, tensor in converted.items():
        if tensor.shape != expected[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(expected[name].shape)}"
            raise CheckpointError(f"Tensor {name} has shape {shapes}: the weights are of another size than was chosen.")
    network.sam.load_state_dict({name: tensor.float() for name, tensor in converted.items()})
    return network.eval()


def convert_sam2_file(path: Path, folder: Path, config: SliceConfig, card: Mapping[str, Any] | None = None) -> None:
    """Write the weights in ``path`` (``.pt``) as a checkpoint into ``folder``.

    Args:
        path: of SAM 2.1's or MedSAM2's authors.
        folder: made if missing.
        config: the shape of the network: one of ``PUBLISHED``, perhaps with another image size or other rules.
        card: further entries of ``config.json``: where the weights come from, their licence.
    """
    network = network_from_sam2(read_sam2_file(path), config)
    save_checkpoint(folder, network, {"capabilities": list(CAPABILITIES), **(card or {})})


def convert_transformers_folder(
    source: Path, folder: Path, config: SliceConfig, card: Mapping[str, Any] | None = None
) -> None:
    """Write the weights of a folder in transformers' format (``Sam2VideoModel``'s names) as a checkpoint into ``folder``.

    The arguments are those of ``convert_sam2_file``; CheckpointError when the weights do not fit.
    """
    network = SliceNetwork(config)
    load_weights(network.sam, source, torch.float32)
    save_checkpoint(folder, network.eval(), {"capabilities": list(CAPABILITIES), **(card or {})})


def _renamed(name: str) -> str:
    found = _MASK_DOWNSAMPLER.match(name)
    if found and int(found[1]) < 12:
        step, part = divmod(int(found[1]), 3)
        return f"memory_encoder.mask_downsampler.layers.{step}.{('conv', 'layer_norm')[part]}.{found[2]}"
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    return name
