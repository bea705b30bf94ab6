"""Who may import whom: panel → scene → engine client → prompts, results, volume; engine worker → session → model → volume."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = "MedVLSAM2Lib"
SLICER = {"slicer", "vtk", "vtkmodules", "qt", "ctk"}
LOADED_BY_SLICER = (
    "MedVLSAM2",
    "panel",
    "scene",
    "engine",
    "report",
    "files",
    "prompts",
    "results",
    "volume",
    "sample_data",
    "catalogue",
    "environment",
    "memory",
    "bundled_checkpoint",
    "learning_start",
    "plain_json",
    "shown_paths",
    "slots",
    "vocabulary",
    "phrase_size",
)
AT_THE_TOP_IN_SLICER = {"numpy", "SimpleITK", *SLICER}
WORKER = ("engine/worker.py", "engine/workbench.py")


@dataclass(frozen=True)
class Layer:
    """What a layer may import beside itself and the standard library: layers below it, and packages."""

    layers: frozenset[str]
    packages: frozenset[str]


def _may(layers: str, packages: str) -> Layer:
    return Layer(frozenset(layers.split()), frozenset(packages.split()))


LAYERS: dict[str, Layer] = {
    "volume": _may("", "numpy"),
    "prompts": _may("volume", "numpy"),
    "results": _may("volume", "numpy"),
    "bundled_checkpoint": _may("", ""),
    "catalogue": _may("bundled_checkpoint files plain_json", "huggingface_hub httpx2 filelock"),
    "slots": _may("", ""),
    "learning_start": _may("plain_json", ""),
    "plain_json": _may("", ""),
    "shown_paths": _may("", ""),
    "memory": _may("plain_json", ""),
    "environment": _may("catalogue plain_json", ""),
    "vocabulary": _may("", ""),
    "phrase_size": _may("", ""),
    "survey": _may("vocabulary", ""),
    "sample_data": _may("scene training", "slicer"),
    "files": _may("volume", "numpy SimpleITK"),
    "model": _may("prompts volume memory plain_json", "numpy scipy torch safetensors transformers"),
    "session": _may(
        "model report prompts results volume catalogue slots survey vocabulary phrase_size plain_json",
        "numpy scipy torch",
    ),
    "report": _may("volume files slots", "numpy SimpleITK pydicom highdicom"),
    "engine": _may("prompts results volume plain_json bundled_checkpoint shown_paths", "numpy"),
    "scene": _may("engine report prompts results volume plain_json", "numpy SimpleITK slicer vtk vtkmodules"),
    "panel": _may(
        "scene engine report prompts results volume files bundled_checkpoint catalogue environment memory vocabulary "
        "learning_start phrase_size plain_json shown_paths",
        "numpy slicer vtk qt ctk",
    ),
    "training": _may(
        "learning_start model session report prompts results volume files slots vocabulary survey",
        "numpy scipy torch safetensors SimpleITK pydicom tokenizers transformers accelerate peft",
    ),
    "evaluation": _may(
        "model session engine scene training report prompts results volume files bundled_checkpoint vocabulary survey",
        "numpy scipy torch skimage sacrebleu rouge_score nltk sam2 SimpleITK slicer vtk",
    ),
    "scripting": _may(
        "model session engine report prompts results volume files bundled_checkpoint vocabulary phrase_size", "numpy"
    ),
    "commands": _may(
        "scene scripting model session engine report training evaluation prompts results volume files bundled_checkpoint "
        "catalogue environment vocabulary",
        "numpy SimpleITK torch slicer vtk qt harness",
    ),
    "cli": _may("commands", ""),
    "__init__": _may("scripting", ""),
}
WORKER_LAYER = _may("session model prompts results volume catalogue bundled_checkpoint", "numpy")


@dataclass(frozen=True)
class Import:
    """An import of ``module``; ``at_top`` unless it waits inside a function or is for the type checker only."""

    module: str
    at_top: bool
    for_types: bool

    @property
    def package(self) -> str:
        return self.module.split(".")[0]

    @property
    def layer(self) -> str:
        parts = self.module.split(".")
        return parts[1] if len(parts) > 1 else "__init__"


def _files() -> list[str]:
    return sorted(path.relative_to(ROOT / LIBRARY).as_posix() for path in (ROOT / LIBRARY).rglob("*.py"))


def _layer_of(file: str) -> str:
    return file.split("/", maxsplit=1)[0].removesuffix(".py")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _imports(path: Path) -> Iterator[Import]:
    tree = _tree(path)
    for_types = {inner for node in tree.body if _is_type_checking(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: name modules in full"
            modules = [node.module or ""]
            if node.module == LIBRARY:
                modules = [f"{LIBRARY}.{name.name}" for name in node.names if not name.name.startswith("__")]
        else:
            continue
        for module in modules:
            yield Import(module, at_top=node in tree.body, for_types=node in for_types)


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("file", _files())
def test_a_file_imports_only_what_its_layer_may(file: str) -> None:
    name = _layer_of(file)
    layer = WORKER_LAYER if file in WORKER else LAYERS[name]
    for found in _imports(ROOT / LIBRARY / file):
        if found.package == LIBRARY:
            assert found.layer in {name, "__init__", *layer.layers}, f"{file} reaches up to {found.module}"
        elif found.package not in sys.stdlib_module_names:
            assert found.package in layer.packages, f"{file} must not know {found.package}"


def _files_loaded_by_slicer() -> list[str]:
    library = [f"{LIBRARY}/{f}" for f in _files() if _layer_of(f) in LOADED_BY_SLICER and f not in WORKER]
    return [*library, *(p.relative_to(ROOT).as_posix() for p in (ROOT / "MedVLSAM2").glob("*.py"))]


@pytest.mark.parametrize("file", _files_loaded_by_slicer())
def test_what_slicer_loads_needs_only_what_slicer_has(file: str) -> None:
    for found in _imports(ROOT / file):
        if not found.at_top or found.package in sys.stdlib_module_names:
            continue
        if found.package == LIBRARY:
            assert found.layer in {*LOADED_BY_SLICER, "__init__"}, f"{file} imports {found.module} at its top"
        else:
            assert found.package in AT_THE_TOP_IN_SLICER, f"{file} imports {found.module} at its top"


def _python_files() -> list[str]:
    roots = (ROOT / LIBRARY, ROOT / "MedVLSAM2", ROOT / "Testing" / "harness")
    return sorted(path.relative_to(ROOT).as_posix() for root in roots for path in root.rglob("*.py"))


def test_only_the_file_that_loads_language_models_imports_transformers_and_only_when_it_does() -> None:
    for file in (file for file in _files() if file.startswith("model/language/")):
        for found in _imports(ROOT / LIBRARY / file):
            if found.package == "transformers" and not found.for_types:
                assert file == "model/language/loading.py"
                assert not found.at_top, f"{file} imports transformers at its top"


@pytest.mark.parametrize("file", _python_files())
def test_importing_a_file_runs_nothing(file: str) -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign)
    for node in _tree(ROOT / file).body:
        documentation = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        guarded = isinstance(node, ast.If) and (_is_type_checking(node) or "__main__" in ast.unparse(node.test))
        assert isinstance(node, allowed) or documentation or guarded, f"{file}:{node.lineno} runs at import"


@pytest.mark.parametrize("file", _python_files())
def test_nothing_is_kept_in_globals(file: str) -> None:
    assert not [node.lineno for node in ast.walk(_tree(ROOT / file)) if isinstance(node, ast.Global)]


@pytest.mark.parametrize("module", ["session.mask_models", "model.medvlsam2.model"])
def test_clicking_needs_no_language_library(module: str) -> None:
    program = f"import sys, {LIBRARY}.{module}\nsys.exit('transformers' if 'transformers' in sys.modules else None)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "module",
    [
        "volume",
        "prompts",
        "results",
        "engine",
        "files",
        "report",
        "catalogue",
        "environment",
        "memory",
        "slots",
        "vocabulary",
    ],
)
def test_the_torch_free_side_starts_without_torch_and_slicer(module: str) -> None:
    program = (
        f"import sys, {LIBRARY}.{module}\n"
        "sys.exit(' '.join(n for n in ('torch', 'scipy', 'slicer', 'vtk', 'PySide6') if n in sys.modules) or None)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
