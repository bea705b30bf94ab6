"""A folder with packages and models to carry to a machine without a network."""

from __future__ import annotations

import platform
import shutil
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.catalogue import CatalogueError, InstalledModel, ModelStore
from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.environment.inspection import inspect_python
from MedVLSAM2Lib.environment.making import Recipe, pip_arguments
from MedVLSAM2Lib.environment.pack_list import (
    CHECKPOINTS,
    MODELS,
    WHEELS,
    PackList,
    check_files,
    list_files,
    read_list,
    write_list,
)
from MedVLSAM2Lib.environment.package_source import PackageSource
from MedVLSAM2Lib.environment.pip_failures import sentence_of_failure
from MedVLSAM2Lib.environment.processes import run_program


@dataclass(frozen=True)
class Target:
    """The machine for which packages are fetched: its Python and its system, as pip names them; None for this one's."""

    python: str | None = None
    platforms: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """For ``pip download``."""
        python = () if self.python is None else ("--python-version", self.python)
        return (*python, *(argument for name in self.platforms for argument in ("--platform", name)))


@dataclass(frozen=True)
class Pack:
    """A folder whose every file was found to be what its list says."""

    folder: Path
    contents: PackList

    @property
    def source(self) -> PackageSource:
        """Its packages, for pip."""
        return PackageSource(self.folder / WHEELS)

    def check_python(self, python: str) -> None:
        """EnvironmentProblem unless its packages are for this version of Python."""
        if python.split(".")[:2] != self.contents.python.split(".")[:2]:
            raise EnvironmentProblem(
                f"The packages in {self.folder} are for Python {self.contents.python}, and Python {python} is to be used; "
                f"write the folder again with --python-version {'.'.join(python.split('.')[:2])}."
            )

    def import_models(self, store: ModelStore) -> tuple[InstalledModel, ...]:
        """Take its models into ``store``, as copies; CatalogueError when one cannot be taken."""
        folders = sorted(path for path in (self.folder / MODELS).glob("*") if path.is_dir())
        return tuple(store.import_folder(folder, folder.name, copy=True) for folder in folders)

    def copy_checkpoints(self, store: ModelStore) -> tuple[Path, ...]:
        """Copy its checkpoints to where ``store`` keeps checkpoints, those that are there already left as they are."""
        copied = []
        for folder in sorted(path for path in (self.folder / CHECKPOINTS).glob("*") if path.is_dir()):
            target = store.data_folder / "checkpoints" / folder.name
            copied.append(target)
            if not target.exists():
                unfinished = target.with_name(f"{target.name}.incomplete")
                shutil.rmtree(unfinished, ignore_errors=True)
                shutil.copytree(folder, unfinished)
                unfinished.rename(target)
        return tuple(copied)


def open_pack(folder: Path) -> Pack:
    """The pack in ``folder``, every file checked; EnvironmentProblem when it is none or is not whole."""
    contents = read_list(folder)
    check_files(folder, contents)
    return Pack(folder, contents)


def write_pack(
    folder: Path,
    python: Path,
    recipe: Recipe,
    variables: Mapping[str, str],
    target: Target = Target(),
    store: ModelStore | None = None,
    models: Sequence[str] = (),
    checkpoints: Sequence[Path] = (),
    told: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> PackList:
    """Fetch packages as wheels, copy models and checkpoints, and list all of it.

    Args:
        folder: a new one, or an empty one.
        python: whose pip fetches.
        recipe: the packages.
        variables: pip's environment variables.
        target: the machine that the folder is for.
        store: where ``models`` are.
        models: catalogue entries that are on this machine.
        checkpoints: folders of checkpoints.
        told: hears what pip says.
        cancelled: asked ten times a second.

    Raises:
        EnvironmentProblem: it did not work; nothing is left in ``folder``.
        CatalogueError: a model is not here, or not whole.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EnvironmentProblem(f"{folder} is not an empty folder; name a new one.")
    try:
        _fetch_wheels(folder / WHEELS, python, recipe, variables, target, told, cancelled)
        for name in models:
            (store or ModelStore()).bundle(name, folder / MODELS / name)
        for checkpoint in checkpoints:
            _copy_checkpoint(checkpoint, folder / CHECKPOINTS / checkpoint.resolve().name)
        version = target.python or inspect_python(python, (), variables).python
        contents = PackList(__version__, version, _platform(target), list_files(folder))
        write_list(folder, contents)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EnvironmentProblem(
            f"{folder} could not be written ({error.strerror or error}); choose a folder with room."
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return contents


def _fetch_wheels(
    wheels: Path,
    python: Path,
    recipe: Recipe,
    variables: Mapping[str, str],
    target: Target,
    told: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    wheels.mkdir(parents=True)
    command = [str(python), "-m", "pip", "download", "--only-binary=:all:", "--dest", str(wheels), *target.arguments]
    status, lines = run_program([*command, *pip_arguments(recipe)], variables, told, cancelled)
    if status:
        raise EnvironmentProblem(sentence_of_failure(lines, str(recipe.source.folder or "")))


def _copy_checkpoint(checkpoint: Path, target: Path) -> None:
    if not (checkpoint / "config.json").is_file():
        raise CatalogueError(f"{checkpoint} has no config.json, so it is no checkpoint; check the path.")
    shutil.copytree(checkpoint, target)


def _platform(target: Target) -> str:
    return ", ".join(target.platforms) or f"{sysconfig.get_platform()} ({platform.system()})"
