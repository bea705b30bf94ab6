"""A report as JSON and back: the form in which it is kept in a scene and exported.

What is repeated for people and other programs (rendered sentences, units, codes) is written and not read back.
"""

from __future__ import annotations

import json
from typing import Any

from MedVLSAM2Lib.report.axial_diameters import AxialDiameters
from MedVLSAM2Lib.report.codes import Code, SegmentCode
from MedVLSAM2Lib.report.evidence import Evidence, SlicePlace
from MedVLSAM2Lib.report.json_fields import FieldError, Fields, parse
from MedVLSAM2Lib.report.layout import Layout, OrganSystem, Section, SectionKey
from MedVLSAM2Lib.report.measurements import Measurement, SegmentMeasurements
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.report.report import DRAFT_MARK, Missing, ModelIdentity, Report, ReportError, ReportSegment
from MedVLSAM2Lib.report.side import Midline, Side, SideFinding
from MedVLSAM2Lib.report.statements import Source, Statement
from MedVLSAM2Lib.volume.reorientation import Position

FORMAT = "medvlsam2-report"
VERSION = 1
_SHORT = 200
_SEGMENT_CODES = ("category", "type", "modifier", "region", "region_modifier")


def report_to_json(report: Report) -> str:
    """All of ``report``, as indented JSON; numbers come back bit for bit."""
    return json.dumps(report_to_dict(report), indent=1, ensure_ascii=False) + "\n"


def report_from_json(text: str | bytes) -> Report:
    """The report that was written by ``report_to_json``.

    Raises:
        ReportError: one sentence that names the field that is wrong.
    """
    try:
        return _read(parse(text))
    except FieldError as error:
        raise ReportError(f"This is no report that can be read: {error}") from error


def report_to_dict(report: Report) -> dict[str, Any]:
    """All of ``report`` in plain lists and dictionaries."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "status": DRAFT_MARK,
        "model": None if report.model is None else vars(report.model),
        "layout": _layout(report.layout),
        "segments": [_segment(segment) for segment in report.segments.values()],
        "statements": [_statement(report, statement) for statement in report.statements],
        "missing": [vars(one) for one in report.missing],
    }


def _layout(layout: Layout) -> dict[str, Any]:
    sections = [vars(section) for section in layout.sections]
    systems = [vars(system) for system in layout.systems]
    return {**vars(layout), "sections": sections, "systems": systems, "other": vars(layout.other)}


def _segment(segment: ReportSegment) -> dict[str, Any]:
    measured = segment.measurements
    codes = {name: getattr(segment.code, name) for name in _SEGMENT_CODES}
    return {
        "segment_id": segment.segment_id,
        "name": segment.name,
        "colour": list(segment.colour),
        "deleted": segment.deleted,
        "code": {name: vars(code) for name, code in codes.items() if code is not None},
        "at_edge": measured.at_edge,
        "place": _place(measured.place),
        "measurements": [_measurement(one) for one in measured.measurements.values()],
        "side": None if measured.side is None else _side(measured.side),
        "diameters": None if measured.diameters is None else vars(measured.diameters),
    }


def _measurement(measurement: Measurement) -> dict[str, Any]:
    definition = measurement.definition
    codes = {"concept": definition.concept, "derivation": definition.derivation, "method": definition.method}
    return {
        "quantity": measurement.quantity,
        "value": measurement.value,
        "unit": vars(definition.unit),
        **{name: vars(code) for name, code in codes.items() if code is not None},
        "text": measurement.text,
    }


def _side(found: SideFinding) -> dict[str, Any]:
    midline = vars(found.midline)
    return {"side": found.side, "right_share": found.right_share, "midline": midline, "code": vars(found.side.code)}


def _statement(report: Report, statement: Statement) -> dict[str, Any]:
    return {
        **vars(statement),
        "evidence": [_evidence(one) for one in statement.evidence],
        "reads": report.text_of(statement),
        "stands": not report.why_struck(statement),
        "why_struck": report.why_struck(statement),
        "points_at": [_evidence(one) for one in report.evidence_of(statement)],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {"segment_id": evidence.segment_id, "place": _place(evidence.place)}


def _place(place: SlicePlace | None) -> dict[str, Any] | None:
    return None if place is None else vars(place)


def _read(fields: Fields) -> Report:
    fields.constant("format", FORMAT)
    fields.constant("version", VERSION)
    fields.constant("status", DRAFT_MARK)
    model = fields.inner_or_none("model")
    segments = [_read_segment(one) for one in fields.objects("segments")]
    statements = tuple(_read_statement(one) for one in fields.objects("statements"))
    report = Report(
        _read_layout(fields.inner("layout")),
        statements,
        {segment.segment_id: segment for segment in segments},
        None if model is None else _read_model(model),
        tuple(_read_missing(one) for one in fields.objects("missing", optional=True)),
    )
    fields.finish()
    if len(report.segments) != len(segments) or len({s.statement_id for s in statements}) != len(statements):
        raise FieldError("two segments or two statements share an id.")
    return report


def _read_missing(fields: Fields) -> Missing:
    missing = Missing(fields.text("name", longest=_SHORT), fields.text("system", longest=_SHORT))
    fields.finish()
    return missing


def _read_model(fields: Fields) -> ModelIdentity:
    model = ModelIdentity(*(fields.text(name, longest=_SHORT) for name in ("name", "version", "checkpoint_sha256")))
    fields.finish()
    return model


def _read_layout(fields: Fields) -> Layout:
    layout = Layout(
        fields.text("study_type", longest=_SHORT),
        fields.text("title", longest=_SHORT),
        tuple(read_section(one) for one in fields.objects("sections")),
        tuple(_read_system(one) for one in fields.objects("systems")),
        _read_system(fields.inner("other")),
        fields.text("not_assessed", longest=_SHORT),
        fields.text("not_found", "Not found", longest=_SHORT),
    )
    fields.finish()
    return layout


def read_section(fields: Fields) -> Section:
    """A section, in a report or a template."""
    section = Section(fields.choice("key", SectionKey), fields.text("title", longest=_SHORT), fields.text("empty"))
    fields.finish()
    return section


def _read_system(fields: Fields) -> OrganSystem:
    system = OrganSystem(fields.text("key", longest=_SHORT), fields.text("title", longest=_SHORT))
    fields.finish()
    return system


def _read_segment(fields: Fields) -> ReportSegment:
    segment_id = fields.text("segment_id", longest=_SHORT)
    place = _read_place(fields)
    measurements = [_read_measurement(one, Evidence(segment_id, place)) for one in fields.objects("measurements")]
    side, diameters = fields.inner_or_none("side"), fields.inner_or_none("diameters")
    measured = SegmentMeasurements(
        segment_id,
        {one.quantity: one for one in measurements},
        None if side is None else _read_side(side),
        None if diameters is None else _read_diameters(diameters),
        fields.flag("at_edge"),
    )
    red, green, blue = fields.numbers("colour", 3)
    name, deleted = fields.text("name", longest=_SHORT), fields.flag("deleted")
    segment = ReportSegment(segment_id, name, measured, _read_code(fields.inner("code")), (red, green, blue), deleted)
    fields.finish()
    return segment


def _read_code(fields: Fields) -> SegmentCode:
    found = {name: fields.inner_or_none(name) for name in _SEGMENT_CODES}
    fields.finish()
    return SegmentCode(**{name: read_code(one) for name, one in found.items() if one is not None})


def read_code(fields: Fields) -> Code:
    """A coded word, in a report or a template."""
    code = Code(*(fields.text(name, longest=_SHORT) for name in ("value", "scheme", "meaning")))
    fields.finish()
    return code


def _read_measurement(fields: Fields, evidence: Evidence) -> Measurement:
    measurement = Measurement(fields.choice("quantity", Quantity), fields.number("value"), evidence)
    fields.written_for_people("unit", "concept", "derivation", "method", "text")
    fields.finish()
    return measurement


def _read_side(fields: Fields) -> SideFinding:
    midline = fields.inner("midline")
    fields.written_for_people("code")
    found = SideFinding(
        fields.choice("side", Side),
        fields.number("right_share"),
        Midline(midline.number("r_mm"), midline.text("how")),
    )
    midline.finish()
    fields.finish()
    return found


def _read_diameters(fields: Fields) -> AxialDiameters:
    diameters = AxialDiameters(
        fields.number("long_axis_mm"),
        fields.number("short_axis_mm"),
        _read_ends(fields, "long_axis"),
        _read_ends(fields, "short_axis"),
    )
    fields.finish()
    return diameters


def _read_ends(fields: Fields, name: str) -> tuple[Position, Position]:
    (r0, a0, s0), (r1, a1, s1) = fields.positions(name, 2)
    return (r0, a0, s0), (r1, a1, s1)


def _read_statement(fields: Fields) -> Statement:
    statement = Statement(
        fields.text("statement_id", longest=_SHORT),
        fields.choice("section", SectionKey),
        fields.text("text"),
        fields.choice("source", Source),
        tuple(_read_evidence(one) for one in fields.objects("evidence")),
        fields.text("system", longest=_SHORT),
        fields.text("struck"),
        fields.text("before_edit"),
    )
    fields.written_for_people("reads", "stands", "why_struck", "points_at")
    fields.finish()
    return statement


def _read_evidence(fields: Fields) -> Evidence:
    evidence = Evidence(fields.text("segment_id", longest=_SHORT), _read_place(fields))
    fields.finish()
    return evidence


def _read_place(fields: Fields) -> SlicePlace | None:
    place = fields.inner_or_none("place")
    if place is None:
        return None
    r, a, s = place.numbers("ras", 3)
    axis, count = place.whole("axis", 0, 2), place.whole("count", 1)
    found = SlicePlace((r, a, s), place.whole("index", 0, count - 1), axis, count)
    place.finish()
    return found
