"""Files and folders in sentences, without the folders above them, which may be called after a user or a patient."""

from __future__ import annotations

import os
import re
from pathlib import Path

_QUOTED = r"""(?P<quote>['"])(?:[A-Za-z]:)?[\\/](?:(?!(?P=quote)).)*(?P=quote)"""
_BARE = r"(?<![\w.])(?:[A-Za-z]:)?[\\/][\w~.].*"
_PATH = re.compile(f"{_QUOTED}|{_BARE}")


def by_name(sentence: str, *paths: Path) -> str:
    """``sentence`` with each of ``paths``, and what lies in it, told from the path's own name on."""
    for path in paths:
        for spelling in {path, path.absolute()}:
            if spelling.name and spelling.parent != spelling:
                sentence = sentence.replace(f"{spelling.parent}{os.sep}", "")
    return sentence


def without_paths(text: str) -> str:
    """``text`` of a foreign error, with anything that may be a path left out, to the end of its line where that is not clear."""
    return _PATH.sub("[path]", text)
