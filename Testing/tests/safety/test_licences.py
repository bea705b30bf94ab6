"""Everything that users get may be given to them, and nothing comes in whose licence nobody has looked at."""

from __future__ import annotations

import re

import pytest

import licences
from licences import Dependency, dependencies

# Each as packages write it, and all of them licences that let one use, change and hand on.
PERMISSIVE = {
    "0BSD", "Apache 2.0 License", "Apache Software License", "Apache-2.0", "Apache-2.0 WITH LLVM-exception",
    "BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC License (ISCL)",
    "MIT", "MIT License", "MIT licensed, as found in the LICENSE file", "MIT-CMU", "PSF-2.0",
    "Python Software Foundation License", "Zlib", "Apache 2.0",
}  # fmt: skip
# File by file: what is changed in their own files must stay open.
WEAK_COPYLEFT = {"MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"}
# Qt, for the tests and the demo; Slicer brings its own.
OF_THE_TESTBED = {"LGPL-3.0-only"}


def _is_allowed(licence: str, known: set[str]) -> bool:
    """Every part of what joins with AND, any of what joins with OR."""
    if licence in known:
        return True
    return all(
        any(choice.strip(" ()") in known for choice in part.split(" OR ")) for part in re.split(r" AND | / ", licence)
    )


@pytest.fixture(scope="module")
def table() -> list[Dependency]:
    return dependencies()


def test_what_users_get_is_under_a_licence_that_lets_them_have_it(table: list[Dependency]) -> None:
    shipped = [found for found in table if found.is_shipped]
    assert {"numpy", "torch", "transformers", "highdicom"} <= {found.name for found in shipped}
    assert not [found for found in shipped if not _is_allowed(found.licence, PERMISSIVE | WEAK_COPYLEFT)]


def test_what_developers_use_is_under_a_licence_that_was_looked_at(table: list[Dependency]) -> None:
    known = PERMISSIVE | WEAK_COPYLEFT | OF_THE_TESTBED
    assert not [found for found in table if not _is_allowed(found.licence, known)]


def test_the_command_prints_a_line_for_each(table: list[Dependency], capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(table)
    assert re.search(r"^torch +2\.\d+\S* +shipped +Apache-2\.0", "\n".join(printed), re.MULTILINE)
