"""A report as plain text, for the clipboard."""

from __future__ import annotations

from collections.abc import Iterator

from MedVLSAM2Lib.report.exporters.patient import PatientDetails
from MedVLSAM2Lib.report.exporters.visible_text import visible
from MedVLSAM2Lib.report.outline import Block, Group, Outline, outline
from MedVLSAM2Lib.report.report import Report


def plain_text(report: Report, patient: PatientDetails | None = None) -> str:
    """The report's standing sentences under their headings, first and last line the draft mark.

    Sentences of the model and sentences edited by hand are marked as such.
    """
    return visible("\n".join(_lines(outline(report), patient or PatientDetails()))) + "\n"


def _lines(shown: Outline, patient: PatientDetails) -> Iterator[str]:
    yield shown.mark
    yield ""
    yield shown.title
    for title, value in patient.lines():
        yield f"{title}: {value}"
    for block in shown.blocks:
        yield ""
        yield block.title.upper()
        yield from _block_lines(block)
    yield ""
    yield shown.model
    yield shown.mark


def _block_lines(block: Block) -> Iterator[str]:
    for group in block.groups:
        text = " ".join([*_sentences(group), *filter(None, [group.not_found])]) or group.empty
        yield f"{group.title}: {text}" if group.title else text


def _sentences(group: Group) -> Iterator[str]:
    for line in group.lines:
        yield f"{line.text} [{line.mark}]" if line.mark else line.text
