"""The Python packages that the engine needs: what is there, what is tested, and how they come. Needs no torch."""

from MedVLSAM2Lib.environment.base_python import find_base_python, python_of
from MedVLSAM2Lib.environment.environments import Environments, marked_inspection
from MedVLSAM2Lib.environment.errors import Cancelled, EnvironmentProblem
from MedVLSAM2Lib.environment.inspection import Inspection, PackageStatus, inspect_python, inspect_this_python
from MedVLSAM2Lib.environment.install_plan import InstallPlan, plan_install
from MedVLSAM2Lib.environment.making import Recipe, make_environment
from MedVLSAM2Lib.environment.pack import Pack, open_pack, write_pack
from MedVLSAM2Lib.environment.package_source import PackageSource
from MedVLSAM2Lib.environment.requirements import Requirement, constraints_file, read_requirements
from MedVLSAM2Lib.environment.variables import variables_for_another_python
from MedVLSAM2Lib.environment.version_range import VersionRange

__all__ = [
    "Cancelled",
    "EnvironmentProblem",
    "Environments",
    "Inspection",
    "InstallPlan",
    "Pack",
    "PackageSource",
    "PackageStatus",
    "Recipe",
    "Requirement",
    "VersionRange",
    "constraints_file",
    "find_base_python",
    "inspect_python",
    "inspect_this_python",
    "make_environment",
    "marked_inspection",
    "open_pack",
    "plan_install",
    "python_of",
    "read_requirements",
    "variables_for_another_python",
    "write_pack",
]
