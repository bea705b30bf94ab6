"""From a slice network's config to transformers' own."""

from __future__ import annotations

import torch
from transformers import Sam2VideoConfig, Sam2VideoModel

from MedVLSAM2Lib.model.slices.config import STRIDE, SliceConfig


def sam2_video_config(config: SliceConfig) -> Sam2VideoConfig:
    """transformers' config of the network; the image size has to be told to five of its parts."""
    trunk, size, grid = config.trunk, config.image_size, config.grid
    widths = [trunk.width * 2**stage for stage in range(4)]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "image_size": [size, size],
        "hidden_size": trunk.width,
        "num_attention_heads": trunk.heads,
        "blocks_per_stage": list(trunk.blocks),
        "embed_dim_per_stage": widths,
        "num_attention_heads_per_stage": [trunk.heads * 2**stage for stage in range(4)],
        "window_size_per_stage": list(trunk.windows),
        "global_attention_blocks": list(trunk.global_blocks),
        "window_positional_embedding_background_size": [trunk.background] * 2,
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": widths[::-1],
        "backbone_feature_sizes": [[4 * grid] * 2, [2 * grid] * 2, [grid] * 2],
        "fpn_hidden_size": config.width,
    }
    return Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"image_size": size, "patch_size": STRIDE, "hidden_size": config.width},
        mask_decoder_config={"hidden_size": config.width, "iou_head_hidden_dim": config.width},
        image_size=size,
        max_cond_frame_num=config.rules.most_conditioning,
        memory_attention_hidden_size=config.width,
        memory_attention_rope_feat_sizes=[grid, grid],
        memory_encoder_hidden_size=config.width,
        mask_downsampler_embed_dim=config.width,
        memory_fuser_embed_dim=config.width,
        memory_fuser_intermediate_dim=4 * config.width,
    )


def build_sam2_video(config: SliceConfig) -> Sam2VideoModel:
    """The network with random weights."""
    return Sam2VideoModel(sam2_video_config(config))


def build_empty_sam2_video(config: SliceConfig) -> Sam2VideoModel:
    """The network on the meta device: no time and no memory go into weights that are about to be replaced."""
    with torch.device("meta"):
        return build_sam2_video(config)


def fill_constants(sam: Sam2VideoModel) -> None:
    """Give a network that was built empty the tables that no file holds: where memory attention's tokens lie."""
    attention = sam.memory_attention
    frequencies, _ = attention.rotary_emb.compute_axial_rope_parameters(sam.config)
    for name in ("inv_freq", "original_inv_freq"):
        attention.rotary_emb.register_buffer(name, frequencies.clone(), persistent=False)
    attention.register_buffer("position_ids", attention.precompute_positions(sam.config), persistent=False)
