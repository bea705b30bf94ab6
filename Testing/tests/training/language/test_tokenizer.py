"""The tokenizer: whatever is written comes back; marks and slots are one token each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from MedVLSAM2Lib.slots import SEG, slot_tokens
from MedVLSAM2Lib.training.__main__ import main
from MedVLSAM2Lib.training.language.source import LanguageSource
from MedVLSAM2Lib.training.language.tokenizer import IMAGE, corpus, train_tokenizer, write_tokenizer
from MedVLSAM2Lib.vocabulary import Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

EXAMPLES = 40


@pytest.fixture(scope="module")
def tokenizer(source: LanguageSource, vocabulary: Vocabulary) -> PreTrainedTokenizerFast:
    return train_tokenizer(corpus(source, vocabulary, EXAMPLES), size=1800)


@given(st.text())
def test_any_text_comes_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.parametrize(
    "text", ["12.5 mm  x\t3", "naïve ▁ ĠĠ", "肝臓 🫁\n\n", "<volume:99> [seg] <volume:1", f"x{SEG}<hu:3>y"]
)
def test_odd_text_comes_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_marks_and_slots_are_one_token_each_and_stay_when_special_ones_are_skipped(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    for token in (SEG, IMAGE, "<|im_start|>", "<|im_end|>", *slot_tokens()):
        assert len(tokenizer(token)["input_ids"]) == 1, token
    text = f"The liver {SEG} measures <volume:1>."
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text
    assert tokenizer.decode(tokenizer(f"{IMAGE}yes<|im_end|>")["input_ids"], skip_special_tokens=True) == "yes"


def test_the_words_of_the_trade_are_short(tokenizer: PreTrainedTokenizerFast) -> None:
    text = "There is a pleural effusion on the right."
    assert len(tokenizer(text)["input_ids"]) <= 12


def test_it_is_the_same_every_time(
    tokenizer: PreTrainedTokenizerFast, source: LanguageSource, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    write_tokenizer(tokenizer, tmp_path / "one")
    write_tokenizer(train_tokenizer(corpus(source, vocabulary, EXAMPLES), size=1800), tmp_path / "other")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_folder_is_read_back_with_its_chat_template(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    write_tokenizer(tokenizer, tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert len(again) == len(tokenizer) <= 1800
    conversation = [{"role": "user", "content": f"{IMAGE}Where is it?"}]
    written = again.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    assert written == "<|im_start|>user\n<image>Where is it?<|im_end|>\n<|im_start|>assistant\n"


def test_one_command_trains_one(tmp_path: Path) -> None:
    assert main(["tokenizer", "--output", str(tmp_path), "--people", "1", "--examples", "8", "--size", "900"]) == 0
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.decode(tokenizer(f"The liver {SEG}.")["input_ids"]) == f"The liver {SEG}."
