"""Makes a Python environment that leaves all others as they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from MedVLSAM2Lib.environment.base_python import python_of
from MedVLSAM2Lib.environment.environments import mark_complete
from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.environment.inspection import Inspection, inspect_python
from MedVLSAM2Lib.environment.package_source import PackageSource
from MedVLSAM2Lib.environment.pip_failures import sentence_of_failure
from MedVLSAM2Lib.environment.processes import run_program
from MedVLSAM2Lib.environment.requirements import Requirement

QUIET = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")


@dataclass(frozen=True)
class Recipe:
    """What goes into an environment.

    Attributes:
        requirements: the packages.
        constraints: the file with the versions of these and of all that they need; None for the newest that fit.
        source: where they come from.
    """

    requirements: Sequence[Requirement]
    constraints: Path | None = None
    source: PackageSource = field(default_factory=PackageSource)


def make_environment(
    folder: Path,
    base: Path,
    recipe: Recipe,
    variables: Mapping[str, str],
    told: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Make an environment in ``folder`` and install packages into it; its interpreter.

    Args:
        folder: one that is not there.
        base: a Python with venv and pip.
        recipe: what is installed.
        variables: the environment variables of both.
        told: hears what pip says, on another thread.
        cancelled: asked ten times a second; true ends it.

    Raises:
        EnvironmentProblem: it did not work; nothing is left in ``folder``.
        Cancelled: the user stopped it, likewise.
    """
    if folder.exists():
        raise EnvironmentProblem(f"{folder} is there already; name a new folder.")
    try:
        told("Making the environment")
        _run([str(base), "-m", "venv", str(folder)], variables, told, cancelled)
        python = python_of(folder)
        _run([str(python), "-m", "pip", "install", *pip_arguments(recipe)], variables, told, cancelled, recipe.source)
        found = inspect_python(python, recipe.requirements, variables)
        _check(found)
        mark_complete(folder, found.python, {status.requirement.name: status.found for status in found.packages})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return python


def pip_arguments(recipe: Recipe) -> list[str]:
    """What follows ``pip install`` or ``pip download``."""
    constraints = [] if recipe.constraints is None else ["--constraint", str(recipe.constraints)]
    return [*QUIET, *recipe.source.arguments, *constraints, *map(str, recipe.requirements)]


def _run(
    command: list[str],
    variables: Mapping[str, str],
    told: Callable[[str], None],
    cancelled: Callable[[], bool],
    source: PackageSource | None = None,
) -> None:
    status, lines = run_program(command, variables, told, cancelled)
    if status:
        folder = source.folder if source is not None else None
        raise EnvironmentProblem(sentence_of_failure(lines, str(folder or "")))


def _check(found: Inspection) -> None:
    for sentence in found.sentences:
        raise EnvironmentProblem(sentence)
