"""The image encoder's blocks, run with less work: exactly what transformers' own forward gives, in fewer steps.

transformers (as the original) pads every window with zeros and sends the padding through all projections: at 512 pixels
that is 40 % of the tokens of a windowed block of the third stage. Here only real tokens are projected.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# So many tokens go through a windowed block at once: what is made of them on the way stays in a CPU's cache.
_TOKENS_AT_A_TIME = 2048


def run_trunk(backbone: Any, pixels: Tensor, position: Tensor) -> list[Tensor]:
    """The outputs of the four stages, each (B, H, W, C) at strides 4, 8, 16 and 32.

    Args:
        backbone: transformers' ``Sam2HieraDetModel``.
        pixels: (B, 3, S, S), normalised.
        position: the position embeddings of ``position_embedding``, (1, S / 4, S / 4, C).
    """
    tokens = backbone.patch_embed(pixels) + position
    outputs = []
    for index, block in enumerate(backbone.blocks):
        tokens = _run_block(block, tokens)
        if index in backbone.stage_ends:
            outputs.append(tokens)
    return outputs


def position_embedding(backbone: Any, size: int) -> Tensor:
    """The position embeddings (1, size, size, C) of a grid of ``size`` tokens along each edge."""
    embedding: Tensor = backbone._get_pos_embed((size, size))
    return embedding


def _run_block(block: Any, tokens: Tensor) -> Tensor:
    """One block: (B, H, W, C) → (B, H', W', C'); windows do not know of each other, so a few rows of them at a time."""
    if not block.window_size:
        return _run_rows(block, tokens)
    edge, width = block.window_size, tokens.shape[2]
    rows = edge * max(1, _TOKENS_AT_A_TIME // (edge * width))
    return torch.cat([_run_rows(block, part) for part in tokens.split(rows, dim=1)], dim=1)


def _run_rows(block: Any, tokens: Tensor) -> Tensor:
    normed = block.layer_norm1(tokens)
    shortcut = tokens if block.dim == block.dim_out else _pooled(block.proj(normed), block.query_stride)
    tokens = shortcut + _attention(block, normed)
    return tokens + block.mlp(block.layer_norm2(tokens))


def _attention(block: Any, tokens: Tensor) -> Tensor:
    """Attention within windows, or over the whole slice where the window is 0: (B, H, W, C)."""
    attention, heads = block.attn, block.attn.num_attention_heads
    batch, rows, columns, _ = tokens.shape
    edge = block.window_size or max(rows, columns)
    windows = _split(_projected(attention.qkv, tokens, edge), edge)
    query, key, value = windows.chunk(3, dim=-1)
    if block.query_stride:
        query = _pooled(query, block.query_stride)
        rows, columns, edge = (size // block.query_stride[0] for size in (rows, columns, edge))
    query, key, value = (_per_head(part, heads) for part in (query, key, value))
    inside = functional.scaled_dot_product_attention(query, key, value)
    joined = _join(inside.transpose(1, 2).flatten(2).unflatten(1, (edge, edge)), batch, rows, columns)
    projected: Tensor = attention.proj(joined)
    return projected


def _projected(linear: Any, tokens: Tensor, edge: int) -> Tensor:
    """``linear`` of the tokens, padded to whole windows with what it makes of a token of zeros: its bias."""
    below, right = -tokens.shape[1] % edge, -tokens.shape[2] % edge
    if not below and not right:
        projected: Tensor = linear(tokens)
        return projected
    padded = functional.pad(functional.linear(tokens, linear.weight), (0, 0, 0, right, 0, below))
    return padded + linear.bias


def _split(tokens: Tensor, edge: int) -> Tensor:
    """(B, H, W, C) → (windows, edge, edge, C)."""
    batch, rows, columns, width = tokens.shape
    grid = tokens.view(batch, rows // edge, edge, columns // edge, edge, width)
    return grid.transpose(2, 3).reshape(-1, edge, edge, width)


def _join(windows: Tensor, batch: int, rows: int, columns: int) -> Tensor:
    """The reverse of ``_split``, without the padding: (B, rows, columns, C)."""
    edge, width = windows.shape[1], windows.shape[-1]
    down, across = -(-rows // edge), -(-columns // edge)
    grid = windows.view(batch, down, across, edge, edge, width).transpose(2, 3)
    return grid.reshape(batch, down * edge, across * edge, width)[:, :rows, :columns]


def _per_head(tokens: Tensor, heads: int) -> Tensor:
    """(windows, edge, edge, C) → (windows, heads, tokens, C / heads)."""
    return tokens.flatten(1, 2).unflatten(-1, (heads, -1)).transpose(1, 2)


def _pooled(tokens: Tensor, stride: Any) -> Tensor:
    """The largest of each ``stride`` × ``stride`` tokens: (B, H, W, C) at a lower resolution."""
    if not stride:
        return tokens
    pooled = functional.max_pool2d(tokens.permute(0, 3, 1, 2), tuple(stride), tuple(stride))
    return pooled.permute(0, 2, 3, 1)
