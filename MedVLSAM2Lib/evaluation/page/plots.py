"""Small plots as SVG, made of nothing but text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Curve = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 460, 260, 44, 36, 12
_COLOURS = ("#0b6e99", "#d1662b", "#3f8f4f", "#8a4fbf", "#b23a48", "#6b7280")
_TICKS = 5
_BAR_HEIGHT, _LABEL_WIDTH = 22, 210
_SHARES = (("right", "#3f8f4f"), ("declined", "#b8bec6"), ("wrong", "#b23a48"))


def curves(lines: Mapping[str, Curve], x_title: str, y_title: str, diagonal: bool = False) -> str:
    """Lines by name over one pair of axes, y from 0 to 1; ``diagonal`` draws where both would be equal."""
    xs = [x for line in lines.values() for x, _ in line] or [0.0, 1.0]
    low, high = (0.0, 1.0) if diagonal else (min(xs), max(xs))
    parts = [*_axes(low, high, x_title, y_title)]
    if diagonal:
        parts.append(_polyline([(0.0, 0.0), (1.0, 1.0)], low, high, "#b8bec6", "4 4"))
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(_polyline(line, low, high, colour))
        parts += [f'<circle cx="{_x(x, low, high):.1f}" cy="{_y(y):.1f}" r="3" fill="{colour}"/>' for x, y in line]
        legend = _TOP + 14 * (number + 1)
        parts.append(f'<text x="{_WIDTH - 4}" y="{legend}" text-anchor="end" fill="{colour}">{escape(name)}</text>')
    return _svg(_WIDTH, _HEIGHT, parts)


def shares(rows: Mapping[str, Mapping[str, int]]) -> str:
    """A bar for each row, of how many answers were right, declined and wrong."""
    parts = []
    for number, (name, counts) in enumerate(rows.items()):
        y, x = number * _BAR_HEIGHT, float(_LABEL_WIDTH)
        total = sum(counts.get(what, 0) for what, _ in _SHARES)
        label = f"{escape(name)} ({total})"
        parts.append(f'<text x="{_LABEL_WIDTH - 8}" y="{y + 15}" text-anchor="end">{label}</text>')
        for what, colour in _SHARES:
            width = (_WIDTH - _LABEL_WIDTH) * counts.get(what, 0) / max(total, 1)
            title = f"<title>{what}: {counts.get(what, 0)}</title>"
            parts.append(
                f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="16" fill="{colour}">{title}</rect>'
            )
            x += width
    legend = ", ".join(what for what, _ in _SHARES)
    return _svg(_WIDTH, len(rows) * _BAR_HEIGHT, parts) + f"<p class='soft'>From the left: {legend}.</p>"


def _axes(low: float, high: float, x_title: str, y_title: str) -> list[str]:
    bottom = _HEIGHT - _BOTTOM
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH}" fill="none" stroke="currentColor" opacity=".5"/>',
        f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(x_title)}</text>',
        f'<text x="12" y="{bottom / 2}" text-anchor="middle" transform="rotate(-90 12 {bottom / 2})">{escape(y_title)}</text>',
    ]
    for tick in range(_TICKS + 1):
        share = tick / _TICKS
        x = low + share * (high - low)
        parts.append(f'<text x="{_LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.1f}</text>')
        parts.append(f'<text x="{_x(x, low, high):.1f}" y="{bottom + 14}" text-anchor="middle">{x:.3g}</text>')
    return parts


def _polyline(line: Curve, low: float, high: float, colour: str, dashes: str = "") -> str:
    points = " ".join(f"{_x(x, low, high):.1f},{_y(y):.1f}" for x, y in line)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - 12) * (value - low) / max(high - low, 1e-9)


def _y(value: float) -> float:
    return _TOP + (_HEIGHT - _BOTTOM - _TOP) * (1 - value)


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" fill="currentColor">{"".join(parts)}</svg>'
