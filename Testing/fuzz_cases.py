"""How many cases the fuzz tests run: ``python Testing/fuzz_cases.py`` runs them and prints the number of each.

``MEDVLSAM2_FUZZ=long`` runs fifty times as many, other ones each time; ``dev`` a handful.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TEST = re.compile(r"^(Testing/tests/fuzz/\S+::\w+):$")
_CASES = re.compile(r"(\d+) passing, ")
_PLAIN = re.compile(r"(\d+) passed")


def main() -> int:
    """Run and print; the exit status is that of the tests."""
    command = [sys.executable, "-m", "pytest", "Testing/tests/fuzz", "-q", "--hypothesis-show-statistics"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counts: dict[str, int] = {}
    name = ""
    for line in run.stdout.splitlines():
        if test := _TEST.match(line):
            name = test[1]
        elif found := _CASES.search(line):
            counts[name] = counts.get(name, 0) + int(found[1])
    for test_name, count in counts.items():
        sys.stdout.write(f"{count:6d}  {test_name.removeprefix('Testing/tests/fuzz/')}\n")
    passed = _PLAIN.search(run.stdout)
    single = (int(passed[1]) if passed else 0) - len(counts)
    sys.stdout.write(f"{sum(counts.values()) + single:6d}  cases in all, {single} of them written out\n")
    if run.returncode:
        sys.stdout.write(run.stdout)
    return run.returncode


if __name__ == "__main__":
    raise SystemExit(main())
