"""A report as one HTML page: template, style, script and Vega's libraries put together."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pytest_mcode.records import to_json
from pytest_mcode.results.agents import ends
from pytest_mcode.results.figures import (
    FLAGGED,
    IN_PROCESS,
    REPEATED,
    coverage,
    interval,
    iteration,
    loop,
    percent,
    quantity,
    title,
)
from pytest_mcode.results.match_words import facts_of, table_of
from pytest_mcode.results.report.charts import COLOURS, charts
from pytest_mcode.results.report.data import KINDS
from pytest_mcode.results.sentences import sentences

__all__ = ["render"]


def render(found: Mapping[str, Any]) -> str:
    """Return the page. What models wrote goes into it as data alone: escaped JSON, deflated."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, quantity=quantity, loop=loop, title=title, coverage=coverage)
    environment.globals.update(interval=interval, iteration=iteration)
    drawn = charts(found)
    comparison = found["comparison"]
    return environment.get_template("report.html.jinja").render(
        version=version("pytest-mcode"),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        nonce=secrets.token_urlsafe(16),
        style=_asset("report.css"),
        script=_asset("report.js"),
        vega=_vega_libraries() if drawn else Markup(),
        colours={kind: COLOURS[kind] for kind in KINDS},
        kinds=KINDS,
        shown={
            KINDS[kind] for task in found["tasks"] for each in task["runs"] if each for kind in each["kinds"]
        },
        runs=found["runs"],
        flagged=FLAGGED if any(run["solved_flagged"] for run in found["runs"]) else "",
        agents=any(run["agent"] for run in found["runs"]),
        ends=ends,
        in_process=IN_PROCESS if any(run["solved_in_process"] for run in found["runs"]) else "",
        repeats=REPEATED if any(run["repeats"] for run in found["runs"]) else "",
        charts=list(drawn),
        match=found["match"] and _match(found["match"]),
        comparison=comparison and (comparison.get("refused") or list(sentences(comparison))),
        tasks=found["tasks"],
        attempts=found["attempts"],
        data=_json(
            {"kinds": KINDS, "tasks": found["tasks"], "charts": [chart.to_dict() for chart in drawn.values()]}
        ),
    )


def _match(found: Mapping[str, Any]) -> dict[str, Any]:
    if "refused" in found:
        return {"sentence": f"The two models were not matched: {found['refused']}", "facts": [], "rows": []}
    headings, rows = table_of(found)
    return {"sentence": found["sentence"], "facts": facts_of(found), "headings": headings, "rows": rows}


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath("templates", name).read_text(encoding="utf-8"))


def _vega_libraries() -> Markup:
    """Return Vega, Vega-Lite of the version that Altair speaks, and Vega-Embed, as one script."""
    import altair
    import vl_convert

    spoken = ".".join(altair.SCHEMA_VERSION.split(".")[:2])
    bundle: str = vl_convert.javascript_bundle(vl_version=spoken)  # type: ignore[call-arg]
    return Markup(bundle.replace("</script", "<\\/script"))


def _json(value: object) -> Markup:
    """Encode for a script element: nothing in it can end the element or start another."""
    return Markup(to_json(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
