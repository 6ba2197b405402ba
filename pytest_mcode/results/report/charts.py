"""The charts of a report, one benchmark each, as Vega-Lite: rates, rates against what they took, failures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.figures import further_attempts, percent
from pytest_mcode.results.report import marks
from pytest_mcode.results.report.palette import COLOURS, SQUARE

__all__ = ["Chart", "charts", "picture", "title_of"]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.1.0.json"
WIDTH = 440
"""Pixels, in a picture; in the page what there is room for."""
COSTS = {
    "attempts": ("Pass rate by attempts", "attempts a task"),
    "tokens": ("Pass rate by tokens", "tokens a task"),
    "model_seconds": ("Pass rate by model seconds", "seconds of the model a task"),
    "seconds": ("Pass rate by seconds", "seconds of model and judge a task"),
    "price": ("Pass rate by price", "price of a task"),
}
"""Axes of costs: the heading of their chart, and the name of the axis."""
ROW, HEIGHT = 38, 250
"""Pixels of a run's row, and of a curve."""
Spec = dict[str, Any]
Points = list[dict[str, Any]]
Found = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart of one benchmark."""

    heading: str
    benchmark: int
    """Its place among those of the report."""
    rows: Points
    """What it shows, a row a mark."""
    layers: list[Spec]
    height: int
    """Pixels."""
    legend: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """``label``, ``colour``, ``shape`` of what it shows beside the series."""
    series: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """The same of each series."""

    def spec(self) -> Spec:
        """Return it as Vega-Lite."""
        return {
            "$schema": SCHEMA,
            "description": self.heading,
            "width": WIDTH,
            "height": self.height,
            "data": {"values": self.rows},
            "layer": self.layers,
            "config": {"view": {"stroke": None}, "legend": {"labelLimit": 0, "symbolLimit": 0}},
        }


def charts(found: Found) -> list[Chart]:
    """Return the charts for which there is something to show."""
    return [
        chart for place, each in enumerate(found["benchmarks"]) for chart in _of_benchmark(found, place, each)
    ]


def title_of(found: Found, chart: Chart) -> str:
    """Return a chart's heading, with its benchmark where there are several."""
    several = len(found["benchmarks"]) > 1
    return chart.heading + (f", {found['benchmarks'][chart.benchmark]['name']}" if several else "")


def picture(found: Found, format: str) -> bytes:
    """Return the charts, two a row, as a PNG, twice the size for print, or an SVG."""
    import vl_convert

    drawn = charts(found)
    if not drawn:
        raise ConfigurationError("nothing to draw: no run has a judged task with tokens, repairs or failures")
    spec = {
        "$schema": SCHEMA,
        "columns": 2,
        "concat": [
            {
                **{name: value for name, value in chart.spec().items() if name not in ("$schema", "config")},
                "title": title_of(found, chart),
            }
            for chart in drawn
        ],
        "resolve": {"scale": dict.fromkeys(("color", "shape", "strokeDash"), "independent")},
        "config": {**drawn[0].spec()["config"], "background": "white"},
    }
    if format == "png":
        return bytes(vl_convert.vegalite_to_png(spec, vl_version="6.1", scale=2))
    return vl_convert.vegalite_to_svg(spec, vl_version="6.1").encode()


def _of_benchmark(found: Found, place: int, benchmark: Found) -> Iterator[Chart]:
    runs = [found["runs"][index] for index in benchmark["runs"]]
    judged = [run for run in runs if run["pass_rate"] is not None]
    if judged:
        yield _forest(place, judged)
    by_samples = list(_by_samples(runs, benchmark["scaling"]))
    if _varies(by_samples, "samples"):
        yield _curve(place, "Pass rate by samples", runs, by_samples, "samples", "samples a task")
    costs = {axis: list(_by_cost(runs, by_samples, axis)) for axis in COSTS}
    for axis, (heading, what) in COSTS.items():
        if _varies(costs[axis], axis):
            name = f"{what}, to the first pass"
            yield _curve(place, heading, runs, costs[axis], axis, name)
    by_repairs = [point for point in costs["attempts"] if point["repairs"] is not None]
    if by_repairs:
        debugged = [run["debugging"] for run in runs if run["debugging"]]
        more = " or ".join(dict.fromkeys(map(further_attempts, debugged)))
        yield _curve(place, f"Pass rate by {more}", runs, by_repairs, "repairs", f"{more} a sample")
    if any(run["verdicts"] for run in runs):
        yield _failures(place, runs)


def _forest(place: int, runs: Sequence[Found]) -> Chart:
    rows = [
        {
            "series": run["name"],
            "rate": run["pass_rate"],
            "low": run["pass_rate_low"],
            "high": run["pass_rate_high"],
            "shown": percent(run["pass_rate"]),
            "tasks": run["tasks_judged"],
            "href": f"#run-{run['short']}",
        }
        for run in runs
    ]
    return Chart(
        heading="Pass rate",
        benchmark=place,
        rows=rows,
        height=ROW * len(rows),
        layers=marks.intervals_in_rows(_series(runs, rows)),
    )


def _curve(place: int, heading: str, runs: Sequence[Found], points: Points, x: str, name: str) -> Chart:
    scale = "linear" if x == "repairs" else "log"
    shown = [point for point in points if point[x] is not None and (scale != "log" or point[x] > 0)]
    series = _series(runs, shown)
    ticks = None if x in COSTS else sorted({point[x] for point in shown})
    layers = marks.curve(series, x, name, scale, ticks)
    return Chart(heading=heading, benchmark=place, rows=shown, height=HEIGHT, layers=layers, series=series)


def _failures(place: int, runs: Sequence[Found]) -> Chart:
    rows = [
        {
            "series": run["name"],
            "verdict": kind,
            "tasks": count,
            "share": count / run["tasks_judged"],
            "href": f"#tasks?verdict={kind}&run={run['short']}",
        }
        for run in runs
        for kind, count in run["verdicts"].items()
    ]
    kinds = list(dict.fromkeys(row["verdict"] for row in rows))
    return Chart(
        heading="Failures",
        benchmark=place,
        rows=rows,
        height=ROW * len({row["series"] for row in rows}),
        layers=marks.bars_in_rows(kinds, [COLOURS[kind] for kind in kinds]),
        legend=[{"label": kind, "colour": COLOURS[kind], "shape": SQUARE} for kind in kinds],
    )


def _series(runs: Sequence[Found], rows: Points) -> list[dict[str, Any]]:
    """Return label and look of each series that has a row, in the order of the runs."""
    looks = {run["name"]: run["style"] for run in runs}
    looks |= {run["curve_label"]: run["style"] for run in reversed(runs)}
    there = {row["series"] for row in rows}
    order = [*(run["name"] for run in runs), *(run["curve_label"] for run in runs)]
    return [{"label": label, **looks[label]} for label in dict.fromkeys(order) if label in there]


def _by_samples(runs: Sequence[Found], scaling: Sequence[Found]) -> Iterator[dict[str, Any]]:
    for group in scaling:
        made = [_run_of(runs, each) for each in group["runs"]]
        for point in group["curve"]:
            if point["rate"] is not None:
                run = _run_of(runs, point)
                in_parts = {each["run_id"] for each in group["curve"] if each["sub_sampled"]}
                alone = point["run_id"] in in_parts or len(made) == 1
                name = run["name"] if alone else made[0]["curve_label"]
                yield _rates(point) | {
                    "series": name,
                    "line": f"{name}, by samples",
                    "how": "part of a run" if point["sub_sampled"] else "a run",
                    "samples": point["samples"],
                    "href": f"#run-{run['short']}",
                    **{axis: point["costs"].get(axis) for axis in COSTS},
                }


def _run_of(runs: Sequence[Found], wanted: Found) -> Found:
    return next(run for run in runs if (run["run_id"], run["test"]) == (wanted["run_id"], wanted.get("test")))


def _by_cost(runs: Sequence[Found], by_samples: Points, axis: str) -> Iterator[dict[str, Any]]:
    for point in by_samples:
        if point[axis]:
            yield point | {"repairs": None}
    for run in runs:
        if run["debugging"] and run["debugging"]["curve"]:
            for point in run["debugging"]["curve"]:
                yield _rates(point) | {
                    "series": run["name"],
                    "line": f"{run['name']}, by repairs",
                    "how": f"{further_attempts(run['debugging'])} of one sample",
                    "repairs": point["iteration"],
                    "href": f"#run-{run['short']}",
                    axis: point.get(f"{axis}_per_sample") or None,
                }


def _rates(point: Found) -> dict[str, Any]:
    return {name: point[name] for name in ("rate", "low", "high")}


def _varies(points: Points, name: str) -> bool:
    return len({point[name] for point in points}) > 1
