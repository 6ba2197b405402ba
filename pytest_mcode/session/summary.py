"""What a session says on the terminal: its header, and one section at the end."""

import contextlib
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.options.loop import LoopOptions
from pytest_mcode.records import Choice
from pytest_mcode.redaction import redacted
from pytest_mcode.session.gates import Decision
from pytest_mcode.session.plan import Plan
from pytest_mcode.session.tally import Tally
from pytest_mcode.settings import Settings

__all__ = ["header", "pass_rate", "write", "write_step_summary"]


def header(plan: Plan, notes: list[str], *, own_tests: bool) -> list[str]:
    """Return the lines of pytest's header: benchmark, model, loop (unless tests are one's own), sandbox, …"""
    loop = "" if own_tests else f" {_loop(plan)};"
    lines = [
        f"mcode: {plan.title}, {plan.dataset} ({plan.split}): {_subset(plan)} tasks",
        f"mcode: {_model(plan)};{loop} {plan.harness.describe_sandbox(plan.settings)}",
        f"mcode: run {plan.run_id} in {redacted(plan.settings.db)}",
    ]
    return lines + [f"mcode: note: {note}" for note in notes]


def write(
    reporter: pytest.TerminalReporter,
    plan: Plan,
    tally: Tally,
    planned: int,
    seconds: float,
    concurrency: Mapping[str, Any],
    notes: list[tuple[str, str]],
) -> None:
    """Write the summary section; one line under ``-q``, nothing under ``-qq`` or ``--no-summary``."""
    if reporter.verbosity < -1 or reporter.no_summary:
        return
    reporter.ensure_newline()
    if reporter.verbosity < 0:
        for name, value in notes:
            if name != "note":
                reporter.write_line(f"{name:<10} {value}")
        reporter.write_line(f"{plan.title}: {_brief(plan, tally, planned)}; run {plan.run_id}")
        return
    reporter.section(f"mcode: {plan.title}")
    for name, value in [*_rows(plan, tally, planned, seconds, concurrency), *notes]:
        reporter.write_line(f"{name:<10} {value}", bold=name == "pass rate")


def write_unexpected(reporter: pytest.TerminalReporter, most: int = 2) -> None:
    """Write the tracebacks of errors that are neither a model's nor a server's: of a solver or fixture."""
    found = [
        report for report in reporter.stats.get("infra", []) if getattr(report, "mcode_unexpected", False)
    ]
    if not found or reporter.no_summary or reporter.config.option.tbstyle == "no":
        return
    reporter.section("mcode: unexpected errors")
    for report in found[:most]:
        reporter.write_sep("_", report.nodeid)
        reporter.write_line(report.longreprtext)
    if len(found) > most:
        reporter.write_line(f"... and {len(found) - most} more")


def write_step_summary(plan: Plan, tally: Tally, planned: int, decision: Decision | None) -> None:
    """Append a Markdown table to the file that GitHub Actions shows as the step's summary, where it asks."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    rows = [
        ("benchmark", plan.title),
        ("model", _model(plan)),
        ("loop", _loop(plan, tally)),
        ("judged", f"{tally.judged}/{planned}"),
        ("pass rate", pass_rate(tally)),
        ("infra", str(tally.infra)),
        ("failed", ", ".join(f"{kind} {n}" for kind, n in tally.failures.most_common())),
        ("gate", f"{'holds' if decision.holds else 'fails'}: {decision.reason}" if decision else "none"),
        ("run", plan.run_id),
    ]
    lines = [
        "### mcode",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
    ]
    with contextlib.suppress(OSError), Path(path).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def pass_rate(tally: Tally) -> str:
    """Return ``61.3%, 95 % in [53.7%, 68.5%] (100/163)``: solved / judged, and `Tally.interval`."""
    if tally.pass_rate is None:
        return "no task was judged"
    from pytest_mcode.analysis.figure import Withheld

    span, of = tally.interval, f"({tally.solved}/{tally.judged})"
    if isinstance(span, Withheld):
        return f"{tally.pass_rate:.1%} {of}; no interval: {span.reason}"
    return f"{tally.pass_rate:.1%}, 95 % in [{span.low:.1%}, {span.high:.1%}] {of}"


def _brief(plan: Plan, tally: Tally, planned: int) -> str:
    infra = f", {tally.infra} infra" if tally.infra else ""
    missing = _missing(planned - tally.judged - tally.infra)
    return f"{pass_rate(tally)}{infra}{missing}{_selected(planned, plan, tally)}"


def _rows(
    plan: Plan, tally: Tally, planned: int, seconds: float, concurrency: Mapping[str, Any]
) -> list[tuple[str, str]]:
    done = tally.judged + tally.infra
    rows = [
        ("model", _model(plan)),
        ("loop", f"{_loop(plan, tally)}; {plan.harness.describe_sandbox(plan.settings)}"),
        (
            "judged",
            f"{tally.judged}/{planned} tasks{_selected(planned, plan, tally)}{_missing(planned - done)}",
        ),
        ("pass rate", pass_rate(tally)),
    ]
    rows += [("selection", _selection(by, found)) for by, found in tally.chosen.items()]
    if len(tally.by_test) > 1:
        rows += [("", f"{test}: {solved}/{judged}") for test, (solved, judged) in tally.by_test.items()]
    if tally.solved_in_process:
        from pytest_mcode.results.figures import IN_PROCESS

        rows.append(("unproven", f"{tally.solved_in_process} of the solved {IN_PROCESS}"))
    if tally.solved_flagged:
        from pytest_mcode.results.figures import FLAGGED

        rows.append(("flagged", f"{tally.solved_flagged} of the solved {FLAGGED}"))
    if tally.ended:
        from pytest_mcode.results.agents import ends

        steps = f"{tally.steps / tally.ended.total():.1f} steps an attempt"
        rows.append(("agent", f"{steps}; ended: {ends(dict(tally.ended.most_common()))}"))
    if tally.failures:
        rows.append(("failed", ", ".join(f"{kind} {n}" for kind, n in tally.failures.most_common())))
    if tally.infra:
        from pytest_mcode.results.causes import most_common

        rows.append(("infra", f"{tally.infra} outside the pass rate, which leaves {_bounds(tally)}"))
        for each in most_common(tally.infra_causes, 3):
            rows += [("", f"{each['count']} x {each['cause']}"), ("", f"    {_tasks(each)}")]
    if helper := plan.settings.helper_model:
        spent = (
            f"{tally.helper_prompt_tokens:,} prompt + {tally.helper_completion_tokens:,} completion tokens"
        )
        rows.append(("helper", f"{helper}: {spent}, beside those of the model"))
    if tally.repeats:
        from pytest_mcode.results.figures import REPEATED

        counted = f"{tally.repeats} of {tally.attempts} attempts {REPEATED}"
        rows.append(("repeats", f"{counted}: {tally.repeat_tokens:,} tokens"))
    rows += [
        ("cost", f"{tally.attempts} attempts, {_tokens(tally)}, {seconds:.1f} s{_execution(tally)}"),
        *([("price", _price(plan.settings, tally, seconds))] if _is_priced(plan.settings) else []),
        *([("in flight", _in_flight(concurrency))] if concurrency else []),
        ("run", f"{plan.run_id} in {redacted(plan.settings.db)}"),
        ("next", f"mcode results --run {plan.run_id}{_db_flag(plan)}"),
    ]
    return rows


def _tasks(kind: Mapping[str, Any]) -> str:
    more = kind["count"] - len(kind["tasks"])
    return f"{', '.join(kind['tasks'])}{f' and {more} more' if more else ''}"


def _selection(by: str, found: Sequence[tuple[Choice, bool]]) -> str:
    from pytest_mcode.results.figures import took
    from pytest_mcode.results.selection import totals

    right, able = sum(choice.passed for choice, _ in found), sum(covered for _, covered in found)
    cost = took(totals([vars(choice) for choice, _ in found]))
    return (
        f"by {by}: {right / len(found):.1%} handed in right ({right}/{len(found)}), "
        f"some sample solves {able / len(found):.1%} ({able}/{len(found)})"
        f"{f'; choosing took {cost}' if cost else ''}"
    )


def _model(plan: Plan) -> str:
    settings = plan.settings
    return f"{settings.model} ({settings.backend})" if settings.model else f"backend {settings.backend}"


def _loop(plan: Plan, tally: Tally | None = None) -> str:
    settings = plan.settings
    samples = f"{settings.samples} sample{'s' * (settings.samples > 1)}{' (all)' * settings.all_samples}"
    loop = f"{samples}, {settings.debug_iters} debug iteration{'s' * (settings.debug_iters != 1)}"
    own = ", ".join(sorted(tally.own_solvers)) if tally else ""
    if own:
        given = settings.samples > 1 or settings.debug_iters > 0
        loop = f"own solver {own}" + (f", given {loop}" if given else "")
    if settings.debug_iters:
        loop += ", resample" if settings.strategy == "resample" else _repairs(settings)
    if settings.retrieval:
        loop += f", retrieval {settings.own['retrieval_source']}"
    return f"{loop}, judge {settings.judge}" if settings.judge else loop


def _repairs(settings: LoopOptions) -> str:
    order = "" if settings.strategy == "repair" else f", {settings.strategy} first"
    style = "" if settings.repair == "conversation" else f", repair {settings.repair}"
    detail = "" if settings.feedback_detail == "first" else f" ({settings.feedback_detail})"
    return f"{order}{style}, feedback {settings.feedback}{detail}"


def _subset(plan: Plan) -> str:
    selected, total = len(plan.tasks), plan.tasks_total
    return str(total) if selected == total else f"{selected}/{total}"


def _selected(planned: int, plan: Plan, tally: Tally) -> str:
    if shard := plan.settings.shard:
        return f", shard {shard.replace('/', ' of ')} of {plan.tasks_selected}/{plan.tasks_total}"
    total = plan.tasks_total * max(1, len(tally.by_test))
    return "" if planned >= total else f", a subset: {planned}/{total}"


def _missing(count: int) -> str:
    return f", {count} not reached" if count > 0 else ""


def _bounds(tally: Tally) -> str:
    from pytest_mcode.analysis.intervals import bounds

    low, high = bounds(tally.solved, tally.judged, tally.infra) or (0.0, 1.0)
    return f"{low:.1%} to {high:.1%}"


def _in_flight(concurrency: Mapping[str, Any]) -> str:
    requests, workers = concurrency["requests"], concurrency.get("by_worker", ())
    shares = f", by worker {' + '.join(map(str, workers))}" if workers else ""
    return f"at most {requests} request{'s' * (requests != 1)} at a time{shares} ({concurrency['reason']})"


def _tokens(tally: Tally) -> str:
    if not tally.prompt_tokens and not tally.completion_tokens:
        return "no tokens counted"
    counted = f"{tally.prompt_tokens:,} prompt + {tally.completion_tokens:,} completion tokens"
    if tally.attempts_without_tokens:
        return f"more than {counted} (not reported for {tally.attempts_without_tokens} attempts)"
    return counted


def _is_priced(settings: Settings) -> bool:
    return settings.price is not None or settings.price_per_hour is not None


def _price(settings: Settings, tally: Tally, seconds: float) -> str:
    """Say what the session cost; a machine that answered requests side by side worked less than their sum."""
    from pytest_mcode.analysis.costs import Price
    from pytest_mcode.options.price import price_pair
    from pytest_mcode.results.figures import quantity

    share = min(1.0, seconds / tally.generation_seconds) if tally.generation_seconds else 1.0
    price = Price(
        per_million=price_pair(settings.price) if settings.price else None,
        per_hour=settings.price_per_hour,
        machine_share=share,
    )
    found = price.of(tally.prompt_tokens, tally.completion_tokens, tally.generation_seconds)
    uncounted = tally.attempts_without_tokens or tally.helper_prompt_tokens
    more = "more than " * bool(uncounted and price.per_million)
    solved = ""
    if found is not None and tally.solved and not tally.infra:
        solved = f", {quantity(found / tally.solved)} a solved task"
    return f"{more}{quantity(found)}{solved}"


def _execution(tally: Tally) -> str:
    if not tally.execution_seconds:
        return ""
    return f" ({1000 * tally.execution_seconds / tally.attempts:,.0f} ms a verdict)"


def _db_flag(plan: Plan) -> str:
    from pytest_mcode.settings import Settings

    default = Settings.__dataclass_fields__["db"].default
    return "" if plan.settings.db == default else f" --db {shlex.quote(redacted(plan.settings.db))}"
