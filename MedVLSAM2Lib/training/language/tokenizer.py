"""The tokenizer of the bundled size, trained on the language it will hear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from MedVLSAM2Lib.slots import SEG, pieces, slot_tokens
from MedVLSAM2Lib.training.language.grammar import Grammar
from MedVLSAM2Lib.training.language.source import LanguageSource
from MedVLSAM2Lib.vocabulary import Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

IMAGE = "<image>"
"""Stands for the visual tokens."""
TURN_START, TURN_END, PADDING = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
# The form Qwen2 was trained with, so that language models of either size are asked alike.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ROLES = ("user", "assistant", "system")


def train_tokenizer(texts: Iterable[str], size: int = 3000) -> PreTrainedTokenizerFast:
    """Byte-level BPE of at most ``size`` tokens: whatever is written comes back byte for byte.

    ``[SEG]`` and every slot are one token each and stay when special tokens are skipped in decoding; the turn markers and
    ``<image>`` are special. Equal texts in equal order give an equal tokenizer.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = [PADDING, TURN_START, TURN_END, IMAGE]
    words = [SEG, *slot_tokens()]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(words),
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # Marks and slots are cut out: nothing is to be learned from their letters.
    plain = (piece for text in texts for piece in pieces(text) if isinstance(piece, str))
    tokenizer.train_from_iterator(plain, trainer)
    tokenizer.add_tokens([AddedToken(word, normalized=False, special=False) for word in words])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=PADDING,
        additional_special_tokens=[TURN_START, IMAGE],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def corpus(source: LanguageSource, vocabulary: Vocabulary, examples: int, seed: int = 0) -> Iterator[str]:
    """What is said in ``examples`` conversations, and every word that may be asked for."""
    yield from vocabulary.phrases()
    yield from Grammar.read("unanswerable").all_of("questions")
    yield from ROLES
    for number in range(examples):
        for turn in source.draw(np.random.default_rng((seed, number))).turns:
            yield turn.question
            yield turn.answer.text


def write_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Save it as a transformers tokenizer folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(str(folder))
