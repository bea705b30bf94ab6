"""What a checkpoint says of itself: the values in its ``config.json`` and the card for people beside it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.model.component_folder import CONFIG_NAME
from MedVLSAM2Lib.training.config import TrainingConfig

CAPABILITIES = ("click", "box", "scribble", "lasso", "prior")
CARD_NAME = "MODEL_CARD.md"


@dataclass(frozen=True)
class Source:
    """Data a checkpoint was trained on, with the licence its publisher states."""

    folder: str
    what: str
    licence: str


SOURCES = (
    Source("head_neck_ct", "262 head-neck CTs with up to seven organs (OpenKBP, ababier/open-kbp)", "MIT"),
    Source("soft_tissue_tumour", "27 CTs with one soft-tissue sarcoma each", "CC BY 3.0"),
    Source("trunk_ct/tcga_ov_09-2043, trunk_ct/cptac_pda_C3N-00249",
           "two CTs of chest and abdomen (TCIA TCGA-OV and CPTAC-PDA, by xcist/phantoms-voxelized)", "CC BY 3.0"),
    Source("trunk_ct/nsclc_radiogenomics_R01-001, trunk_ct/readii_4dlung_113",
           "two chest CTs, one with a lung tumour (by bhklab/readii; TCIA)",
           "MIT; the TCIA collections CC BY 3.0 (not restated by the repository)"),
    Source("trunk_ct/tptbox_ct_L3", "CT crop of three lumbar vertebrae (TPTBox)", "Apache-2.0"),
    Source("label_maps/trunk", "label maps of two trunks (TotalSegmentator dataset v2, Wasserthal et al. 2023, by "
           "scottassen/totalsegdata)", "CC BY 4.0"),
    Source("label_maps/abdomen", "label map of one abdomen (SPL abdominal atlas)", "3D Slicer licence"),
    Source("label_maps/head_neck", "70 head-neck label maps (35 scans, two raters)", "CC BY 4.0"),
    Source("label_maps/head", "8 head label maps", "Apache-2.0"),
)  # fmt: skip

LIMITS = (
    "Not a medical device: for research only; check every mask.",
    "Views have 48 cells along an edge. Thin and long structures (cord, mandible, esophagus, vessels) need several clicks.",
    "Trained on few patients: head and neck best, organs of the trunk mostly from two label maps with made-up contrast.",
    "No MR, PET or ultrasound scan was in the training; other contrasts were only simulated from CT and label maps.",
    "It follows prompts; it knows no names of organs.",
)


def card_of(config: TrainingConfig, steps: int, seconds: float, validation: dict[str, float]) -> dict[str, Any]:
    """The values of ``config.json`` beside the network's shape."""
    return {
        "name": "interactive",
        "licence": "Apache-2.0",
        "capabilities": list(CAPABILITIES),
        "trained_on": [f"{source.what}: {source.licence}" for source in SOURCES],
        "training": {
            "steps": steps,
            "views": steps * config.batch,
            "seconds": round(seconds),
            "seed": config.seed,
            "validation": {name: round(value, 4) for name, value in validation.items()},
        },
    }


def write_card(checkpoint: Path, run: Path, command: str, note: str = "") -> None:
    """Write ``MODEL_CARD.md`` into a checkpoint's folder, from its config and the curve of its run.

    ``note`` says what the command does not: what the run began with, what changed while it ran.
    """
    card = json.loads((checkpoint / CONFIG_NAME).read_text(encoding="utf-8"))
    sections = (
        ("What it is", _summary(card)),
        ("Trained on", _sources()),
        ("How", _how(card, command) + (f"\n\n{note}" if note else "")),
        ("Validation during training", _validation(run / "validation.csv")),
        ("Limits", "\n".join(f"- {limit}" for limit in LIMITS)),
    )
    text = "# MedVLSAM2 interactive checkpoint\n\n" + "\n\n".join(f"## {title}\n\n{body}" for title, body in sections)
    (checkpoint / CARD_NAME).write_text(text + "\n", encoding="utf-8")


def _summary(card: dict[str, Any]) -> str:
    prompts = ", ".join(card["capabilities"])
    return (
        f"A residual 3D U-Net over one cube of the volume ({card['side']}³ cells): prompts ({prompts}) in, the cube's "
        "mask and an estimate of its Dice out. Licence of the weights: " + card["licence"] + "."
    )


def _sources() -> str:
    rows = [f"| `{source.folder}` | {source.what} | {source.licence} |" for source in SOURCES]
    note = (
        "Besides these labels: body, lungs, bone, fat and gas by thresholds on the CTs, lesions drawn into them, and CTs "
        "made from the label maps. Every twentieth head-neck scan and three tumours were held out for validation."
    )
    return "\n".join(["| folder | what | licence |", "|---|---|---|", *rows]) + "\n\n" + note


def _how(card: dict[str, Any], command: str) -> str:
    training = card["training"]
    return (
        f"`{command}`\n\n{training['steps']} steps, {training['views']} views, {training['seconds'] / 3600:.1f} hours on "
        f"two CPU cores, seed {training['seed']}."
    )


def _validation(path: Path) -> str:
    """The curve in about ten rows."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    every = max(1, -(-len(rows) // 10))
    kept = rows[::every] + ([rows[-1]] if (len(rows) - 1) % every else [])
    table = ["| step | one of six cubes, as chosen | the best of six | fitting view, 1 click | 3 clicks |"]
    table.append("|---|---|---|---|---|")
    for row in kept:
        values = " | ".join(f"{float(row[name]):.2f}" for name in ("chosen", "best", "click_1", "click_3"))
        table.append(f"| {int(float(row['step']))} | {values} |")
    return "Dice on labelled objects of patients that were held out.\n\n" + "\n".join(table)
