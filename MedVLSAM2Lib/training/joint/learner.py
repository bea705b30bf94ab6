"""The losses of one part of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.patches.network import token_direction
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.conversation_tokens import IGNORED, ConversationTokens, LabelledTokens
from MedVLSAM2Lib.training.joint.example import JointBatch, ScanExample, Worded
from MedVLSAM2Lib.training.joint.meanings import Meaning
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.phrase_states import phrase_states
from MedVLSAM2Lib.training.language.surveyed_scans import SurveyedConversation
from MedVLSAM2Lib.training.learning.mixed_precision import mixed_precision
from MedVLSAM2Lib.training.learning.rounds import Rounds, RoundsResult

# Processes that hold a language model in parts compute its layers together: none may read phrases where another has none.
UNHEARD = "nothing"


@dataclass(frozen=True)
class Measured:
    """What came of a part: the loss, with a gradient until it is detached, and numbers for the log."""

    loss: Tensor
    numbers: dict[str, float]

    def detached(self) -> Measured:
        """The numbers without the graph."""
        return Measured(self.loss.detach(), self.numbers)


@dataclass(frozen=True)
class _Read:
    """Conversations as the language model read them: hidden states (B, L, width), logits and labels (B, L)."""

    states: Tensor
    logits: Tensor
    labels: Tensor
    texts: Sequence[LabelledTokens]


class Learner:
    """Asks the network about a part of a batch and says how wrong it was."""

    def __init__(self, config: JointConfig, tokens: ConversationTokens, before: JointNetwork | None = None) -> None:
        """``before`` is the network as the stage began with it, for what is to be kept."""
        self._config, self._tokens, self._before = config, tokens, before
        self._clicks = Rounds(config.rounds, config.quality_weight, config.bfloat16)
        self._words = Rounds(config.word_rounds, config.quality_weight, config.bfloat16, config.word_corrections)

    def measure(self, network: JointNetwork, part: JointBatch, rng: np.random.Generator) -> Measured:
        """The weighted loss of a part, and each of its terms by name."""
        weights, losses = self._config.weights, []
        numbers: dict[str, float] = {}
        if part.scans and (weights.language or weights.alignment or weights.words):
            losses.append(self._of_scans(network, part.scans, numbers, rng))
        if part.clicks and weights.clicks:
            result = self._clicks.run(network.mask_model, part.clicks, self._clicks.draw_count(rng), rng)
            losses.append(weights.clicks * result.loss)
            numbers |= {"click_dice": float(result.dice[-1].mean()), "click_loss": float(result.loss.detach())}
        if part.meanings and weights.meaning:
            meaning = self._meaning_loss(network, part.meanings)
            numbers["meaning_loss"] = float(meaning.detach())
            losses.append(weights.meaning * meaning)
        if part.meanings and weights.keeping:
            moved = self._moved(network, [meaning.phrase for meaning in part.meanings])
            numbers["moved"] = float(moved.detach())
            losses.append(weights.keeping * moved)
        if part.surveyed and weights.survey:
            survey = self._survey_loss(network, part.surveyed)
            numbers["survey_loss"] = float(survey.detach())
            losses.append(weights.survey * survey)
        return Measured(torch.stack(losses).sum(), numbers)

    def _of_scans(
        self, network: JointNetwork, scans: Sequence[ScanExample], numbers: dict[str, float], rng: np.random.Generator
    ) -> Tensor:
        weights = self._config.weights
        losses = []
        read = None
        visual = (
            self._visual(network, scans)
            if weights.language or weights.alignment
            else torch.empty(0, device=network.device)
        )
        if weights.language:
            read = self._read(network, scans, visual)
            language = _next_token_loss(read)
            numbers["language_loss"] = float(language.detach())
            losses.append(weights.language * language)
        if weights.alignment:
            alignment = self._alignment_loss(network, scans, visual)
            numbers["alignment_loss"] = float(alignment.detach())
            losses.append(weights.alignment * alignment)
        if weights.words and not any(scan.worded for scan in scans):
            losses.append(self._unheard(network))
        elif weights.words:
            result = self._masks_of_words(network, scans, read, rng)
            numbers |= {"word_dice": float(result.dice[-1].mean()), "word_loss": float(result.loss.detach())}
            losses.append(weights.words * result.loss)
        return torch.stack(losses).sum()

    def _visual(self, network: JointNetwork, scans: Sequence[ScanExample]) -> Tensor:
        volumes = torch.from_numpy(np.stack([scan.volume for scan in scans])).to(network.device).float() / 255
        with mixed_precision(network.device, self._config.bfloat16):
            return network.visual_tokens(volumes)

    def _read(self, network: JointNetwork, scans: Sequence[ScanExample], visual: Tensor) -> _Read:
        texts = [self._tokens.conversation(scan.turns, visual.shape[1]) for scan in scans]
        ids, labels, shown = self._tokens.padded(texts, network.device)
        with mixed_precision(network.device, self._config.bfloat16):
            embedded = self._tokens.reader(network.language_model).embed(ids, visual)
            read = network.language_model(
                inputs_embeds=embedded, attention_mask=shown.long(), use_cache=False, output_hidden_states=True
            )
        return _Read(read.hidden_states[network.asked.seg_layer].float(), read.logits, labels, texts)

    def _masks_of_words(
        self, network: JointNetwork, scans: Sequence[ScanExample], read: _Read | None, rng: np.random.Generator
    ) -> RoundsResult:
        pairs = [(row, worded) for row, scan in enumerate(scans) for worded in scan.worded]
        kept = [(row, worded) for row, worded in pairs if worded.phrase is not None or _stands(read, row, worded)]
        spoken = [worded.phrase for _, worded in kept if worded.phrase is not None] or [UNHEARD]
        phrases = phrase_states(network, self._tokens, spoken, self._config.bfloat16)
        states, taken = [], 0
        for row, worded in kept:
            if worded.phrase is not None:
                states.append(phrases[taken])
                taken += 1
            elif read is not None and worded.seg is not None:
                states.append(read.states[row, read.texts[row].segs[worded.seg]])
        tokens = network.seg_projector(torch.stack(states))[:, None]
        examples = [worded.views for _, worded in kept]
        return self._words.run(network.listener, examples, self._words.draw_count(rng), rng, tokens)

    def _unheard(self, network: JointNetwork) -> Tensor:
        """Nothing, for which the language model is asked as for anything else."""
        return 0 * phrase_states(network, self._tokens, [UNHEARD], self._config.bfloat16).sum()

    def _meaning_loss(self, network: JointNetwork, meanings: Sequence[Meaning]) -> Tensor:
        """Cross-entropy of what seg tokens say of each term and side, summed over them."""
        phrases = [meaning.phrase for meaning in meanings]
        tokens = self._seg_tokens(network, phrases)
        true = torch.from_numpy(np.stack([meaning.names for meaning in meanings])).to(network.device)
        said = network.meaning(token_direction(tokens))
        return functional.binary_cross_entropy_with_logits(said, true, reduction="none").sum(1).mean()

    def _moved(self, network: JointNetwork, phrases: Sequence[str]) -> Tensor:
        """How far seg tokens lie from those at the beginning: squared distances in units of those tokens, their mean."""
        if self._before is None:
            raise ValueError("What is to be kept needs the network as it was before.")
        with torch.no_grad():
            kept = self._seg_tokens(self._before, phrases)
        now = self._seg_tokens(network, phrases)
        return ((now - kept).square().sum(1) / kept.square().sum(1)).mean()

    def _seg_tokens(self, network: JointNetwork, phrases: Sequence[str]) -> Tensor:
        return network.seg_projector(phrase_states(network, self._tokens, phrases, self._config.bfloat16))

    def _survey_loss(self, network: JointNetwork, surveyed: Sequence[SurveyedConversation]) -> Tensor:
        """Next-token loss of answers to questions that stand after a survey."""
        ids, labels, shown = self._tokens.padded([self._tokens.surveyed(one) for one in surveyed], network.device)
        with mixed_precision(network.device, self._config.bfloat16):
            read = network.language_model.base_model(input_ids=ids, attention_mask=shown.long(), use_cache=False)
            is_said = labels[:, 1:] != IGNORED
            # A survey is long and its answers are short: only they are spelled out.
            logits = network.language_model.get_output_embeddings()(read.last_hidden_state[:, :-1][is_said])
        return functional.cross_entropy(logits.float(), labels[:, 1:][is_said])

    def _alignment_loss(self, network: JointNetwork, scans: Sequence[ScanExample], visual: Tensor) -> Tensor:
        """Sigmoid contrastive loss (SigLIP, arXiv 2303.15343) of volumes and their captions."""
        texts = [self._tokens.caption(scan.caption) for scan in scans]
        ids, _, shown = self._tokens.padded(texts, network.device)
        read = network.language_model.base_model(input_ids=ids, attention_mask=shown.long(), use_cache=False)
        last = torch.tensor([len(text.ids) - 1 for text in texts], device=network.device)
        said = network.alignment["text"](
            read.last_hidden_state[torch.arange(len(texts), device=network.device), last].float()
        )
        seen = network.alignment["volume"](visual.float().mean(dim=1))
        scale, bias = network.alignment_scale
        alike = functional.normalize(seen, dim=1) @ functional.normalize(said, dim=1).T * scale.exp() + bias
        signs = 2 * torch.eye(len(texts), device=network.device) - 1
        return -functional.logsigmoid(signs * alike).sum() / len(texts)


def _stands(read: _Read | None, row: int, worded: Worded) -> bool:
    """Whether the ``[SEG]`` was not left out with the end of a long conversation."""
    return read is not None and worded.seg is not None and worded.seg < len(read.texts[row].segs)


def _next_token_loss(read: _Read) -> Tensor:
    labels = read.labels[:, 1:].reshape(-1)
    return functional.cross_entropy(read.logits[:, :-1].float().reshape(len(labels), -1), labels)
