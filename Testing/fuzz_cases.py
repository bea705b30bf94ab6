"""How many cases the fuzz tests run: ``python Testing/fuzz_cases.py`` runs them and prints the number of each.

``MEDVLSAM2_FUZZ=long`` runs fifty times as many, other ones each time; ``dev`` a handful.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TEST = re.compile(r"^(Testing/tests/fuzz/\S+::\w+):$")
_CASES = re.compile(r"(\d+) passing, ")
_PLAIN = re.compile(r"(\d+) passed")


@dataclass
class FuzzRun:
    """What the fuzz tests did.

    Attributes:
        counts: cases that were made up, by test.
        written_out: tests that are one case each.
        failures: what pytest says of those that failed; empty if none did.
    """

    counts: dict[str, int] = field(default_factory=dict)
    written_out: int = 0
    failures: str = ""

    @property
    def cases(self) -> int:
        """All of them."""
        return sum(self.counts.values()) + self.written_out


def run_fuzz_tests() -> FuzzRun:
    """Run them, each with as many cases as the environment says."""
    command = [sys.executable, "-m", "pytest", "Testing/tests/fuzz", "-q", "--hypothesis-show-statistics"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counts: dict[str, int] = {}
    name = ""
    for line in run.stdout.splitlines():
        if test := _TEST.match(line):
            name = test[1].removeprefix("Testing/tests/fuzz/")
        elif found := _CASES.search(line):
            counts[name] = counts.get(name, 0) + int(found[1])
    passed = _PLAIN.search(run.stdout)
    written_out = (int(passed[1]) if passed else 0) - len(counts)
    return FuzzRun(counts, written_out, run.stdout if run.returncode else "")


def main() -> int:
    """Run and print; 1 if any failed."""
    run = run_fuzz_tests()
    for test_name, count in run.counts.items():
        sys.stdout.write(f"{count:6d}  {test_name}\n")
    sys.stdout.write(f"{run.cases:6d}  cases in all, {run.written_out} of them written out\n{run.failures}")
    return int(bool(run.failures))


if __name__ == "__main__":
    raise SystemExit(main())
