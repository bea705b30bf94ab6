"""One file that holds everything, and loads nothing from anywhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from MedVLSAM2Lib.evaluation.page.picture import Picture

if TYPE_CHECKING:
    from MedVLSAM2Lib.evaluation.report import Report

_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1.5rem; font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2rem; font-size: 1.1rem; }
.soft { opacity: .7; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-size: .85rem; opacity: .8; }
svg { width: 100%; font: 11px system-ui, sans-serif; } img { max-width: 100%; background: #000; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #8884; white-space: nowrap; }
"""


def evaluation_page(report: Report) -> str:
    """The page of a suite: its plots, its worst cases, its tables."""
    title = f"MedVLSAM2: {report.suite}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        *_figures("", [f"<figcaption>{escape(name)}</figcaption>{svg}" for name, svg in report.plots.items()]),
        *_figures("The worst cases: truth in green, the answer in orange", [_image(one) for one in report.pictures]),
        *_of_markdown(report.markdown),
    ]
    # No address may be followed from here, whatever a case is called.
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    head = f"<meta charset='utf-8'>{policy}<title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _figures(title: str, figures: Sequence[str]) -> Iterator[str]:
    if not figures:
        return
    if title:
        yield f"<h2>{escape(title)}</h2>"
    yield f"<div class='row'>{''.join(f'<figure>{figure}</figure>' for figure in figures)}</div>"


def _image(picture: Picture) -> str:
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    caption = escape(picture.caption)
    return f"<img alt='{escape(picture.caption, quote=True)}' src='{source}'><figcaption>{caption}</figcaption>"


def _of_markdown(text: str) -> Iterator[str]:
    """The headings, tables and paragraphs that suites write; no other Markdown."""
    for block in text.split("\n\n"):
        lines = [line for line in block.strip().splitlines() if line]
        if not lines:
            continue
        if lines[0].startswith("|"):
            yield _table(lines)
            continue
        for line in lines:
            level = len(line) - len(line.lstrip("#"))
            yield f"<h2>{escape(line.lstrip('# '))}</h2>" if level else f"<p>{escape(line)}</p>"


def _table(lines: Sequence[str]) -> str:
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("|")]
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows[2:])
    after = "".join(f"<p>{escape(line)}</p>" for line in lines if not line.startswith("|"))
    return f"<table><tr>{head}</tr>{body}</table>{after}"
