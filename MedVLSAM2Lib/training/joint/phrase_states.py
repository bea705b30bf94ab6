"""Phrases read for their seg states, as a session reads them: without the volume."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.network import JointNetwork


def phrase_states(network: JointNetwork, tokens: ConversationTokens, phrases: Sequence[str], bfloat16: bool) -> Tensor:
    """(len(phrases), width of the language model) float32; gradients reach the language model."""
    if not phrases:
        return torch.empty(0)
    texts = [tokens.phrase(phrase) for phrase in phrases]
    ids, _, shown = tokens.padded(texts)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        read = network.language_model(
            input_ids=ids, attention_mask=shown.long(), use_cache=False, output_hidden_states=True, logits_to_keep=1
        )
    places = torch.tensor([text.segs[-1] for text in texts])
    states = read.hidden_states[network.asked.seg_layer]
    return torch.as_tensor(states[torch.arange(len(texts)), places]).float()
