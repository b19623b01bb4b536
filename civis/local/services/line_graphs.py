"""A line graph as an SVG image; knows nothing of what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["draw"]

_WIDTH, _HEIGHT, _MARGIN = 800, 275, 30
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c")


def draw(title: str, lines: Mapping[str, Sequence[float]]) -> str:
    """Draw lines over equal steps of time.

    Parameters
    ----------
    title : str
    lines : mapping
        Values by the line's name.

    Returns
    -------
    str
        An SVG document, 800 by 275 pixels.

    Examples
    --------
    >>> draw("Load", {"used": [0, 1]}).startswith("<svg")
    True
    """
    highest = max((value for values in lines.values() for value in values), default=0.0) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}">',
        f'<text x="{_MARGIN}" y="18">{escape(title)} (highest: {highest:g})</text>',
    ]
    for colour, (name, values) in zip(_COLOURS, lines.items(), strict=False):
        points = " ".join(_points(values, highest))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}">')
        parts.append(f"<title>{escape(name)}</title></polyline>")
    return "".join([*parts, "</svg>"])


def _points(values: Sequence[float], highest: float) -> list[str]:
    """Place values on the image."""
    wide, high = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    last = max(len(values) - 1, 1)
    return [
        f"{_MARGIN + wide * number / last:.1f},{_HEIGHT - _MARGIN - high * value / highest:.1f}"
        for number, value in enumerate(values)
    ]
