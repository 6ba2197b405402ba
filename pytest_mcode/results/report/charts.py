"""The curves of a report: pass rate against samples, tokens and repairs, and what failed."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.figures import further_attempts, loop, title

__all__ = ["COLOURS", "charts", "picture"]

SERIES = ("#2F8FD0", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe & Ito's palette, which the colour-blind tell apart, less what vanishes on black or white."""
COLOURS = {
    "passed": "#2e9e5b",
    "repaired": "#1f9e9e",
    "assertion": "#d55e00",
    "exception": "#cc79a7",
    "syntax": "#e69f00",
    "timeout": "#7f6bb3",
    "memory": "#8c564b",
    "output_limit": "#9c755f",
    "exited_early": "#b0305c",
    "no_solution": "#8a8a8a",
    "truncated": "#a0a020",
    "context_overflow": "#17a2b8",
    "content_filter": "#6c4a3f",
    "unresolved": "#d55e00",
    "apply_failed": "#e69f00",
    "infra": "#5a6b7b",
    "not judged": "#8a8a8a",
}
SIZE = {"width": 400, "height": 260}
COSTS = {
    "attempts": ("Pass rate by attempts", "attempts a task"),
    "tokens": ("Pass rate by tokens", "tokens a task"),
    "model_seconds": ("Pass rate by model seconds", "seconds of the model a task"),
    "seconds": ("Pass rate by seconds", "seconds of model and judge a task"),
    "price": ("Pass rate by price", "price of a task"),
}
"""Axes of costs: the heading of their chart, and the name of the axis."""
GREY = "#888888"
LEGEND = alt.Legend(orient="bottom", direction="vertical", labelLimit=560)
SHAPES = alt.Legend(orient="bottom", direction="vertical", symbolFillColor=GREY, symbolStrokeColor=GREY)
Points = list[dict[str, Any]]


def charts(found: Mapping[str, Any]) -> dict[str, alt.TopLevelMixin]:
    """Return the charts for which there is something to show, by heading."""
    by_samples = list(_by_samples(found))
    by_cost = {axis: list(_by_cost(found, axis)) for axis in COSTS}
    by_repairs = [point for point in by_cost["attempts"] if point["repairs"] is not None]
    more = dict.fromkeys(further_attempts(run["debugging"]) for run in found["runs"] if run["debugging"])
    costs = {
        heading: _curve(by_cost[axis], axis, f"{name}, stopping at the first pass", "log")
        if _varies(by_cost[axis], axis)
        else None
        for axis, (heading, name) in COSTS.items()
    }
    made = {
        "Pass rate by samples": _curve(by_samples, "samples", "samples a task", "log")
        if _varies(by_samples, "samples")
        else None,
        **costs,
        f"Pass rate by {' or '.join(more)}": _curve(
            by_repairs, "repairs", f"{' or '.join(more)} a sample", "linear"
        )
        if by_repairs
        else None,
        "Failures": _failures(found["runs"]) if any(run["verdicts"] for run in found["runs"]) else None,
    }
    return {heading: chart for heading, chart in made.items() if chart is not None}


def picture(found: Mapping[str, Any], format: str) -> bytes:
    """Return the charts, two a row, as a PNG, twice the size for print, or an SVG."""
    if not charts(found):
        raise ConfigurationError("nothing to draw: no run has a judged task with tokens, repairs or failures")
    titled = [chart.properties(title=heading) for heading, chart in charts(found).items()]
    whole = (
        alt.concat(*titled, columns=2)
        .resolve_scale(color="independent", shape="independent")
        .configure(background="white")
    )
    file = io.BytesIO() if format == "png" else io.StringIO()
    whole.save(file, format=format, **({"scale_factor": 2} if format == "png" else {}))
    content = file.getvalue()
    return content if isinstance(content, bytes) else content.encode()


def _by_samples(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for group in found["scaling"]:
        rest = loop(group["runs"][0], with_samples=False)
        alone = len({title(each) for each in found["scaling"]}) == 1
        name = rest or "plain" if alone else f"{title(group)}, {rest}".rstrip(" ,")
        for point in group["curve"]:
            if point["rate"] is not None:
                how = "part of a run" if point["sub_sampled"] else "a run"
                yield _rates(point) | {
                    "series": name,
                    "how": how,
                    "line": _line(point, group),
                    "samples": point["samples"],
                    **{axis: point["costs"].get(axis) for axis in COSTS},
                }


def _line(point: Mapping[str, Any], group: Mapping[str, Any]) -> str:
    """Points of one sub-sampled run are on one line, the other runs of a configuration on another."""
    in_parts = {each["run_id"] for each in group["curve"] if each["sub_sampled"]}
    return str(point["run_id"]) if point["run_id"] in in_parts else "runs"


def _by_cost(found: Mapping[str, Any], axis: str) -> Iterator[dict[str, Any]]:
    for point in _by_samples(found):
        if point[axis]:
            yield point | {"series": f"{point['series']}: samples", "repairs": None}
    for run in found["runs"]:
        if run["debugging"] and run["debugging"]["curve"]:
            for point in run["debugging"]["curve"]:
                yield _rates(point) | {
                    "series": f"{run['label']}: {further_attempts(run['debugging'])} of one sample",
                    "how": "part of a run",
                    "line": run["label"],
                    "repairs": point["iteration"],
                    axis: point.get(f"{axis}_per_sample") or None,
                }


def _rates(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: point[name] for name in ("rate", "low", "high")}


def _varies(points: Points, name: str) -> bool:
    return len({point[name] for point in points}) > 1


def _curve(points: Points, field: str, heading: str, scale: str) -> alt.LayerChart:
    shown = [point for point in points if point[field] is not None and (scale != "log" or point[field] > 0)]
    x = alt.X(
        f"{field}:Q",
        title=heading,
        scale=alt.Scale(type=scale, nice=False, padding=12),
        axis=_ticks(shown, field),
    )
    colour = alt.Color("series:N", title=None, scale=alt.Scale(range=list(SERIES)), legend=LEGEND)
    base = alt.Chart(alt.Data(values=shown)).encode(x=x, color=colour)
    rate = alt.Y(
        "rate:Q", title="pass rate, 95 % interval", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)
    )
    shape = alt.Shape(
        "how:N",
        title=None,
        legend=SHAPES,
        scale=alt.Scale(domain=["a run", "part of a run"], range=["circle", "diamond"]),
    )
    tooltip = [
        alt.Tooltip("series:N"),
        alt.Tooltip(f"{field}:Q", format=",.4~r"),
        *(alt.Tooltip(f"{each}:Q", format=".1%") for each in ("rate", "low", "high")),
    ]
    layers = (
        base.mark_rule(opacity=0.6).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(opacity=0.7).encode(y=rate, detail="line:N"),
        base.mark_point(filled=True, size=60, opacity=1).encode(y=rate, shape=shape, tooltip=tooltip),
    )
    return alt.layer(*layers).properties(
        **SIZE, description=f"Pass rate against {heading}, with 95 % intervals"
    )


def _ticks(points: Points, field: str) -> alt.Axis:
    """Mark the counts that there are; costs have too many values."""
    if field in COSTS:
        return alt.Axis(format="~s", tickCount=5)
    return alt.Axis(values=sorted({point[field] for point in points}), format="d")


def _failures(runs: Sequence[Mapping[str, Any]]) -> alt.Chart:
    rows = [
        {"run": run["label"], "verdict": kind, "tasks": count, "share": count / run["tasks_judged"]}
        for run in runs
        for kind, count in run["verdicts"].items()
    ]
    kinds = list(dict.fromkeys(row["verdict"] for row in rows))
    colours = alt.Scale(domain=kinds, range=[COLOURS[kind] for kind in kinds])
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="share of judged tasks that failed", axis=alt.Axis(format="%")),
            y=alt.Y("run:N", title=None, sort=None, axis=alt.Axis(labelLimit=180)),
            color=alt.Color(
                "verdict:N", title=None, scale=colours, legend=alt.Legend(orient="bottom", columns=4)
            ),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("run", "verdict", "tasks")]
            + [alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(
            width=SIZE["width"] - 100, height=alt.Step(28), description="Last verdicts of unsolved tasks"
        )
    )
