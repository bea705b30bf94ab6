"""What a checkpoint says of itself, read without loading it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.learning_start import why_not_learned_from
from MedVLSAM2Lib.plain_json import parse_json
from MedVLSAM2Lib.shown_paths import by_name


@dataclass(frozen=True)
class CheckpointCard:
    """The part of a checkpoint's ``config.json`` that the panel shows.

    Attributes:
        folder: where the checkpoint lies.
        name: what it is called.
        capabilities: what it says it was trained for; empty when it does not say.
        problem: one sentence: why it cannot be a checkpoint; empty when it may be one.
        why_not_learned_from: one sentence: why learning cannot go on from it; empty when it may.
    """

    folder: Path
    name: str
    capabilities: tuple[str, ...] = ()
    problem: str = ""
    why_not_learned_from: str = ""


def read_checkpoint_card(folder: Path) -> CheckpointCard:
    """The card of the checkpoint in ``folder``; its weights are looked at when the engine loads them."""
    name = folder.name or str(folder)
    if not folder.is_dir():
        return CheckpointCard(folder, name, problem=f"There is no model in {name}; choose another checkpoint folder.")
    try:
        card: Any = parse_json((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return CheckpointCard(folder, name, problem=f"{name} holds no config.json; choose a checkpoint folder.")
    except (OSError, ValueError):
        problem = f"The config.json in {name} cannot be read; copy or download the checkpoint again."
        return CheckpointCard(folder, name, problem=problem)
    if not isinstance(card, dict):
        return CheckpointCard(folder, name, problem=f"The config.json in {name} describes no model; choose another.")
    capabilities = _texts(card.get("capabilities"))
    why_not = by_name(why_not_learned_from(folder), folder)
    return CheckpointCard(folder, str(card.get("name") or name), capabilities, why_not_learned_from=why_not)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
