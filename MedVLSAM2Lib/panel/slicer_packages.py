"""Packages into Slicer's own Python, by the ways that Slicer has for it."""

from __future__ import annotations

import importlib
import logging
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from MedVLSAM2Lib.environment import Cancelled, EnvironmentProblem, PackageSource, Requirement

logger = logging.getLogger(__name__)

OF_SLICER = ("numpy", "SimpleITK", "vtk")
"""Slicer is built with its own of these: another one breaks it."""

_REQUESTER = "MedVL-SAM2"


class SlicerPackages:
    """Installs what it is told to; Slicer's window is busy meanwhile and shows pip's progress itself."""

    def install(
        self,
        wanted: Sequence[Requirement],
        source: PackageSource,
        told: Callable[[str], None],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Install ``wanted``: torch as SlicerPyTorch chooses it for this machine, the others within their bounds.

        Args:
            wanted: packages that are missing or were not tested.
            source: where from; torch too comes from a folder, if it is one.
            told: hears what is being done.
            cancelled: asked before each of the two steps.

        Raises:
            EnvironmentProblem: it did not work, or is not possible in this Slicer.
            Cancelled: the user stopped it.
        """
        for package in wanted:
            if package.name in OF_SLICER:
                raise EnvironmentProblem(
                    f"Slicer comes with its own {package.name}, which cannot be exchanged for {package.pinned}; let the "
                    "engine run in a separate environment."
                )
        torch = [package for package in wanted if package.name == "torch"]
        others = [package for package in wanted if package.name != "torch"]
        if source.folder is not None:
            torch, others = [], list(wanted)
        try:
            for package in torch:
                told(f"Installing {package.name} {package.pinned}…")
                _install_torch(package)
            if cancelled():
                raise Cancelled("It was stopped; what is installed stays.")
            if others:
                told(f"Installing {', '.join(package.name for package in others)}…")
                _install(others, source)
        except CalledProcessError as error:
            raise EnvironmentProblem(
                "Slicer could not install the packages; its Python console tells why, and a separate environment needs "
                "nothing of Slicer's."
            ) from error
        finally:
            importlib.invalidate_caches()


def _install_torch(package: Requirement) -> None:
    try:
        utilities: Any = importlib.import_module("PyTorchUtils")
    except ImportError as error:
        raise EnvironmentProblem(
            "torch is installed by the extension PyTorch; install that in the Extensions Manager and start Slicer again."
        ) from error
    installed = utilities.PyTorchUtilsLogic().installTorch(
        askConfirmation=False, torchVersionRequirement=str(package.range)
    )
    if installed is None:
        raise EnvironmentProblem("torch was not installed; press Install again if you want it.")


def _install(packages: Sequence[Requirement], source: PackageSource) -> None:
    with tempfile.TemporaryDirectory(prefix="medvlsam2-") as folder:
        constraints = Path(folder) / "slicer-constraints.txt"
        constraints.write_text(_pins_of_slicer(), encoding="utf-8")
        ensure = _pip_ensure()
        if ensure is not None and source.folder is None:
            _ensure(ensure, [str(package) for package in packages], constraints)
        else:
            import slicer

            names = [str(package) for package in packages]
            slicer.util.pip_install([*source.arguments, "--constraint", str(constraints), *names])


def _ensure(ensure: Callable[..., Any], requirements: list[str], constraints: Path) -> None:
    try:
        # The button that was pressed names every package: one question is enough.
        ensure(requirements, constraints=str(constraints), prompt_install=False, requester=_REQUESTER)
    except RuntimeError as error:
        raise EnvironmentProblem(f"Slicer did not install the packages ({error}); press Install again.") from error


def _pip_ensure() -> Callable[..., Any] | None:
    """``slicer.packaging.pip_ensure`` of newer Slicers; None in older ones."""
    try:
        found: Callable[..., Any] | None = getattr(importlib.import_module("slicer.packaging"), "pip_ensure", None)
    except ImportError:
        return None
    return found


def _pins_of_slicer() -> str:
    """Constraints that keep Slicer's own packages as they are."""
    lines = []
    for name in OF_SLICER:
        try:
            lines.append(f"{name}=={version(name)}\n")
        except PackageNotFoundError:
            logger.debug("Slicer has no %s that pip knows of", name)
    return "".join(lines)
