"""Nothing in the library runs what it was given: no pickle, no eval, no shell, no code from a checkpoint."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("MedVLSAM2Lib", "MedVLSAM2", "Testing/harness")
UNPICKLERS = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
NAMES_AN_ERROR_OF_PICKLE = "MedVLSAM2Lib/model/converters/sam2.py"
LOADS_LANGUAGE_MODELS = "MedVLSAM2Lib/model/language/loading.py"
SERVERS = {"socketserver", "http.server", "xmlrpc", "multiprocessing.managers", "asyncio", "ftplib", "telnetlib"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__", "execfile"}
RUNS_A_SHELL = {"system", "popen", "getoutput", "getstatusoutput"}
UNPACKS = {"extractall", "unpack_archive", "mktemp"}


def _files() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for place in PLACES for path in (ROOT / place).rglob("*.py"))


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def _calls(file: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Each call: what is called in full, its last name, and the call."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Call):
            whole = ast.unparse(node.func)
            yield whole, whole.rpartition(".")[2], node


def _given(call: ast.Call, name: str) -> object:
    """What a call gives for a keyword, if that stands there in so many words."""
    (value,) = [word.value for word in call.keywords if word.arg == name] or [None]
    return value.value if isinstance(value, ast.Constant) else value


def _imported(file: str) -> Iterator[str]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", _files())
def test_a_file_runs_nothing_that_it_was_given(file: str) -> None:
    for whole, name, call in _calls(file):
        where = f"{file}:{call.lineno}: {whole}"
        assert whole not in RUNS_TEXT, where
        assert not (name in RUNS_A_SHELL and whole.startswith(("os.", "subprocess."))), where
        assert name not in UNPACKS, where
        assert _given(call, "shell") in (None, False), where
        assert _given(call, "trust_remote_code") in (None, False), where
        assert _given(call, "allow_pickle") in (None, False), where
        assert not (whole.startswith("yaml.") and name != "safe_load"), where
        if whole == "torch.load":
            assert _given(call, "weights_only") is True, where
        if name == "from_pretrained" and whole.startswith("Auto"):
            assert _given(call, "local_files_only") is True, where
            assert _given(call, "trust_remote_code") is False, where


@pytest.mark.parametrize("file", _files())
def test_a_file_can_neither_unpickle_nor_serve(file: str) -> None:
    for module in _imported(file):
        assert module not in SERVERS, f"{file} imports {module}"
        if module.partition(".")[0] in UNPICKLERS:
            assert file == NAMES_AN_ERROR_OF_PICKLE, f"{file} imports {module}"
    if file == NAMES_AN_ERROR_OF_PICKLE:
        attributes = [node for node in ast.walk(_tree(file)) if isinstance(node, ast.Attribute)]
        used = {node.attr for node in attributes if ast.unparse(node.value) == "pickle"}
        assert used == {"UnpicklingError"}


def test_language_models_are_read_from_safetensors_alone() -> None:
    loads = [
        call for whole, _, call in _calls(LOADS_LANGUAGE_MODELS) if whole == "AutoModelForCausalLM.from_pretrained"
    ]
    assert [_given(call, "use_safetensors") for call in loads] == [True]


def test_only_the_catalogue_knows_a_network() -> None:
    network = {"socket", "ssl", "http", "httpx", "httpx2", "requests", "aiohttp", "huggingface_hub", "websockets"}
    for file in (file for file in _files() if file.startswith("MedVLSAM2")):
        asks = {module.partition(".")[0] for module in _imported(file)} & network
        asks |= {"urllib.request"} & set(_imported(file))
        assert not asks or file.startswith("MedVLSAM2Lib/catalogue/"), f"{file} imports {asks}"
