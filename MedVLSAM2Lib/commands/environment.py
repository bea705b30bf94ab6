"""``medvlsam2 environment``: the Python packages that the engine needs, with a network or without one."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from MedVLSAM2Lib.catalogue import CatalogueError, ModelStore
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.environment import (
    EnvironmentProblem,
    Inspection,
    PackageSource,
    Recipe,
    constraints_file,
    find_base_python,
    inspect_python,
    inspect_this_python,
    make_environment,
    open_pack,
    python_of,
    read_requirements,
    variables_for_another_python,
    write_pack,
)
from MedVLSAM2Lib.environment.pack import Pack, Target
from MedVLSAM2Lib.environment.requirements import DICOM_EXPORT, ENGINE

logger = logging.getLogger(__name__)

Action = Callable[[argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def action(name: str, summary: str, does: Action) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=summary, description=summary)
        added.set_defaults(does=does)
        return added

    check = action("check", "tell which packages are there, and which were tested", _check)
    check.add_argument("--python", type=Path, metavar="PYTHON", help="another Python, or the folder of its environment")
    _add_make_arguments(action("make", "make a Python environment in which the engine can run", _make))
    _add_pack_arguments(action("pack", "write a folder of packages and models for a machine without a network", _pack))
    _add_import_arguments(action("import", "take the models and checkpoints of such a folder", _import))


def run(arguments: argparse.Namespace) -> int:
    """0 done, 1 packages are missing or not tested, 2 it could not be done."""
    try:
        does: Action = arguments.does
        return does(arguments)
    except (EnvironmentProblem, CatalogueError) as error:
        logger.error("%s", error)
        return 2


def _add_make_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument(
        "--from", dest="pack", type=Path, metavar="FOLDER", help="what environment pack wrote; no network"
    )
    parser.add_argument(
        "--python", type=Path, metavar="PYTHON", help="the Python to make it of; else one is looked for"
    )
    parser.add_argument("--cpu", action="store_true", help="torch without the libraries for NVIDIA GPUs")


def _add_pack_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="a model that models list has here"
    )
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, metavar="DIR", help="one of your own")
    parser.add_argument("--python-version", metavar="X.Y", help="the Python of the other machine, when it is another")
    parser.add_argument(
        "--platform", action="append", default=[], metavar="TAG", help="its system as pip names it: win_amd64, say"
    )
    parser.add_argument("--cpu", action="store_true", help="torch without the libraries for NVIDIA GPUs")


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="what environment pack wrote")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the list of installed models is kept")


def _check(arguments: argparse.Namespace) -> int:
    requirements = read_requirements()
    if arguments.python is None:
        found = inspect_this_python(requirements, platform.python_version())
    else:
        found = inspect_python(python_of(arguments.python), requirements, variables_for_another_python(os.environ))
    sys.stdout.write(_table(found))
    for sentence in found.sentences:
        logger.error("%s", sentence)
    return 1 if found.sentences else 0


def _table(found: Inspection) -> str:
    rows = [("Python", found.python, "3.11 or 3.12")]
    for status in found.packages:
        rows.append((status.requirement.name, status.found or "missing", status.requirement.range.in_words))
    return "".join(f"{name:16} {version:14} tested: {tested}\n" for name, version, tested in rows)


def _make(arguments: argparse.Namespace) -> int:
    variables = variables_for_another_python(os.environ)
    base = arguments.python or find_base_python(variables)
    pack = None if arguments.pack is None else open_pack(arguments.pack)
    if pack is not None:
        pack.check_python(inspect_python(base, (), variables).python)
    source = pack.source if pack is not None else PackageSource(cpu_only=arguments.cpu)
    recipe = Recipe(read_requirements(), constraints_file(), source)
    python = make_environment(arguments.folder.absolute(), base, recipe, variables, logger.info)
    sys.stdout.write(f"{python}: choose it in the panel under Installation.\n")
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    requirements = read_requirements((*ENGINE, *DICOM_EXPORT))
    recipe = Recipe(requirements, constraints_file(), PackageSource(cpu_only=arguments.cpu))
    contents = write_pack(
        arguments.folder,
        Path(sys.executable),
        recipe,
        variables_for_another_python(os.environ),
        Target(arguments.python_version, tuple(arguments.platform)),
        models=arguments.model,
        checkpoints=arguments.checkpoint,
        told=logger.info,
    )
    size = in_words(sum(file.size for file in contents.files))
    sys.stdout.write(
        f"{arguments.folder}: {len(contents.files)} files, {size}; on the other machine: medvlsam2 environment make NEW-FOLDER --from THIS-FOLDER.\n"
    )
    return 0


def _import(arguments: argparse.Namespace) -> int:
    sys.stdout.write(_imported(open_pack(arguments.folder), ModelStore(arguments.data)))
    return 0


def _imported(pack: Pack, store: ModelStore) -> str:
    models = [f"{model.name}: {in_words(model.size_bytes)} in {model.folder}\n" for model in pack.import_models(store)]
    checkpoints = [f"{folder}: choose it in the panel.\n" for folder in pack.copy_checkpoints(store)]
    return "".join([*models, *checkpoints]) or "There are no models in this folder; its packages are for make --from.\n"
