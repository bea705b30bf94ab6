"""Whether learning can go on from a checkpoint: told by its config files, before anything is exported, read or trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from MedVLSAM2Lib.plain_json import parse_json, shortened

LEARNS = "patches"
"""The kind of mask model that stages with language learn with."""

_WHOLE = "medvlsam2"
_MASK_MODELS = ("mask_model", "locator")
_CONFIG_NAME = "config.json"


def why_not_learned_from(checkpoint: Path) -> str:
    """A sentence for the user; empty where learning can go on, or where its files do not tell.

    What cannot be read is told by what opens the checkpoint.
    """
    card = _read(checkpoint)
    if card.get("model_type") != _WHOLE:
        kind = card.get("architecture")
        return "" if kind is None else _of_a_mask_model(checkpoint, kind)
    components = card.get("components")
    for name in _MASK_MODELS:
        source = components.get(name) if isinstance(components, dict) else None
        path = source.get("path") if isinstance(source, dict) else None
        kind = _read(checkpoint / path).get("architecture", LEARNS) if isinstance(path, str) else LEARNS
        if kind != LEARNS:
            return wrong_kind(checkpoint, str(kind))
    return ""


def wrong_kind(checkpoint: Path, kind: str) -> str:
    """The sentence for a mask model of a kind that is not learned with."""
    return (
        f"The mask model in {checkpoint} is of the kind {shortened(kind)}; learning goes on from one of the kind {LEARNS}, "
        "such as the bundled checkpoint's."
    )


def _of_a_mask_model(checkpoint: Path, kind: Any) -> str:
    if kind != LEARNS:
        return wrong_kind(checkpoint, str(kind))
    return (
        f"The checkpoint in {checkpoint} holds a mask model alone; learning goes on from one with all parts, such as the "
        "bundled one."
    )


def _read(folder: Path) -> dict[str, Any]:
    try:
        card: Any = parse_json((folder / _CONFIG_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}
