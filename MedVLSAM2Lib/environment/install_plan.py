"""What a click will install: told before the click."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.environment.package_sizes import PackageSize, with_what_they_need
from MedVLSAM2Lib.environment.requirements import Requirement, normal_name


@dataclass(frozen=True)
class InstallPlan:
    """Packages to install.

    Attributes:
        wanted: those asked for.
        needed: the normal names of those, and of all that these need and that is not there.
        download_bytes: about how much has to arrive.
        installed_bytes: about how much room it takes.
    """

    wanted: tuple[Requirement, ...]
    needed: tuple[str, ...]
    download_bytes: int
    installed_bytes: int

    @property
    def in_words(self) -> str:
        """One sentence with names, versions and sizes; empty when there is nothing to install."""
        if not self.wanted:
            return ""
        names = ", ".join(f"{needed.name} {needed.pinned}" for needed in self.wanted)
        others = len(set(self.needed) - {normal_name(needed.name) for needed in self.wanted})
        more = f" and {others} packages that they need" if others else ""
        return (
            f"{names}{more}: about {in_words(self.download_bytes)} to download, "
            f"{in_words(self.installed_bytes)} on the disk."
        )


def plan_install(
    wanted: Iterable[Requirement], sizes: dict[str, PackageSize], present: Iterable[str] = ()
) -> InstallPlan:
    """What has to be installed for ``wanted`` to be there.

    Args:
        wanted: the packages.
        sizes: of all packages.
        present: the normal names of what is there already and stays.
    """
    packages = tuple(wanted)
    needed = with_what_they_need((package.name for package in packages), sizes)
    asked = {normal_name(package.name) for package in packages}
    missing = tuple(name for name in needed if name in asked or name not in set(present))
    download = sum(sizes[name].download for name in missing)
    return InstallPlan(packages, missing, download, sum(sizes[name].installed for name in missing))
