"""Memory attention run with less work: exactly what transformers' own forward gives, in fewer steps.

Keys and values of the cross-attention are made of a memory of 64 channels. Values enter the result linearly and the
attention weights add up to one, so the weights are applied to the memory itself, before it is widened to the values'
256 channels. That saves three eighths of the products, and the values are never held.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.slices.weight_constants import no_gradient

# Attention weights are worked out for so many pairs of tokens at a time, so that they stay in a CPU's cache.
_PAIRS_AT_A_TIME = 1_000_000
_TOKENS_AT_A_TIME = 256


def run_memory_attention(
    attention: Any, tokens: Tensor, position: Tensor, memory: Tensor, memory_position: Tensor, pointers: int
) -> Tensor:
    """The slice's tokens, with what is remembered added to them: (B, T, C).

    Args:
        attention: transformers' ``Sam2VideoMemoryAttention``, of one head.
        tokens: (B, T, C), the slice's features.
        position: (T, C), their position embeddings.
        memory: (B, M, 64), the memories one after the other, T tokens each, and the pointers' tokens at the end.
        memory_position: (B, M, 64), their position embeddings.
        pointers: how many tokens at the end are the pointers': they have no place on the slice.
    """
    turn = _rotation(attention, tokens)
    output = tokens + 0.1 * position
    placed = memory + memory_position
    for layer in attention.layers:
        output = output + layer.dropout1(_self_attention(layer.self_attn, layer.layer_norm1(output), turn))
        normed = layer.layer_norm2(output)
        output = output + layer.dropout2(_recall(layer.cross_attn_image, normed, memory, placed, turn, pointers))
        output = output + layer.dropout3(_widened(layer, layer.layer_norm3(output)))
    normed_output: Tensor = attention.layer_norm(output)
    return normed_output


def _widened(layer: Any, tokens: Tensor) -> Tensor:
    """The layer's perceptron, eight times as wide as the tokens in between: a few of them at a time."""
    parts = tokens.split(_TOKENS_AT_A_TIME, dim=1)
    return torch.cat([layer.linear2(layer.dropout(layer.activation(layer.linear1(part)))) for part in parts], dim=1)


def _rotation(attention: Any, tokens: Tensor) -> Tensor:
    """The rotary embedding of every place on the slice as complex numbers: (T, C / 2)."""
    cosine, sine = attention.rotary_emb(tokens, attention.position_ids)
    return torch.complex(cosine[0, :, ::2].float(), sine[0, :, ::2].float())


def _rotated(tokens: Tensor, turn: Tensor) -> Tensor:
    """Tokens (B, n × T, C) with each of the n groups turned by the rotary embedding of its places.

    Where no gradient is asked for, ``tokens`` themselves are turned.
    """
    pairs = torch.view_as_complex(tokens.float().unflatten(-1, (-1, 2)))
    groups = pairs.unflatten(1, (-1, turn.shape[0]))
    groups = groups.mul_(turn) if no_gradient() else groups * turn
    return torch.view_as_real(groups.flatten(1, 2)).flatten(-2).type_as(tokens)


def _self_attention(attention: Any, tokens: Tensor, turn: Tensor) -> Tensor:
    query, key = _rotated(attention.q_proj(tokens), turn), _rotated(attention.k_proj(tokens), turn)
    attended: Tensor = attention.o_proj(_weighted(query, key, attention.v_proj(tokens), attention.scaling))
    return attended


def _recall(attention: Any, tokens: Tensor, memory: Tensor, placed: Tensor, turn: Tensor, pointers: int) -> Tensor:
    query = _rotated(attention.q_proj(tokens), turn)
    key = attention.k_proj(placed)
    on_slices = key.shape[1] - pointers
    turned = _rotated(key[:, :on_slices], turn)
    if not _are_same(turned, key):
        key = torch.cat([turned, key[:, on_slices:]], dim=1)
    recalled = _weighted(query, key, memory, attention.scaling)
    attended: Tensor = attention.o_proj(attention.v_proj(recalled))
    return attended


def _are_same(part: Tensor, tokens: Tensor) -> bool:
    """Whether ``part`` lies in the memory of ``tokens``."""
    return part.untyped_storage().data_ptr() == tokens.untyped_storage().data_ptr()


def _weighted(query: Tensor, key: Tensor, values: Tensor, scale: float) -> Tensor:
    """Attention of one head; values (B, M, D) may have another width than queries (B, T, C) and keys (B, M, C)."""
    across = key.transpose(1, 2)
    rows = max(1, _PAIRS_AT_A_TIME // key.shape[1])
    parts = [functional.softmax(part @ across, dim=-1) @ values for part in (query * scale).split(rows, dim=1)]
    return torch.cat(parts, dim=1)
