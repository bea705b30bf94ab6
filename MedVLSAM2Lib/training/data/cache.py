"""The prepared cases on disk: one uncompressed array a file, so that every process maps the same memory."""

from __future__ import annotations

import json
import logging
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from MedVLSAM2Lib.training.data import tissues
from MedVLSAM2Lib.training.data.cases import LABELS, TISSUES, Case, TrainingObject
from MedVLSAM2Lib.training.data.objects import object_of_ids, objects_of_layer
from MedVLSAM2Lib.training.data.own_scans import GROUP as OWN
from MedVLSAM2Lib.training.data.raw_case import RawCase
from MedVLSAM2Lib.training.data.sources import read_all

logger = logging.getLogger(__name__)

CACHE_VERSION = 1
INDEX_NAME = "cases.json"
SAMPLE_SIZE = 4096
# Held out by name, spread evenly: every 20th head-neck scan and three tumours; of one's own, about every fifth.
HELD_OUT_EVERY, HELD_OUT_EVERY_OWN = 20, 5
HELD_OUT_TUMOURS = ("STS_006", "STS_023", "STS_034")


def default_cache() -> Path:
    """Where prepared cases are kept when no place is given."""
    return Path.home() / ".cache" / "medvlsam2" / "training"


def prepare(data: Path, cache: Path, seed: int = 0) -> None:
    """Read the training folders once and write the cache; a complete cache of this version is left alone."""
    if is_prepared(cache):
        return
    cache.mkdir(parents=True, exist_ok=True)
    index = []
    for number, raw in enumerate(read_all(data)):
        index.append(_write(raw, cache, np.random.default_rng((seed, number))))
        logger.info("prepared %s: %d objects", raw.name, len(index[-1]["objects"]))
    # Written last: an index means that all arrays are there.
    (cache / INDEX_NAME).write_text(json.dumps({"version": CACHE_VERSION, "cases": index}), encoding="utf-8")


def is_prepared(cache: Path) -> bool:
    """Whether a complete cache of this version is there."""
    index = cache / INDEX_NAME
    return index.exists() and json.loads(index.read_text(encoding="utf-8"))["version"] == CACHE_VERSION


def load_cases(cache: Path) -> list[Case]:
    """All prepared cases, their arrays mapped from disk."""
    content = json.loads((cache / INDEX_NAME).read_text(encoding="utf-8"))
    return [_read(entry, cache) for entry in content["cases"]]


def is_held_out(group: str, name: str) -> bool:
    """Whether a case is for validation only, decided by its name alone."""
    if group == "head_neck":
        return int(name.removeprefix("pt_")) % HELD_OUT_EVERY == 0
    if group == OWN:
        return zlib.crc32(name.encode()) % HELD_OUT_EVERY_OWN == 0
    return group == "tumour" and name in HELD_OUT_TUMOURS


def _write(raw: RawCase, cache: Path, rng: np.random.Generator) -> dict[str, Any]:
    layers = {LABELS: raw.labels}
    objects = objects_of_layer(LABELS, raw.labels, raw.label_names, raw.spacing_mm, rng)
    if raw.image is not None:
        layers[TISSUES] = tissues.tissue_layer(raw.image, raw.spacing_mm)
        objects += _tissue_objects(layers[TISSUES], raw, rng)
        np.save(cache / f"{raw.name}.image.npy", raw.image)
    for name, layer in layers.items():
        np.save(cache / f"{raw.name}.{name}.npy", layer)
    return {
        "name": raw.name,
        "group": raw.group,
        "spacing_mm": raw.spacing_mm,
        "layers": list(layers),
        "has_image": raw.image is not None,
        "held_out": is_held_out(raw.group, raw.name) if raw.held_out is None else raw.held_out,
        "objects": [_plain(item) for item in objects],
    }


def _tissue_objects(layer: np.ndarray, raw: RawCase, rng: np.random.Generator) -> list[TrainingObject]:
    objects = objects_of_layer(TISSUES, layer, tissues.NAMES, raw.spacing_mm, rng)
    present = {value for item in objects for value in item.ids}
    groups = {name: tuple(sorted(present & set(ids))) for name, ids in tissues.GROUPS.items()}
    made = (object_of_ids(n, TISSUES, layer, ids, raw.spacing_mm, rng) for n, ids in groups.items() if len(ids) > 1)
    return objects + [item for item in made if item is not None]


def _plain(item: TrainingObject) -> dict[str, Any]:
    return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in asdict(item).items()}


def _read(entry: dict[str, Any], cache: Path) -> Case:
    name = entry["name"]
    image = np.load(cache / f"{name}.image.npy", mmap_mode="r") if entry["has_image"] else None
    layers = {layer: np.load(cache / f"{name}.{layer}.npy", mmap_mode="r") for layer in entry["layers"]}
    k, j, i = entry["spacing_mm"]
    return Case(
        name=name,
        group=entry["group"],
        spacing_mm=(k, j, i),
        image=image,
        layers=layers,
        objects=tuple(_object(item) for item in entry["objects"]),
        sample=_sample(image),
        # Caches of earlier versions leave it to the name.
        held_out=entry.get("held_out", is_held_out(entry["group"], name)),
    )


def _object(item: dict[str, Any]) -> TrainingObject:
    arrays = {key: np.array(item[key]) for key in ("lo", "hi", "clicks")}
    return TrainingObject(item["name"], item["layer"], tuple(item["ids"]), voxels=item["voxels"], **arrays)


def _sample(image: np.ndarray | None) -> np.ndarray:
    """Evenly spread voxels of an image."""
    if image is None:
        return np.zeros(0, np.int16)
    step = max(1, round((image.size / SAMPLE_SIZE) ** (1 / 3)))
    return np.array(image[::step, ::step, ::step]).ravel()
