"""The style of the page: light and dark, narrow and wide, and on paper."""

from __future__ import annotations

STYLE = """
:root { --ink: #1b1f24; --soft: #5b6570; --line: #d9dee3; --paper: #ffffff; --ground: #eef1f4; --accent: #0b6e99;
  --warn-ink: #6b3a00; --warn: #ffe9c7; --warn-line: #e0a94a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5b0; --line: #333b44; --paper: #1a1f25;
  --ground: #101418; --accent: #63c0e8; --warn-ink: #ffd591; --warn: #3a2a10; --warn-line: #7a5a1e; } }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", "DejaVu Sans", sans-serif; }
body { margin: 0; }
body > .draft { position: sticky; top: 0; z-index: 1; margin: 0; padding: .5rem 1rem; text-align: center;
  font-weight: 650; letter-spacing: .02em; color: var(--warn-ink); background: var(--warn);
  border-bottom: 1px solid var(--warn-line); }
main { max-width: 54rem; margin: 1.5rem auto; padding: 2rem 2.5rem 2.5rem; background: var(--paper);
  border: 1px solid var(--line); border-radius: 10px; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 2rem 0 .6rem; padding-bottom: .3rem; font-size: .8rem; font-weight: 700; letter-spacing: .09em;
  text-transform: uppercase; color: var(--accent); border-bottom: 1px solid var(--line); }
p { margin: 0 0 .3rem; overflow-wrap: anywhere; }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: 13rem 1fr; gap: 0 1.25rem; padding: .35rem 0; }
dl > div + div { border-top: 1px solid var(--line); }
dt { font-weight: 600; overflow-wrap: anywhere; }
dd { margin: 0; min-width: 0; }
dd p:last-child { margin-bottom: 0; }
header dl { margin-top: .8rem; }
.silent, .empty { color: var(--soft); }
.silent dt { font-weight: 400; }
.impression p { font-size: 1.05rem; font-weight: 550; }
.impression p.empty { font-size: 1rem; font-weight: 400; }
data { white-space: nowrap; border-bottom: 1px dotted var(--accent); font-variant-numeric: tabular-nums; }
.mark { padding: 0 .4em; font-size: .72rem; font-weight: 600; color: var(--soft); border: 1px solid var(--line);
  border-radius: 999px; vertical-align: .08em; }
a { display: inline-block; min-width: 1.45em; padding: 0 .3em; font-size: .72rem; font-weight: 700; line-height: 1.45;
  text-align: center; text-decoration: none; color: var(--paper); background: var(--accent); border-radius: 4px;
  vertical-align: .1em; }
a:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.25rem; margin-top: 1rem; }
figure { margin: 0; break-inside: avoid; scroll-margin-top: 4rem; }
figure:target .frame { outline: 3px solid var(--accent); }
.frame { position: relative; overflow: hidden; background: #000; border-radius: 6px; }
img { display: block; width: 100%; height: auto; }
.frame span { position: absolute; top: 50%; transform: translateY(-50%); font-weight: 700; font-size: .85rem; color: #fff;
  text-shadow: 0 0 3px #000, 0 0 3px #000; }
.left { left: .5rem; }
.right { right: .5rem; }
figcaption { margin-top: .45rem; font-size: .82rem; line-height: 1.4; color: var(--soft); }
figcaption strong { color: var(--ink); }
figcaption b { padding: 0 .45em; color: var(--paper); background: var(--accent); border-radius: 4px; }
footer { max-width: 54rem; margin: 0 auto 2rem; padding: 0 2.5rem; font-size: .8rem; color: var(--soft); }
footer .draft { font-weight: 650; color: var(--warn-ink); }
@media (max-width: 40rem) { main { margin: 0; padding: 1.25rem; border: 0; border-radius: 0; }
  dl > div { grid-template-columns: 1fr; } footer { margin-top: 1rem; padding: 0 1.25rem; } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --ground: #fff; --accent: #084c6b;
    --warn-ink: #000; --warn: #fff; --warn-line: #000; }
  @page { margin: 16mm; }
  html { font-size: 10.5pt; }
  /* The head of a table is printed again on every page: no sheet leaves the printer without the mark. */
  body { display: table; width: 100%; }
  body > .draft { display: table-header-group; break-inside: avoid; padding: 0; background: none; border: 0; font-size: 9pt; }
  main { display: table-row-group; }
  footer { display: table-row-group; } footer p:first-child { padding-top: 4mm; }
  footer .draft { display: none; }
  header { padding-top: 5mm; }
  h2 { break-after: avoid; }
  dl > div { break-inside: avoid; }
  .grid { grid-template-columns: repeat(3, 1fr); }
  img { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
"""Style sheet of the exported page; no address in it leads outside."""
