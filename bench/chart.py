"""A picture of measured numbers as a Mermaid block, which GitHub and GitLab draw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_COLOURS = {"blue": "#1f77b4", "orange": "#ff7f0e", "green": "#2ca02c", "red": "#d62728", "purple": "#9467bd"}


def lines(x_axis: str, y_axis: str, points: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """A line for each of at most five `series`, over `points` at equal distances, from zero on.

    Only new renderers draw a legend, so a sentence beneath names the lines by colour and by their order at
    the last point, for whoever does not tell the colours apart.
    """
    highest = max(value for values in series.values() for value in values)
    settings = {"themeVariables": {"xyChart": {"plotColorPalette": ", ".join(_COLOURS.values())}}}
    text = [
        "```mermaid",
        f"%%{{init: {json.dumps(settings)}}}%%",
        "xychart-beta",
        f"  x-axis {json.dumps(x_axis)} {json.dumps(list(points))}",
        f"  y-axis {json.dumps(y_axis)} 0 --> {highest * 1.1:.3g}",
        *(f"  line {json.dumps(name)} {json.dumps(list(values))}" for name, values in series.items()),
        "```",
    ]
    colours = dict(zip(series, _COLOURS, strict=False))
    order = sorted(series, key=lambda name: -series[name][-1])
    legend = "; ".join(f"{name} ({colours[name]})" for name in order)
    return "\n".join(text) + f"\n\nFrom above at {points[-1]}: {legend}.\n"
