"""A report as one page that needs nothing else: its style and its key images are inside, and it loads and runs nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from MedVLSAM2Lib.report.exporters.html_style import STYLE
from MedVLSAM2Lib.report.exporters.key_images import KeyImage
from MedVLSAM2Lib.report.exporters.patient import PatientDetails
from MedVLSAM2Lib.report.exporters.visible_text import visible
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.outline import Block, Group, Line, Outline, outline
from MedVLSAM2Lib.report.placeholders import Piece
from MedVLSAM2Lib.report.report import Report

# What a browser may do with the page: show it. Text that got past the escaping still could not run or load anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LEGEND = (
    "Numbers with a dotted line were computed from the segment they belong to. "
    "Sentences marked <em>model</em> are a model's words; those marked <em>edited</em> were changed by hand."
)


def html_page(report: Report, images: Sequence[KeyImage] = (), patient: PatientDetails | None = None) -> str:
    """The whole page.

    Args:
        report: the draft; sentences that do not stand are left out.
        images: one for each finding (``key_images``).
        patient: what to print of the patient; nothing by default.
    """
    shown = outline(report)
    numbers = {image.segment_id: number for number, image in enumerate(images, 1)}
    title = _text(f"{shown.title} – {shown.mark}")
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f'<p class="draft" role="note">{_text(shown.mark)}</p>',
            "<main>",
            *_header(shown, patient or PatientDetails()),
            *(part for block in shown.blocks for part in _block(block, numbers)),
            *_key_images(images),
            "</main>",
            *_footer(shown),
            "</body>",
            "</html>",
            "",
        ]
    )


def _header(shown: Outline, patient: PatientDetails) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{_text(shown.title)}</h1>"
    if patient.lines():
        yield "<dl>"
        for title, value in patient.lines():
            yield f"<div><dt>{_text(title)}</dt><dd>{_text(value)}</dd></div>"
        yield "</dl>"
    yield "</header>"


def _block(block: Block, numbers: dict[str, int]) -> Iterator[str]:
    yield f'<section class="{block.key}">'
    yield f"<h2>{_text(block.title)}</h2>"
    if block.key is SectionKey.FINDINGS:
        yield "<dl>"
        for group in block.groups:
            silent = "" if group.lines else ' class="silent"'
            yield f"<div{silent}><dt>{_text(group.title)}</dt><dd>{_sentences(group, numbers)}</dd></div>"
        yield "</dl>"
    else:
        yield from (_sentences(group, numbers) for group in block.groups)
    yield "</section>"


def _sentences(group: Group, numbers: dict[str, int]) -> str:
    if not group.lines:
        return f'<p class="empty">{_text(group.empty)}</p>'
    said = "".join(f'<p class="{line.statement.source}">{_sentence(line, numbers)}</p>' for line in group.lines)
    return said + (f'<p class="empty">{_text(group.not_found)}</p>' if group.not_found else "")


def _sentence(line: Line, numbers: dict[str, int]) -> str:
    words = "".join(_piece(piece) for piece in line.pieces)
    mark = f' <span class="mark">{_text(line.mark)}</span>' if line.mark else ""
    links = "".join(_link(numbers[one.segment_id]) for one in line.evidence if one.segment_id in numbers)
    return f"<bdi>{words}</bdi>{mark}{links}"


def _piece(piece: Piece) -> str:
    if piece.placeholder is None:
        return _text(piece.text)
    return f'<data value="{_text(str(piece.placeholder.name))}">{_text(piece.text)}</data>'


def _link(number: int) -> str:
    return f' <a href="#image-{number}" aria-label="Key image {number}">{number}</a>'


def _key_images(images: Iterable[KeyImage]) -> Iterator[str]:
    figures = [_figure(number, image) for number, image in enumerate(images, 1)]
    if figures:
        yield '<section class="images">'
        yield "<h2>Key images</h2>"
        yield '<div class="grid">'
        yield from figures
        yield "</div>"
        yield "</section>"


def _figure(number: int, image: KeyImage) -> str:
    source = base64.b64encode(image.png).decode("ascii")
    name, left, right = _text(image.name), *(_text(side) for side in image.sides)
    return (
        f'<figure id="image-{number}"><div class="frame">'
        f'<img src="data:image/png;base64,{source}" width="{image.width}" height="{image.height}" '
        f'alt="Axial slice with the outline of {name}">'
        f'<span class="left" aria-hidden="true">{left}</span><span class="right" aria-hidden="true">{right}</span></div>'
        f"<figcaption><b>{number}</b> <strong><bdi>{name}</bdi></strong><br>{_text(image.caption)}</figcaption></figure>"
    )


def _footer(shown: Outline) -> Iterator[str]:
    yield "<footer>"
    yield f"<p>{_LEGEND}</p>"
    yield f"<p>{_text(shown.model)}</p>"
    yield f'<p class="draft">{_text(shown.mark)}</p>'
    yield "</footer>"


def _text(text: str) -> str:
    return escape(visible(text), quote=True).replace("\n", "<br>")
