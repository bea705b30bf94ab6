"""A first draft: what was segmented and measured, said in the template's words, and nothing about what was not looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from MedVLSAM2Lib.report.evidence import Evidence, SlicePlace
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.placeholders import SIDE, Placeholder
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.report.report import Missing, ModelIdentity, Report, ReportSegment
from MedVLSAM2Lib.report.side import Side
from MedVLSAM2Lib.report.statements import Source, Statement
from MedVLSAM2Lib.report.technique import header_words
from MedVLSAM2Lib.report.templates import Alternatives, Template, blanks

WITHOUT_EVIDENCE = "A normal finding without evidence is not stated."


@dataclass(frozen=True)
class ModelSentence:
    """A sentence the model wrote.

    Attributes:
        text: its words; numbers in it are the model's and never count as measured, unless they are placeholders.
        segment_ids: the segments it grounded, its evidence.
        section: where it belongs.
        place: the slice it looked at, where it names one.
    """

    text: str
    segment_ids: tuple[str, ...] = ()
    section: SectionKey = SectionKey.FINDINGS
    place: SlicePlace | None = None


def draft_report(
    template: Template,
    segments: Iterable[ReportSegment],
    model: ModelIdentity | None = None,
    indication: str = "",
    header: Mapping[str, object] | None = None,
    sentences: Sequence[ModelSentence] = (),
    not_found: Iterable[str] = (),
) -> Report:
    """A draft by ``template``.

    Args:
        template: the study type's.
        segments: measured segments; empty ones are known to the report but not spoken of.
        model: which model drew the masks.
        indication: as the user typed it.
        header: the scan's DICOM keywords and values, for the technique.
        sentences: what the model wrote. One that calls something normal or absent without a segment to show for it is struck.
        not_found: the names of what was looked for without finding it.
    """
    report = with_not_found(Report(template.layout, model=model), template, not_found)
    if indication.strip():
        report = report.with_typed(SectionKey.INDICATION, indication.strip())
    for text in _said(template.phrases.technique, header_words(header or {})):
        report = report.with_statement(Statement(report.new_id(), SectionKey.TECHNIQUE, text, Source.HEADER))
    for segment in segments:
        report = with_drafted_segment(report, template, segment)
    for sentence in sentences:
        report = with_model_sentence(report, template, sentence)
    return report


def drafted_again(
    report: Report, template: Template, model: ModelIdentity | None = None, header: Mapping[str, object] | None = None
) -> Report:
    """``report`` by ``template``, which may be another than before; what a person typed, edited or struck is kept.

    Sentences about deleted segments go, unless a person changed them.
    """
    drafted = (Source.MEASURED, Source.HEADER)
    kept = [one for one in report.statements if one.source not in drafted or _is_wanted(report, one)]
    report = replace(report, layout=template.layout, model=model, statements=tuple(kept))
    for text in _said(template.phrases.technique, header_words(header or {})):
        if text not in {one.before_edit or one.text for one in report.statements}:
            report = report.with_statement(Statement(report.new_id(), SectionKey.TECHNIQUE, text, Source.HEADER))
    for segment in report.segments.values():
        if not segment.deleted:
            report = with_drafted_segment(report, template, segment)
    return report


def with_not_found(report: Report, template: Template, names: Iterable[str]) -> Report:
    """The report that says of ``names``, besides those it names already, that they were looked for and not found."""
    every = dict.fromkeys([*(one.name for one in report.missing), *names])
    return replace(report, missing=tuple(Missing(name, system_of(template, name)) for name in every))


def _is_wanted(report: Report, drafted: Statement) -> bool:
    """Whether a drafted sentence is to be kept for now: struck by hand, or of a segment that is there."""
    return bool(drafted.struck or (drafted.source is Source.MEASURED and not report.why_struck(drafted)))


def with_drafted_segment(report: Report, template: Template, segment: ReportSegment) -> Report:
    """The report with what the template says of a segment that is new, or was corrected or renamed.

    Of a known segment only what changed is changed: sentences that would be drafted again as they are keep their place and
    whether they are struck, and none comes back that a person has edited. Numbers need no redrafting
    (``Report.with_measurements``); that a lesion has come apart or reaches the border of the scan does.
    """
    before = report.segments.get(segment.segment_id)
    report = report.with_segment(segment)
    drafted = _drafted(template, segment)
    own = [one for one in report.statements if one.evidence == (Evidence(segment.segment_id),)]
    kept = [one for one in own if one.source is Source.MEASURED and (one.section, one.text) in drafted]
    gone = [one for one in own if one.source is Source.MEASURED and one not in kept]
    said = {(one.section, one.before_edit or one.text) for one in own if one not in gone}
    new = [named for named in drafted if named not in said]
    if before is not None and before.name != segment.name and [one.section for one in gone] == [key for key, _ in new]:
        return _renamed(report, drafted, dict(zip(gone, new, strict=True)))
    report = replace(report, statements=tuple(one for one in report.statements if one not in gone))
    for section, text in new:
        report = _with_measured(report, section, text, segment, drafted[section, text])
    return report


def _renamed(
    report: Report,
    drafted: Mapping[tuple[SectionKey, str], str],
    renamed: Mapping[Statement, tuple[SectionKey, str]],
) -> Report:
    """The report with each of the statements saying the same of another name, where it stands and as struck as it was."""
    statements = [
        replace(one, text=renamed[one][1], system=drafted[renamed[one]]) if one in renamed else one
        for one in report.statements
    ]
    return replace(report, statements=tuple(statements))


def _drafted(template: Template, segment: ReportSegment) -> dict[tuple[SectionKey, str], str]:
    """The sentences of a segment, by section and text, each with its organ system."""
    if not segment.measurements.value(Quantity.VOLUME):
        return {}
    system, known = system_of(template, _all_words(segment)), _known(segment)
    drafted = {(SectionKey.FINDINGS, text): system for text in _said(_findings(template, segment), known)}
    if is_lesion(template, segment):
        drafted |= {(SectionKey.IMPRESSION, text): "" for text in _said(template.phrases.impression, known)}
    return drafted


def with_model_sentence(report: Report, template: Template, sentence: ModelSentence) -> Report:
    """The report with a sentence of the model, under the organ system of its segments or its words."""
    segments = [report.segments[one] for one in sentence.segment_ids if one in report.segments]
    words = " ".join([*(_all_words(segment) for segment in segments), sentence.text])
    findings = sentence.section is SectionKey.FINDINGS
    statement = Statement(
        report.new_id(),
        sentence.section,
        sentence.text.strip(),
        Source.MODEL,
        tuple(Evidence(segment.segment_id, sentence.place) for segment in segments),
        system_of(template, words) if findings else "",
        "" if segments or not _has_word(template.normal_words, sentence.text) else WITHOUT_EVIDENCE,
    )
    return report.with_statement(statement)


def is_lesion(template: Template, segment: ReportSegment) -> bool:
    """Whether a segment is something abnormal, by its code or its name."""
    return segment.code.is_lesion or _has_word(template.lesion_words, segment.name)


def system_of(template: Template, words: str) -> str:
    """The key of the organ system that ``words`` speak of: the longest structure named in them decides."""
    found = [
        (len(word), -order, structures.system)
        for order, structures in enumerate(template.structures)
        for word in structures.words
        if _has_word((word,), words)
    ]
    return max(found)[2] if found else template.layout.other.key


def window_of(template: Template, segment: ReportSegment) -> str:
    """The CT window (``CT_WINDOWS``) that shows a segment well."""
    system = system_of(template, _all_words(segment))
    return next((one.window for one in template.structures if one.system == system), "soft tissue")


def _findings(template: Template, segment: ReportSegment) -> tuple[Alternatives, ...]:
    phrases, measured = template.phrases, segment.measurements
    lesion = is_lesion(template, segment)
    several = lesion and (measured.value(Quantity.PARTS) or 0) > 1
    said = phrases.lesion if lesion else phrases.organ
    return said + (phrases.parts if several else ()) + (phrases.edge if measured.at_edge else ()) + phrases.change


def _said(sentences: Iterable[Alternatives], known: Mapping[str, str]) -> list[str]:
    """Each sentence in the first way whose every blank is known, with its blanks filled."""
    said = []
    for alternatives in sentences:
        for text in alternatives:
            if all(blank in known for blank in blanks(text)):
                said.append(text.format_map(known))
                break
    return said


def _known(segment: ReportSegment) -> dict[str, str]:
    """What the blanks stand for: the name in words, every number as a placeholder."""
    # The name is a user's and goes in as it is; Placeholder braces inside it would be read as numbers.
    name = segment.name.replace("{", "(").replace("}", ")").replace("_", " ")
    known = {"name": name, "Name": name[:1].upper() + name[1:]}
    for quantity in segment.measurements.measurements:
        known[quantity] = str(Placeholder(quantity, segment.segment_id))
    says_side = _has_word((Side.LEFT, Side.RIGHT, "bilateral"), _all_words(segment))
    if segment.measurements.side is not None and not says_side:
        known[SIDE] = str(Placeholder(SIDE, segment.segment_id))
    return known


def _with_measured(report: Report, section: SectionKey, text: str, segment: ReportSegment, system: str) -> Report:
    evidence = (Evidence(segment.segment_id),)
    return report.with_statement(Statement(report.new_id(), section, text, Source.MEASURED, evidence, system))


def _all_words(segment: ReportSegment) -> str:
    return f"{segment.name} {segment.code.words}".replace("_", " ")


def _has_word(words: Iterable[str], text: str) -> bool:
    """Whether one of ``words`` stands in ``text`` as whole words, singular or plural."""
    return any(re.search(rf"\b{re.escape(word)}(s|es)?\b", text, re.IGNORECASE) for word in words)
