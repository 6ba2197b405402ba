"""A report as one HTML page: template, style, script and Vega's libraries put together."""

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pytest_mcode.records import to_json
from pytest_mcode.results.agents import ends
from pytest_mcode.results.figures import (
    FLAGGED,
    IN_PROCESS,
    REPEATED,
    count,
    coverage,
    interval,
    iteration,
    loop,
    percent,
    quantity,
    title,
)
from pytest_mcode.results.match_words import facts_of, table_of
from pytest_mcode.results.panel import style
from pytest_mcode.results.report.charts import Chart, charts, title_of
from pytest_mcode.results.report.grid import KINDS
from pytest_mcode.results.report.palette import COLOURS
from pytest_mcode.results.sentences import sentences

__all__ = ["render"]

SCRIPTS = ("page.js", "charts.js", "tasks.js", "filters.js")
VEGA_LITE = "6.1"


def render(found: Mapping[str, Any]) -> str:
    """Return the page. What models wrote goes into it as data alone: escaped, deflated."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent, quantity=quantity, loop=loop, title=title, coverage=coverage, address=_address
    )
    environment.globals.update(interval=interval, iteration=iteration)
    drawn, runs = charts(found), found["runs"]
    return environment.get_template("report.html.jinja").render(
        version=version("pytest-mcode"),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        heading=_heading(found),
        nonce=secrets.token_urlsafe(16),
        style=style() + _asset("report.css"),
        script=Markup("\n").join(map(_asset, SCRIPTS)),
        vega=_vega_libraries() if drawn else Markup(),
        colours={kind: COLOURS[kind] for kind in KINDS},
        kinds=KINDS,
        shown={
            KINDS[kind] for task in found["tasks"] for each in task["runs"] if each for kind in each["kinds"]
        },
        runs=runs,
        benchmarks=[_benchmark(found, place, drawn) for place in range(len(found["benchmarks"]))],
        repaired=[run for run in runs if run["debugging"] and run["debugging"]["iterations"]],
        flagged=FLAGGED if any(run["solved_flagged"] for run in runs) else "",
        agents=any(run["agent"] for run in runs),
        ends=ends,
        in_process=IN_PROCESS if any(run["solved_in_process"] for run in runs) else "",
        repeats=REPEATED if any(run["repeats"] for run in runs) else "",
        configurations=found["configurations"],
        methods=found["methods"],
        prompts=found["prompts"],
        panels=found["panels"],
        data=_json(
            {
                "kinds": KINDS,
                "tasks": found["tasks"],
                "benchmarks": [each["runs"] for each in found["benchmarks"]],
                "runs": [{name: run[name] for name in ("number", "short", "name")} for run in runs],
                "charts": [{"title": title_of(found, chart), "spec": chart.spec()} for chart in drawn],
            }
        ),
    )


def _heading(found: Mapping[str, Any]) -> str:
    names = ", ".join(dict.fromkeys(each["name"] for each in found["benchmarks"]))
    if len(found["runs"]) == 1:
        return title(found["runs"][0])
    return f"{names}: {len(found['runs'])} runs"


def _benchmark(found: Mapping[str, Any], place: int, drawn: Sequence[Chart]) -> dict[str, Any]:
    benchmark, runs = found["benchmarks"][place], found["runs"]
    members = [runs[run] for run in benchmark["runs"]]
    comparison = benchmark["comparison"]
    return {
        **benchmark,
        "first": members[0],
        "second": members[-1],
        "match": benchmark["match"] and _match(benchmark["match"]),
        "lead": _lead(members, benchmark["differences"]),
        "tests": sum(each["p_adjusted"] is not None for each in benchmark["differences"]),
        "comparison": comparison and (comparison.get("refused") or list(sentences(comparison))),
        "series": {
            each["label"]: each for chart in drawn if chart.benchmark == place for each in chart.series
        },
        "charts": [
            {"place": number, "heading": chart.heading, "legend": chart.legend}
            for number, chart in enumerate(drawn)
            if chart.benchmark == place
        ],
    }


def _lead(members: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]]) -> str:
    """Return the rate of the first run, and what the others' sentences are about."""
    first = next((run for run in members if run["tasks_judged"]), None)
    if first is None:
        return "No task was judged"
    span = interval(first["pass_rate_low"], first["pass_rate_high"])
    rate = f"{first['name']} solves {percent(first['pass_rate'])} {span}".rstrip()
    others = ", the others:" if differences else ""
    return f"{rate} of {count(first['tasks_judged'], 'judged task')}{others}"


def _match(found: Mapping[str, Any]) -> dict[str, Any]:
    if "refused" in found:
        return {"sentence": f"The two models were not matched: {found['refused']}", "facts": [], "rows": []}
    headings, rows = table_of(found)
    return {"sentence": found["sentence"], "facts": facts_of(found), "headings": headings, "rows": rows}


def _address(task: str) -> str:
    return quote(task, safe="/", errors="surrogatepass")


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath("templates", name).read_text(encoding="utf-8"))


def _vega_libraries() -> Markup:
    """Return Vega, Vega-Lite and Vega-Embed as one script, kept in the user's cache: it takes a second."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pytest-mcode"
    kept = cache / f"vega-{version('vl-convert-python')}-{VEGA_LITE}.js"
    try:
        return Markup(kept.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        pass
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
    script = bundle.replace("</script", "<\\/script")
    part = kept.with_suffix(f".{os.getpid()}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        part.write_text(script, encoding="utf-8")
        part.replace(kept)
    except OSError:
        pass  # the next page makes it again
    return Markup(script)


def _json(value: object) -> Markup:
    """Encode for a script element: nothing in it can end the element or start another."""
    return Markup(to_json(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
