"""Measurements, statements that point at their voxels, drafts by template, and their export (no torch, no Slicer)."""

from MedVLSAM2Lib.report.codes import Code, SegmentCode
from MedVLSAM2Lib.report.drafting import ModelSentence, draft_report, with_drafted_segment, with_model_sentence
from MedVLSAM2Lib.report.evidence import Evidence, SlicePlace
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.measurements import Measurement, SegmentMeasurements, measure_segment
from MedVLSAM2Lib.report.outline import outline
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.report.report import DRAFT_MARK, ModelIdentity, Report, ReportError, ReportSegment
from MedVLSAM2Lib.report.report_json import report_from_json, report_to_json
from MedVLSAM2Lib.report.statements import Source, Statement
from MedVLSAM2Lib.report.templates import TemplateError, bundled_templates, list_templates, read_template

__all__ = [
    "DRAFT_MARK",
    "Code",
    "Evidence",
    "Measurement",
    "ModelIdentity",
    "ModelSentence",
    "Quantity",
    "Report",
    "ReportError",
    "ReportSegment",
    "SectionKey",
    "SegmentCode",
    "SegmentMeasurements",
    "SlicePlace",
    "Source",
    "Statement",
    "TemplateError",
    "bundled_templates",
    "draft_report",
    "list_templates",
    "measure_segment",
    "outline",
    "read_template",
    "report_from_json",
    "report_to_json",
    "with_drafted_segment",
    "with_model_sentence",
]
