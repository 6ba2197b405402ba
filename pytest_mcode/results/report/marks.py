"""Layers of Vega-Lite that charts are made of; a series is ``label``, ``colour``, ``shape`` and ``dash``."""

from collections.abc import Sequence
from typing import Any

__all__ = ["bars_in_rows", "curve", "intervals_in_rows"]

Spec = dict[str, Any]
LEGEND = {"orient": "bottom", "direction": "vertical", "title": None}
PERCENT = {"format": "%", "labelExpr": "datum.value > 1 ? '' : datum.label"}
INTERVAL = "pass rate, 95 % interval"
POINT = {"type": "point", "opacity": 1, "strokeWidth": 2, "cursor": "pointer"}


def intervals_in_rows(series: Sequence[Spec]) -> list[Spec]:
    """Return a forest plot: in a row each, the label, its rate, and the interval of that."""
    x = {"type": "quantitative", "axis": PERCENT, "title": INTERVAL}
    colour, shape, _ = _scales(series, legend=None)
    rule = {
        "mark": {"type": "rule", "strokeWidth": 2},
        "encoding": {
            "x": {"field": "low", **x, "scale": {"zero": False, "padding": 14}},
            "x2": {"field": "high"},
            "y": _row(),
            "color": colour,
        },
    }
    point = {
        "mark": {**POINT, "filled": True, "size": 90},
        "encoding": {
            "x": {"field": "rate", **x},
            "y": _row(),
            "color": colour,
            "shape": shape,
            "href": {"field": "href"},
            "tooltip": _tooltip("series", "tasks", rate=".1%", low=".1%", high=".1%"),
        },
    }
    return [*_row_labels("series", "shown"), rule, point]


def bars_in_rows(kinds: Sequence[str], colours: Sequence[str]) -> list[Spec]:
    """Return stacked bars: in a row each, the label, and the share of tasks that failed by verdict."""
    bar = {
        "mark": {"type": "bar", "height": 12, "cursor": "pointer"},
        "encoding": {
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "share of judged tasks that failed",
                "axis": PERCENT,
            },
            "y": _row(),
            "color": {
                "field": "verdict",
                "type": "nominal",
                "scale": {"domain": kinds, "range": colours},
                "legend": {**LEGEND, "columns": 4, "direction": "horizontal"},
            },
            "href": {"field": "href"},
            "tooltip": _tooltip("series", "verdict", "tasks", share=".1%"),
        },
    }
    return [*_row_labels("series"), bar]


def curve(
    series: Sequence[Spec], field: str, name: str, scale: str, ticks: Sequence[float] | None
) -> list[Spec]:
    """Return rates with their intervals against `field`; `ticks` are the values to mark, None for few."""
    axis = {"format": "~s", "tickCount": 5} if ticks is None else {"values": list(ticks), "format": "d"}
    x = {
        "field": field,
        "type": "quantitative",
        "title": name,
        "scale": {"type": scale, "nice": False, "padding": 12},
        "axis": axis,
    }
    y = {"type": "quantitative", "title": INTERVAL, "axis": PERCENT, "scale": {"zero": False}}
    colour, shape, dash = _scales(series, legend=LEGEND)
    rate = {"field": "rate", **y}
    rule = {
        "mark": {"type": "rule", "opacity": 0.6},
        "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": colour},
    }
    line = {
        "mark": {"type": "line", "opacity": 0.8},
        "encoding": {
            "x": x,
            "y": rate,
            "color": colour,
            "strokeDash": {**dash, "legend": None},
            "detail": {"field": "line"},
        },
    }
    point = {
        "mark": {**POINT, "size": 60},
        "encoding": {
            "x": x,
            "y": rate,
            "color": colour,
            "fill": {**colour, "legend": None},
            "fillOpacity": {"condition": {"test": "datum.how === 'a run'", "value": 1}, "value": 0.15},
            "shape": shape,
            "href": {"field": "href"},
            "tooltip": _tooltip("series", "how", **{field: ",.4~r"}, rate=".1%", low=".1%", high=".1%"),
        },
    }
    return [rule, line, point]


def _row() -> Spec:
    return {"field": "series", "type": "nominal", "sort": None, "axis": None}


def _row_labels(left: str, right: str | None = None) -> list[Spec]:
    """Return the text above a row's marks: they may be as long as the chart is wide."""
    text = {"type": "text", "dy": -13, "baseline": "middle", "fontSize": 11.5}
    room = 0 if right is None else 50
    once = {"aggregate": [{"op": "count", "as": "marks"}], "groupby": ["series"]}
    label = {
        "transform": [] if right else [once],
        "mark": {**text, "align": "left", "x": 0, "limit": {"expr": f"width - {room}"}},
        "encoding": {"y": _row(), "text": {"field": left}},
    }
    if right is None:
        return [label]
    number = {
        "mark": {**text, "align": "right", "x": "width", "fontWeight": "bold"},
        "encoding": {"y": _row(), "text": {"field": right}},
    }
    return [label, number]


def _scales(series: Sequence[Spec], legend: Spec | None) -> tuple[Spec, Spec, Spec]:
    """Return the channels of colour, shape and dash: of one field, so that they share a legend."""
    domain = [each["label"] for each in series]
    colour, shape, dash = (
        {
            "field": "series",
            "type": "nominal",
            "scale": {"domain": domain, "range": [each[look] for each in series]},
            "legend": legend,
        }
        for look in ("colour", "shape", "dash")
    )
    return colour, shape, dash


def _tooltip(*names: str, **formats: str) -> list[Spec]:
    plain = [{"field": name, "type": "nominal"} for name in names]
    return plain + [
        {"field": name, "type": "quantitative", "format": shown} for name, shown in formats.items()
    ]
