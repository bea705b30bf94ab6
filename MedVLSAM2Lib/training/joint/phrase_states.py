"""Phrases read for their seg states, as a session reads them: without the volume."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.learning.mixed_precision import mixed_precision


def phrase_states(network: JointNetwork, tokens: ConversationTokens, phrases: Sequence[str], bfloat16: bool) -> Tensor:
    """(len(phrases), width of the language model) float32; gradients reach the language model."""
    with mixed_precision(network.device, bfloat16):
        return tokens.reader(network.language_model).seg_states(None, phrases).float()
