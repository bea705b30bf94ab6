"""A phantom of an abdomen with three segments, and a draft about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from MedVLSAM2Lib.report.codes import SegmentCode
from MedVLSAM2Lib.report.drafting import draft_report
from MedVLSAM2Lib.report.measurements import measure_segment
from MedVLSAM2Lib.report.report import ModelIdentity, Report, ReportSegment
from MedVLSAM2Lib.report.templates import Template, bundled_templates, read_template
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume
from tests.report.shapes import a_mask, a_volume, an_ellipsoid, positions

GENERAL = "Segmentation category and type - 3D Slicer General Anatomy list"
WITHOUT_REGION = "~^^~Anatomic codes - DICOM master list~^^~^^"
LIVER = f"{GENERAL}~SCT^123037004^Anatomical Structure~SCT^10200004^Liver{WITHOUT_REGION}"
KIDNEY = f"{GENERAL}~SCT^123037004^Anatomical Structure~SCT^64033007^Kidney~SCT^7771000^Left~Anatomic codes - DICOM master list~^^~^^"
LESION = (
    f"{GENERAL}~SCT^49755003^Morphologically Altered Structure~SCT^4147007^Mass"
    "~^^~Anatomic codes - DICOM master list~SCT^64033007^Kidney~SCT^7771000^Left"
)


@dataclass(frozen=True)
class Phantom:
    """A scan and what is segmented in it, by segment id."""

    volume: Volume
    masks: dict[str, PackedMask]
    segments: dict[str, ReportSegment]


def make_phantom(volume: Volume) -> Phantom:
    """Paint a liver, a left kidney and a cyst in it on the grid of ``volume``."""
    shapes = {
        "Segment_1": an_ellipsoid((22, 18, 16), (18, 5, 0)),
        "Segment_2": an_ellipsoid((9, 11, 18), (-20, -10, 0)),
        "Segment_3": an_ellipsoid((5, 4, 5), (-21, -8, 6)),
    }
    masks = {segment_id: a_mask(volume, inside) for segment_id, inside in shapes.items()}
    ras = positions(volume)
    noise = np.random.default_rng(5).normal(0, 8, volume.shape)
    body = ((ras[..., :2] / (55, 40)) ** 2).sum(axis=-1) < 1
    array = np.where(body, 20 + noise, -1000)
    for shape, value in zip(shapes.values(), (110, 160, 8), strict=True):
        array = np.where(shape(ras), value + noise, array)
    scan = Volume(
        array.round().astype(np.int16), volume.ijk_to_ras, volume.modality, volume.units, "DOE^JANE 1961-02-03"
    )
    return phantom_of(scan, masks)


def phantom_of(scan: Volume, masks: dict[str, PackedMask]) -> Phantom:
    """Call ``Segment_1`` to ``Segment_3`` of any scan a liver, a left kidney and a cyst in it."""
    looks = {
        "Segment_1": ("liver", LIVER, (0.87, 0.51, 0.40)),
        "Segment_2": ("left kidney", KIDNEY, (0.73, 0.40, 0.51)),
        "Segment_3": ("renal cyst", LESION, (0.95, 0.85, 0.30)),
    }
    segments = {
        segment_id: ReportSegment(
            segment_id,
            name,
            measure_segment(scan, masks[segment_id], segment_id),
            SegmentCode.from_terminology(code),
            colour,
        )
        for segment_id, (name, code, colour) in looks.items()
    }
    return Phantom(scan, masks, segments)


@pytest.fixture(scope="session")
def a_phantom() -> Phantom:
    return make_phantom(a_volume((1.0, 1.0, 2.5), (128, 96, 24), np.diag([-1.0, -1.0, 1.0]), Modality.CT))


@pytest.fixture(scope="session")
def the_abdomen() -> Template:
    return read_template(bundled_templates() / "abdomen_pelvis.json")


@pytest.fixture(scope="session")
def a_model() -> ModelIdentity:
    return ModelIdentity("MedVLSAM2 interactive", "0.1.0", "ab" * 32)


@pytest.fixture
def a_report(a_phantom: Phantom, the_abdomen: Template, a_model: ModelIdentity) -> Report:
    header = {"Modality": "CT", "SliceThickness": "2.500", "KVP": 120, "PatientName": "DOE^JANE"}
    return draft_report(the_abdomen, a_phantom.segments.values(), a_model, "Flank pain.", header)
