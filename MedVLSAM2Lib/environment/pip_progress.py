"""How far pip is, from what it prints."""

from __future__ import annotations

import re
from collections.abc import Iterable

from MedVLSAM2Lib.environment.package_sizes import PackageSize
from MedVLSAM2Lib.environment.requirements import normal_name

_COLLECTING = re.compile(r"^Collecting ([A-Za-z0-9][\w.-]*)")
_PROCESSING = re.compile(r"^(?:Processing|Saved) .*?([A-Za-z0-9][\w.]*)-[^-/\\]+-[^/\\]*\.whl")
_ARRIVED = 0.8
"""The share of the time in which packages arrive; in the rest they are unpacked."""


class PipProgress:
    """Adds up the sizes of the packages that pip is done with.

    Attributes:
        fraction: of the whole, 0 to 1.
        line: the last line pip wrote.
    """

    def __init__(self, sizes: dict[str, PackageSize], names: Iterable[str]) -> None:
        self._bytes = {name: sizes[name].download for name in names if name in sizes}
        self._total = sum(self._bytes.values()) or 1
        self._seen: list[str] = []
        self.fraction = 0.0
        self.line = ""

    def hear(self, line: str) -> None:
        """Take in a line of pip's."""
        self.line = line
        found = _COLLECTING.match(line) or _PROCESSING.match(line)
        if found is not None and normal_name(found[1]) not in self._seen:
            self._seen.append(normal_name(found[1]))
            # The last one is still on its way.
            done = sum(self._bytes.get(name, 0) for name in self._seen[:-1])
            self.fraction = max(self.fraction, min(_ARRIVED, _ARRIVED * done / self._total))
        if line.startswith("Installing collected packages"):
            self.fraction = _ARRIVED
        elif line.startswith("Successfully installed"):
            self.fraction = 1.0
