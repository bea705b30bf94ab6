"""A causal language model of the transformers library that is shown visual tokens among its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from MedVLSAM2Lib.model.language.config import PHRASE_PLACE, LanguageConfig
from MedVLSAM2Lib.model.language.conversation import GeneratedPiece, GeneratedSeg, GeneratedText
from MedVLSAM2Lib.model.language.prompt_tokens import PromptTokens
from MedVLSAM2Lib.model.language.text_pieces import TextPieces
from MedVLSAM2Lib.prompts import Turn

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel, PreTrainedTokenizerBase

# Phrases are read together, but not so many that their states crowd the memory.
PHRASES_AT_A_TIME = 8

Choose = Callable[[Tensor], int]


class LanguageModel:
    """Any causal language model, its tokenizer, and how it is asked."""

    def __init__(
        self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: LanguageConfig | None = None
    ) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer
        self.config = config or LanguageConfig()
        self._prompts = PromptTokens(tokenizer, self.config)

    @property
    def missing_tokens(self) -> tuple[str, ...]:
        """The tokens that its tokenizer was to be taught and does not know."""
        return self._prompts.missing

    @property
    def width(self) -> int:
        """The width of its tokens, and so of visual tokens."""
        return int(self.network.get_input_embeddings().weight.shape[1])

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.network.get_input_embeddings().weight.device

    def prompt_ids(self, conversation: Sequence[Turn], visual_tokens: int, answer: str = "") -> list[int]:
        """The conversation's token ids with ``visual_tokens`` placeholders; see ``PromptTokens.ids``."""
        return self._prompts.ids(conversation, visual_tokens, answer)

    def embed(self, ids: Tensor, visual: Tensor | None) -> Tensor:
        """Embeddings of token ids, with visual tokens in the place of their placeholders.

        Args:
            ids: (B, L) with N placeholders in a row, at the same place in each.
            visual: (B, N, width), or None when there is no placeholder.

        Returns:
            (B, L, width).
        """
        embeddings = self.network.get_input_embeddings()(ids)
        if visual is None:
            return torch.as_tensor(embeddings)
        start = 1 if self.config.splice == "after_first" else self._first_placeholder(ids)
        after = embeddings[:, start + visual.shape[1] :]
        return torch.cat([embeddings[:, :start], visual.to(embeddings), after], dim=1)

    def seg_states(self, visual: Tensor | None, phrases: Sequence[str]) -> Tensor:
        """The states at the ``[SEG]`` tokens of phrases about one volume; gradients flow.

        Args:
            visual: (1, N, width), or None.
            phrases: what is to be segmented, one object or group of objects each.

        Returns:
            (len(phrases), width).
        """
        groups = [phrases[n : n + PHRASES_AT_A_TIME] for n in range(0, len(phrases), PHRASES_AT_A_TIME)]
        states = [self._states_of_group(visual, group) for group in groups]
        return torch.cat(states) if states else torch.zeros(0, self.width, device=self.device)

    def generate(
        self,
        visual: Tensor | None,
        conversation: Sequence[Turn],
        cancelled: Callable[[], bool],
        choose: Choose | None = None,
    ) -> Iterator[GeneratedPiece]:
        """Answer the conversation's last question, piece by piece.

        Args:
            visual: (1, N, width), or None.
            conversation: turns, a question first and last.
            cancelled: asked before each token; the answer ends there once it is true.
            choose: picks the next token from logits (vocabulary,); the likeliest one if None.
        """
        ids = self.prompt_ids(conversation, visual.shape[1] if visual is not None else 0)
        pieces = TextPieces(self.tokenizer)
        reader = _Reader(self)
        waits_for_state = False
        given = self.embed(torch.tensor([ids], device=self.device), visual)
        for _ in range(self.config.most_new_tokens):
            if cancelled():
                return
            logits, state = reader.read(given)
            if waits_for_state:
                yield GeneratedSeg(state)
            token = int(logits.argmax()) if choose is None else choose(logits)
            if token in self._ends:
                waits_for_state = False
                break
            is_seg = token == self._prompts.seg_id
            if is_seg and self.config.seg_position == "before":
                yield GeneratedSeg(state)
            waits_for_state = is_seg and self.config.seg_position == "at"
            if text := pieces.push(token):
                yield GeneratedText(text)
            given = self.embed(torch.tensor([[token]], device=self.device), None)
        if waits_for_state:
            yield GeneratedSeg(reader.read(given)[1])
        if text := pieces.rest():
            yield GeneratedText(text)

    @property
    def _ends(self) -> set[int]:
        generation = self.network.generation_config
        ends = generation.eos_token_id if generation is not None else None
        listed = ends if isinstance(ends, list) else [ends]
        return {int(end) for end in (*listed, self.tokenizer.eos_token_id) if end is not None}

    def _first_placeholder(self, ids: Tensor) -> int:
        return ids[0].tolist().index(self._prompts.image_id)

    def _states_of_group(self, visual: Tensor | None, phrases: Sequence[str]) -> Tensor:
        count = visual.shape[1] if visual is not None else 0
        rows = [self._phrase_ids(phrase, count) for phrase in phrases]
        longest = max(len(row) for row in rows)
        # Padded behind, where a causal model does not look.
        padded = torch.tensor([row + row[-1:] * (longest - len(row)) for row in rows], device=self.device)
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        mask = torch.arange(longest, device=self.device) < lengths[:, None]
        shown = self.embed(padded, visual.expand(len(rows), -1, -1) if visual is not None else None)
        read = self.network(
            inputs_embeds=shown,
            attention_mask=mask.long(),
            use_cache=False,
            output_hidden_states=True,
            logits_to_keep=1,
        )
        where = lengths - (1 if self.config.seg_position == "at" else 2)
        states = read.hidden_states[self.config.seg_layer]
        return torch.as_tensor(states[torch.arange(len(rows), device=self.device), where])

    def _phrase_ids(self, phrase: str, visual_tokens: int) -> list[int]:
        seg = self._prompts.seg_id
        if seg is None:
            raise ValueError("this language model has no token for segmentation; its config has seg_token null")
        question = Turn("user", self.config.phrase_question.replace(PHRASE_PLACE, phrase))
        ids = self.prompt_ids([question], visual_tokens, self.config.phrase_answer.replace(PHRASE_PLACE, phrase))
        if seg not in ids:
            raise ValueError(f"{self.config.seg_token} does not come up in the config's phrase_answer")
        last = len(ids) - 1 - ids[::-1].index(seg)
        return ids[: last + 1]


class _Reader:
    """Reads on where it stopped, with what it has read kept in a key-value cache."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._cache: Cache | None = None

    @torch.no_grad()
    def read(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """(1, L, width) in; the next token's logits (vocabulary,) and the last state (1, width) out."""
        read = self._model.network(
            inputs_embeds=embeddings,
            cache=self._cache,
            use_cache=True,
            output_hidden_states=True,
            logits_to_keep=1,
        )
        self._cache = read.cache
        return read.logits[0, -1], read.hidden_states[self._model.config.seg_layer][:, -1]
