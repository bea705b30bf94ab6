"""Phantoms to talk about, each made once and kept: in memory, and in a folder that processes share."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from MedVLSAM2Lib.training.facts.labelled_scan import LabelledFinding, LabelledScan, Whole
from MedVLSAM2Lib.training.facts.sources import scan_of_phantom
from MedVLSAM2Lib.training.phantom import Part, Patient, Phase, make_phantom
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality, Volume

PEOPLE_VERSION = 1
_SHAPES: dict[Part, tuple[int, int, int]] = {Part.TRUNK: (152, 88, 128), Part.HEAD: (112, 92, 88)}
_SPACINGS: dict[Part, tuple[float, float, float]] = {Part.TRUNK: (4.0, 3.0, 3.0), Part.HEAD: (3.0, 2.8, 2.6)}


class People:
    """People by number; equal numbers, equal people."""

    def __init__(self, vocabulary: Vocabulary, folder: Path | None = None, in_memory: int = 16) -> None:
        """``folder`` keeps them between runs, uncompressed (5 MB each), so that every process maps the same memory."""
        self._vocabulary, self._folder, self._in_memory = vocabulary, folder, in_memory
        self._known: OrderedDict[tuple[Part, int], LabelledScan] = OrderedDict()

    def scan(self, part: Part, number: int) -> LabelledScan:
        """All of one person."""
        key = (part, number)
        if key not in self._known:
            self._known[key] = self._found(part, number)
            if len(self._known) > self._in_memory:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _found(self, part: Part, number: int) -> LabelledScan:
        if self._folder is None:
            return self._made(part, number)
        place = self._folder / f"v{PEOPLE_VERSION}" / f"{part}_{number}"
        if not (place / "scan.json").exists():
            _write(self._made(part, number), place)
        return _read(place)

    def _made(self, part: Part, number: int) -> LabelledScan:
        seed = number * len(Part) + list(Part).index(part)
        patient = Patient.drawn(np.random.default_rng((seed, 1)), part)
        return scan_of_phantom(make_phantom(seed, _SHAPES[part], _SPACINGS[part], patient), self._vocabulary)


def _write(scan: LabelledScan, place: Path) -> None:
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    np.save(unfinished / "image.npy", scan.volume.array)
    np.save(unfinished / "labels.npy", scan.labels)
    values = {
        "name": scan.volume.name,
        "ijk_to_ras": scan.volume.ijk_to_ras.tolist(),
        "ids": scan.ids,
        "findings": [asdict(finding) for finding in scan.findings],
        "wholes": {name: asdict(whole) for name, whole in scan.wholes.items()},
        "absent": scan.absent,
        "phase": scan.phase,
        "searched_kinds": sorted(scan.searched_kinds),
    }
    (unfinished / "scan.json").write_text(json.dumps(values), encoding="utf-8")
    try:
        unfinished.rename(place)
    except OSError:
        # Another process was faster; what it wrote is the same.
        for file in unfinished.iterdir():
            file.unlink()
        unfinished.rmdir()


def _read(place: Path) -> LabelledScan:
    values = json.loads((place / "scan.json").read_text(encoding="utf-8"))
    image = np.load(place / "image.npy", mmap_mode="r")
    return LabelledScan(
        volume=Volume(image, np.array(values["ijk_to_ras"]), Modality.CT, "HU", values["name"]),
        labels=np.load(place / "labels.npy", mmap_mode="r"),
        ids={name: tuple(ids) for name, ids in values["ids"].items()},
        findings=tuple(LabelledFinding(**{**f, "bounds": _bounds(f["bounds"])}) for f in values["findings"]),
        wholes={name: Whole(**{**w, "bounds": _bounds(w["bounds"])}) for name, w in values["wholes"].items()},
        absent={name: _bounds(bounds) for name, bounds in values["absent"].items()},
        phase=Phase(values["phase"]) if values["phase"] else None,
        searched_kinds=frozenset(values["searched_kinds"]),
    )


def _bounds(values: Any) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    (r, a, s), (high_r, high_a, high_s) = values
    return (r, a, s), (high_r, high_a, high_s)
