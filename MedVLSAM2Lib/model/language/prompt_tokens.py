"""A conversation as the token ids a language model is shown, with placeholders for the visual tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.prompts import Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# The format Qwen2 was trained with; for tokenizers that bring none of their own.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class PromptTokens:
    """Turns conversations into token ids, in the style of its config."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, config: LanguageConfig) -> None:
        self._tokenizer = tokenizer
        self._config = config

    def ids(self, conversation: Sequence[Turn], visual_tokens: int, answer: str = "") -> list[int]:
        """Token ids of the conversation with ``visual_tokens`` placeholders before its first question.

        Args:
            conversation: turns, a question first and last.
            visual_tokens: how many placeholders; 0 for a conversation without a volume.
            answer: the beginning of the reply, which the model is to go on from.
        """
        if not conversation or conversation[-1].role != "user":
            raise ValueError("a conversation must end with a question")
        image = self._config.image_token
        texts = [turn.text.replace(image, "") for turn in conversation]
        if visual_tokens:
            texts[0] = image + texts[0]
        turns = [Turn(turn.role, text) for turn, text in zip(conversation, texts, strict=True)]
        return self._expanded(self._tokenized(turns, answer), visual_tokens)

    def id_of(self, token: str) -> int:
        """The id of one token of the vocabulary."""
        found = self._found(token)
        if found is None:
            raise ValueError(f"the tokenizer has no token {token}")
        return found

    @property
    def missing(self) -> tuple[str, ...]:
        """The tokens that it was to be taught and does not know."""
        taught = (self._config.image_token, self._config.seg_token)
        return tuple(token for token in taught if token is not None and self._found(token) is None)

    def _found(self, token: str) -> int | None:
        found = self._tokenizer.convert_tokens_to_ids(token)
        if not isinstance(found, int) or self._tokenizer.convert_ids_to_tokens(found) != token:
            return None
        return found

    @property
    def image_id(self) -> int:
        """The placeholder's id."""
        return self.id_of(self._config.image_token)

    @property
    def seg_id(self) -> int | None:
        """The id of ``[SEG]``; None if the model was not taught one."""
        return None if self._config.seg_token is None else self.id_of(self._config.seg_token)

    def _tokenized(self, turns: Sequence[Turn], answer: str) -> list[int]:
        if self._config.style == "plain":
            text = " ".join([*(turn.text for turn in turns), *([answer] if answer else [])])
            return list(self._tokenizer(text)["input_ids"])
        written = self._tokenizer.apply_chat_template(
            [{"role": turn.role, "content": turn.text} for turn in turns],
            chat_template=None if self._tokenizer.chat_template else CHAT_TEMPLATE,
            tokenize=False,
            add_generation_prompt=True,
        )
        # A template writes the tokenizer's own first and last tokens itself.
        return list(self._tokenizer(str(written) + answer, add_special_tokens=False)["input_ids"])

    def _expanded(self, ids: list[int], visual_tokens: int) -> list[int]:
        if not visual_tokens:
            return ids
        image = self.image_id
        place = ids.index(image)
        return [*ids[:place], *([image] * visual_tokens), *ids[place + 1 :]]
