"""The report's chart "Pass rate by samples", redrawn from frames. Each ``# %%`` is a cell of a notebook.

``python experiments/examples/frames.py RESULTS.db BENCHMARK CHART`` writes CHART, a ``.json``, ``.html``,
``.png`` or ``.svg``. Needs the extra ``report`` of pytest-mcode.
"""

import sys

import altair as alt
import pandas as pd

import pytest_mcode.results
from pytest_mcode.analysis.passk import pass_at_k

# %% The runs of a benchmark, and their tasks.
db, benchmark, picture = sys.argv[1:]
with pytest_mcode.results.open(db) as results:
    chosen = results.runs(benchmark=benchmark)
    runs, tasks = chosen.to_frame(), chosen.to_frame("tasks")

runs["series"] = runs["model"] + ", " + runs["debug_iters"].astype(str) + " repairs"
asked = runs[["run_id", "test", "series", "samples", "all_samples"]]
judged = tasks[tasks["status"] != "infra"].merge(asked, on=["run_id", "test"], suffixes=("", "_asked"))

# %% What each run solved, with its 95 % interval over tasks: figures of the run, as `mcode results` has them.
whole = runs[["series", "run_id", "samples", "pass_rate", "pass_rate_low", "pass_rate_high"]].dropna()

# %% What fewer samples of a run would have solved: on average, and only where every sample was started.
fixed = judged[judged["all_samples"] & (judged["samples"] == judged["samples_asked"])]
parts = [
    {
        "series": series,
        "run_id": run_id,
        "samples": k,
        "pass_rate": sum(pass_at_k(n, c, k) for c in of_run["samples_passed"]) / len(of_run),
    }
    for (series, run_id, n), of_run in fixed.groupby(["series", "run_id", "samples"])
    for k in range(1, n)
]

# %% The chart.
points = pd.concat([whole.assign(how="a run"), pd.DataFrame(parts).assign(how="part of a run")])
points = points.sort_values(["run_id", "samples"])
base = alt.Chart(points).encode(
    x=alt.X("samples:Q", title="samples a task", scale=alt.Scale(type="log"), axis=alt.Axis(format="d")),
    color=alt.Color("series:N", title=None),
)
rate = alt.Y("pass_rate:Q", title="pass rate, 95 % interval", axis=alt.Axis(format="%"))
chart = alt.layer(
    base.mark_rule().encode(y="pass_rate_low:Q", y2="pass_rate_high:Q"),
    base.mark_line().encode(y=rate, detail="run_id:N"),
    base.mark_point(filled=True).encode(y=rate, shape=alt.Shape("how:N", title=None)),
)
chart.save(picture)
