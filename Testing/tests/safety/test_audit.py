"""An audit that could not be made is never taken for one that found nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import audit
from audit import Audit, read_report, told

KNOWN = {"name": "numpy", "version": "2.4.6", "vulns": []}
HOLED = {"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "PYSEC-2024-1", "fix_versions": ["3.1.3"]}]}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.13.0)"}


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_vulnerability_fails_and_says_what_mends_it() -> None:
    text, status = told(read_report(report(KNOWN, HOLED)))
    assert status == 1
    assert text.startswith("jinja2 3.1.2: PYSEC-2024-1, mended in 3.1.3\n2 packages audited, 1 vulnerabilities.")


def test_packages_that_the_service_does_not_know_are_named() -> None:
    text, status = told(read_report(report(KNOWN, SKIPPED)))
    assert status == 0
    assert text == "1 packages audited, 0 vulnerabilities.\nNot known to the service: torch.\n"


@pytest.mark.parametrize("found", [None, Audit((), ("torch", "numpy"), 0)])
def test_where_nothing_could_be_audited_that_is_said(found: Audit | None) -> None:
    text, status = told(found)
    assert text.startswith("Nothing could be audited: ")
    assert status == 0


@pytest.mark.parametrize("text", ["", "Traceback", "[]", '{"dependencies": 3}'])
def test_what_is_no_report_is_no_audit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.CompletedProcess([], 1, text, "")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: ended)
    assert audit.run_pip_audit(sys.executable) is None


def test_without_pip_audit_the_command_prints_licences_and_versions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["audit.py", "/nowhere/python"])
    assert audit.main() == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Nothing could be audited: pip-audit is not there.")
    assert "transformers" in printed
