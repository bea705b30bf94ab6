"""Language models from and to folders, and the tokens that are added to them. The one place that loads transformers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import read_json, reason_of
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.prompt_tokens import CHAT_TEMPLATE
from MedVLSAM2Lib.plain_json import shortened

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_MOST_LAYERS = 1000


def load_language_model(folder: Path, config: LanguageConfig, dtype: torch.dtype | None = None) -> LanguageModel:
    """The causal language model and tokenizer in a folder of the transformers library; nothing is downloaded.

    Weights keep the type they are stored in, or become ``dtype``. No code from the folder is run.

    Raises:
        CheckpointError: the folder holds no usable language model, or transformers is not installed.
    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise CheckpointError(
            "Questions and phrases need the package transformers; install it with pip install 'medvlsam2[models]'."
        ) from error
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"There is no language model in {folder}.")
    _check_size(folder)
    try:
        with _no_progress_bars():
            tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
            network = AutoModelForCausalLM.from_pretrained(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype="auto" if dtype is None else dtype,
            )
    except MemoryError:
        raise
    except Exception as error:  # of a damaged folder transformers says with any kind of error that it is damaged
        raise CheckpointError(f"The language model in {folder} cannot be read: {reason_of(error)}.") from error
    return LanguageModel(network, tokenizer, config)


def _check_size(folder: Path) -> None:
    # A file may say anything, and transformers would build a billion layers before it looks for their weights.
    layers = read_json(folder / "config.json").get("num_hidden_layers", 1)
    if type(layers) is not int or not 0 < layers <= _MOST_LAYERS:
        raise CheckpointError(f"The language model in {folder} cannot have {shortened(layers)} layers; copy it again.")


def save_language_model(folder: Path, model: LanguageModel, largest_shard: int) -> None:
    """Write a language model and its tokenizer as the transformers library does."""
    folder.mkdir(parents=True, exist_ok=True)
    with _no_progress_bars():
        model.network.save_pretrained(str(folder), max_shard_size=largest_shard)
    model.tokenizer.save_pretrained(str(folder))
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)


def add_tokens(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: LanguageConfig) -> None:
    """Teach tokenizer and network the placeholder and the ``[SEG]`` token, and a chat template if there is none.

    New embeddings start as the mean of the others (as Med3DVLM does). An embedding table with room to spare, as
    Qwen2.5's has, is not made smaller.
    """
    from transformers import AddedToken

    before = len(tokenizer)
    names = [name for name in (config.image_token, config.seg_token) if name is not None]
    tokenizer.add_tokens([AddedToken(name, special=True, normalized=False) for name in names], special_tokens=True)
    if tokenizer.chat_template is None:
        tokenizer.chat_template = CHAT_TEMPLATE
    if len(tokenizer) > _table(network.get_input_embeddings()).shape[0]:
        network.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        for layer in (network.get_input_embeddings(), network.get_output_embeddings()):
            _table(layer)[before : len(tokenizer)] = _table(layer)[:before].mean(dim=0)


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """What takes long tells its progress through the engine; transformers would write to the worker's error stream."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _table(layer: object) -> Tensor:
    weight = getattr(layer, "weight", None)
    if not isinstance(weight, Tensor):
        raise TypeError(f"{type(layer).__name__} has no table of embeddings")
    return weight
