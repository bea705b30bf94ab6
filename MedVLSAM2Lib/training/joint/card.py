"""The card of a checkpoint of every part, for people: from its config, the curve of its run and what was measured of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.files.atomic_write import write_atomically
from MedVLSAM2Lib.model.component_folder import CONFIG_NAME
from MedVLSAM2Lib.model.medvlsam2.config import LOCATOR, MASK_MODEL
from MedVLSAM2Lib.model.medvlsam2.model_card import CARD_NAME
from MedVLSAM2Lib.training.learning.training_run import VALIDATION_NAME
from MedVLSAM2Lib.training.model_card import SOURCES

MOST_ROWS = 10
COLUMNS = {
    "scan_organs": "organs of scans by name",
    "phantom_organs": "organs of phantoms by name",
    "phantom_findings": "findings of phantoms",
    "false_masks": "absent things found",
    "chosen": "first click, as chosen",
    "click_1": "fitting view, 1 click",
    "click_3": "3 clicks",
}
LIMITS = (
    "Not a medical device: for research only; check every mask and every sentence.",
    "Views have 48 cells along an edge. Thin and long structures (cord, mandible, esophagus, vessels) need several clicks.",
    "Trained on few patients: head and neck best, organs of the trunk mostly from two label maps with made-up contrast.",
    (
        "Its language was learned from phantoms and from the labels of the scans: findings of real patients were hardly in it. "
        "A sentence whose finding it cannot point at is not shown. That a structure was not found says no more than that: it may "
        "have been missed."
    ),
    "No MR, PET or ultrasound scan was in the training; other contrasts were only simulated from CT and label maps.",
)


def write_card(checkpoint: Path, run: Path, command: str, evaluations: Sequence[Path] = (), note: str = "") -> None:
    """Write ``MODEL_CARD.md`` into a checkpoint's folder.

    Args:
        checkpoint: a folder with every part.
        run: the output folder of its last stage.
        command: what trains it again.
        evaluations: Markdown tables of ``medvlsam2 evaluate``, which are copied into the card.
        note: what the command does not say: what the run began with, what changed while it ran.
    """
    card = json.loads((checkpoint / CONFIG_NAME).read_text(encoding="utf-8"))
    last = LOCATOR if LOCATOR in card["components"] else MASK_MODEL
    training = json.loads((checkpoint / last / CONFIG_NAME).read_text(encoding="utf-8"))["training"]
    sections = [
        ("What it is", _summary(card, checkpoint)),
        ("Intended use", "Research on segmentation and reporting with a person who checks every result."),
        ("Trained on", _sources()),
        ("How", _how(training, command) + (f"\n\n{note}" if note else "")),
        ("Validation during the last stage", _validation(run / VALIDATION_NAME)),
        *((f"Figures: {path.stem}", _deeper(path.read_text(encoding="utf-8"))) for path in evaluations),
        ("Limits", "\n".join(f"- {limit}" for limit in LIMITS)),
    ]
    text = f"# {card['name']}\n\n" + "\n\n".join(f"## {title}\n\n{body}" for title, body in sections)
    write_atomically(checkpoint / CARD_NAME, (text + "\n").encode())


def _summary(card: dict[str, Any], checkpoint: Path) -> str:
    parts = [f"- `{name}`: {_megabytes(checkpoint / name)}" for name in card["components"]]
    return (
        "MedVL-SAM2 (arXiv 2601.09879) at its smallest: volume encoder, projector, language model, seg projector and a mask "
        "model over cubes of the volume (`patches`), all trained from scratch. It was trained for: "
        f"{', '.join(card['capabilities'])}. Licence of the weights: {card['licence']}.\n\n" + "\n".join(parts)
    )


def _megabytes(folder: Path) -> str:
    return f"{sum(file.stat().st_size for file in folder.glob('*.safetensors')) / 1e6:.1f} MB"


def _sources() -> str:
    rows = [f"| `{source.folder}` | {source.what} | {source.licence} |" for source in SOURCES]
    note = (
        "Phantoms of trunk and head, made by this project, teach most of the language: every word in it was written by a "
        "grammar from measured facts. Besides the labels above: body, lungs, bone, fat and gas by thresholds on the CTs, "
        "lesions drawn into them, and CTs made from the label maps. Every twentieth head-neck scan and three tumours were "
        "held out for validation."
    )
    return "\n".join(["| folder | what | licence |", "|---|---|---|", *rows]) + "\n\n" + note


def _how(training: dict[str, Any], command: str) -> str:
    return (
        f"`{command}`\n\nThe last stage ({training['stage']}): {training['steps']} steps in "
        f"{training['seconds'] / 3600:.1f} hours on two CPU cores that had other work too, seed {training['seed']}."
    )


def _validation(path: Path) -> str:
    """The curve in about ten rows."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    every = max(1, -(-len(rows) // MOST_ROWS))
    kept = rows[::every] + ([rows[-1]] if (len(rows) - 1) % every else [])
    table = [f"| step | {' | '.join(COLUMNS.values())} |", "|---|" + "---|" * len(COLUMNS)]
    for row in kept:
        table.append(f"| {int(float(row['step']))} | {' | '.join(f'{float(row[name]):.2f}' for name in COLUMNS)} |")
    return "DSC on patients and phantoms that were held out; for absent things, the share.\n\n" + "\n".join(table)


def _deeper(markdown: str) -> str:
    """The headings of a table one level further down."""
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in markdown.splitlines()).strip()
