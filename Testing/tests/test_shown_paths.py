"""Sentences name files and folders, not where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from MedVLSAM2Lib.engine.failures import where_of
from MedVLSAM2Lib.prompts import PromptError
from MedVLSAM2Lib.shown_paths import by_name, without_paths

FOLDER = Path("/home/Jane Doe/patients/Mustermann")


def test_a_path_is_told_by_its_own_name() -> None:
    told = f"{FOLDER / 'config.json'} is damaged, and there is no model in {FOLDER}."
    assert by_name(told, FOLDER) == "Mustermann/config.json is damaged, and there is no model in Mustermann."
    assert by_name("Nothing to shorten / here.", FOLDER, Path("/")) == "Nothing to shorten / here."


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("[Errno 2] No such file: '/home/Jane Doe/x.nii' (2)", "[Errno 2] No such file: [path] (2)"),
        ("cannot open /home/Jane Doe/x.nii now", "cannot open [path]"),
        (r"cannot open C:\Users\Jane Doe\x.nii", "cannot open [path]"),
        ("a/b of 1/2 and/or 3", "a/b of 1/2 and/or 3"),
    ],
)
def test_what_may_be_a_path_in_foreign_words_is_left_out(told: str, shown: str) -> None:
    assert without_paths(told) == shown


def test_a_log_tells_where_an_error_arose_and_not_of_whom() -> None:
    try:
        try:
            Path("/home/Jane Doe/Mustermann").read_bytes()
        except OSError as error:
            message = "Mustermann is no scan."
            raise PromptError(message) from error
    except PromptError as error:
        told = where_of(error)
    assert "PromptError at test_shown_paths.py:" in told
    assert "because of FileNotFoundError: [Errno 2] No such file or directory: [path] at " in told
    assert "Jane" not in told
    assert "Mustermann" not in told
