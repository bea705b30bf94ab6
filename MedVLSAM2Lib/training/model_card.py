"""What a mask model of the interactive stage says of itself, and the data that all stages learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.training.config import RunConfig

CAPABILITIES = ("click", "box", "scribble", "lasso", "prior")


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


def card_of(config: RunConfig, steps: int, seconds: float, validation: dict[str, float], views: int) -> dict[str, Any]:
    """The values of ``config.json`` beside the network's shape; ``views`` is how many views, or slices, were seen."""
    return {
        "name": "interactive",
        "licence": "Apache-2.0",
        "capabilities": list(CAPABILITIES),
        "trained_on": [f"{source.what}: {source.licence}" for source in SOURCES],
        "training": {
            "steps": steps,
            "views": views,
            "seconds": round(seconds),
            "seed": config.seed,
            "validation": {name: round(value, 4) for name, value in validation.items()},
        },
    }
