"""Tokens into text, piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


class TextPieces:
    """Decodes a growing answer; a character that takes several tokens is held back until it is whole."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._said = ""

    def push(self, token: int) -> str:
        """The text that ``token`` adds; empty while a character is unfinished, and for special tokens."""
        self._ids.append(token)
        text = self._text()
        if text.endswith(_UNFINISHED):
            return ""
        return self._new(text)

    def rest(self) -> str:
        """What is still held back."""
        return self._new(self._text())

    def _text(self) -> str:
        return str(self._tokenizer.decode(self._ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _new(self, text: str) -> str:
        piece, self._said = text[len(self._said) :], text
        if text.endswith("\n"):
            # What was said in earlier lines need not be decoded again with each token.
            self._ids, self._said = [], ""
        return piece
