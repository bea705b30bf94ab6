"""A conversation as tokens to learn from: what is said, which of it the model is to say itself, and where it points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.prompt_tokens import PromptTokens
from MedVLSAM2Lib.prompts import Turn as Said
from MedVLSAM2Lib.training.language.said import Turn
from MedVLSAM2Lib.training.language.surveyed_scans import SurveyedConversation

IGNORED = -100


@dataclass(frozen=True)
class LabelledTokens:
    """Token ids of one text.

    Attributes:
        ids: with a placeholder for each visual token.
        labels: the same, ``IGNORED`` where somebody else speaks.
        segs: where each ``[SEG]`` of the model's own words stands.
    """

    ids: list[int]
    labels: list[int]
    segs: list[int]


class ConversationTokens:
    """Makes tokens of conversations as the language model will be asked."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, config: LanguageConfig, most: int = 900) -> None:
        """``most`` tokens are kept of a conversation: later turns are left out."""
        self._tokenizer, self._most = tokenizer, most
        self._prompts = PromptTokens(tokenizer, config)
        self._config = config

    def reader(self, network: PreTrainedModel) -> LanguageModel:
        """``network`` as it is asked in a session, with the same words; it learns on."""
        return LanguageModel(network, self._tokenizer, self._config)

    @property
    def padding(self) -> int:
        """What fills a batch up; it is never looked at."""
        return int(self._tokenizer.pad_token_id)

    def conversation(self, turns: Sequence[Turn], visual_tokens: int) -> LabelledTokens:
        """All turns one after the other."""
        ids: list[int] = []
        labels: list[int] = []
        said: list[Said] = []
        for turn in turns:
            said.append(Said("user", turn.question))
            asked = self._prompts.ids(said, visual_tokens)
            answered = [*self._prompts.ids(said, visual_tokens, turn.answer.text), int(self._tokenizer.eos_token_id)]
            if len(answered) > self._most and ids:
                break
            # What was said before is in the prompt again, token by token.
            labels += [IGNORED] * (len(asked) - len(labels)) + answered[len(asked) :]
            ids = answered
            said.append(Said("assistant", turn.answer.text))
        seg = self._prompts.seg_id
        segs = [place for place, label in enumerate(labels) if label == seg]
        return LabelledTokens(ids, labels, segs)

    def surveyed(self, one: SurveyedConversation) -> LabelledTokens:
        """A conversation whose questions stand after what was seen."""
        return self.conversation(one.told, 0)

    def caption(self, text: str) -> LabelledTokens:
        """A caption that is only read."""
        ids = [*self._tokenizer(text)["input_ids"], int(self._tokenizer.eos_token_id)]
        return LabelledTokens(ids, [IGNORED] * len(ids), [])

    def padded(self, texts: Sequence[LabelledTokens], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """ids, labels (both int64) and the attention mask (bool) on ``device``, each (B, L), filled up behind."""
        longest = max(len(text.ids) for text in texts)
        ids = torch.full((len(texts), longest), self.padding)
        labels = torch.full((len(texts), longest), IGNORED)
        shown = torch.zeros((len(texts), longest), dtype=torch.bool)
        for row, text in enumerate(texts):
            count = len(text.ids)
            ids[row, :count], labels[row, :count] = torch.tensor(text.ids), torch.tensor(text.labels)
            shown[row, :count] = True
        return ids.to(device), labels.to(device), shown.to(device)
