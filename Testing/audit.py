"""Known vulnerabilities of all pinned dependencies: ``python Testing/audit.py [PYTHON]``, where PYTHON has pip-audit.

pip-audit asks the registry's vulnerability service. Where that cannot be reached it finds nothing and still ends well; here
that is told, and licence and version of everything are printed instead, to be looked up by hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import licences

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
_PATIENCE_S = 600


@dataclass(frozen=True)
class Audit:
    """What pip-audit told.

    Attributes:
        vulnerable: a line for each package with a known vulnerability.
        unknown: the packages that the service knows nothing about.
        audited: how many it does know.
    """

    vulnerable: tuple[str, ...]
    unknown: tuple[str, ...]
    audited: int


def read_report(text: str) -> Audit:
    """pip-audit's JSON; ValueError when it is none."""
    packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    vulnerable = tuple(
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        for package in known
        for found in package["vulns"]
    )
    return Audit(vulnerable, tuple(p["name"] for p in packages if "skip_reason" in p), len(known))


def run_pip_audit(python: str) -> Audit | None:
    """What pip-audit finds in the pins; None where it is not installed or does not work."""
    command = [python, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip"]
    try:
        run = subprocess.run(
            [*command, "--format", "json", "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return read_report(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def told(audit: Audit | None) -> tuple[str, int]:
    """What to print, and the exit status: 1 when something is vulnerable."""
    if audit is None or not audit.audited:
        why = "pip-audit is not there" if audit is None else "its vulnerability service cannot be reached"
        return f"Nothing could be audited: {why}. Licences and versions, to be looked up by hand:\n", 0
    lines = [*audit.vulnerable, f"{audit.audited} packages audited, {len(audit.vulnerable)} vulnerabilities."]
    if audit.unknown:
        lines.append(f"Not known to the service: {', '.join(audit.unknown)}.")
    return "\n".join(lines) + "\n", int(bool(audit.vulnerable))


def main() -> int:
    """Audit, or else print the table."""
    audit = run_pip_audit(sys.argv[1] if len(sys.argv) > 1 else sys.executable)
    text, status = told(audit)
    sys.stdout.write(text)
    if audit is None or not audit.audited:
        licences.main()
    return status


if __name__ == "__main__":
    raise SystemExit(main())
