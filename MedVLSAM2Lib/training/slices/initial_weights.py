"""Weights to begin with where none were published for the shape: transformers' own are too small to learn from soon."""

from __future__ import annotations

import torch
from torch import nn

from MedVLSAM2Lib.model.slices.network import SliceNetwork

# Of transformers' scale of 1: on a few tokens across, the random Fourier features of places would be white noise.
FREQUENCY = 0.3
SMALL_STD = 0.02


@torch.no_grad()
def begin_anew(network: SliceNetwork) -> None:
    """Draw all weights, in place, from torch's generator.

    Linear layers as Glorot and Bengio (2010) do, convolutions and embeddings as torch does, lone parameters small. The
    places of points and of the image are encoded by the same features, as in the original.
    """
    sam = network.sam
    for module in sam.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Embedding | nn.LayerNorm):
            module.reset_parameters()
    backbone = sam.vision_encoder.backbone
    for lone in (
        backbone.pos_embed,
        backbone.pos_embed_window,
        sam.no_memory_embedding,
        sam.memory_temporal_positional_encoding,
        sam.no_object_pointer,
        sam.occlusion_spatial_embedding_parameter,
    ):
        nn.init.trunc_normal_(lone, std=SMALL_STD)
    places = sam.shared_image_embedding.positional_embedding
    places.normal_(std=FREQUENCY)
    sam.prompt_encoder.shared_embedding.positional_embedding.copy_(places)
