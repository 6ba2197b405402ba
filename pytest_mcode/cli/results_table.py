"""Results as tables for people: on the terminal, and in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.table import Table

from pytest_mcode.cli.common import console
from pytest_mcode.cli.figures import coverage, interval, loop, percent, quantity, short_id, title, visible

__all__ = ["Column", "details", "facts", "print_markdown", "print_results", "print_tables", "rate_cell"]

Result = dict[str, Any]
Column = tuple[str, Callable[[Result], list[str]]]
"""A heading, and the lines of a cell."""


def print_results(found: Sequence[Result]) -> None:
    """Print a table for each benchmark and model, and the whole of a run where there is but one."""
    print_tables(found, _columns(found)[1:])
    if len(found) == 1:
        console().print("", facts(details(found[0])), sep="\n")


def print_tables(found: Sequence[Result], columns: Sequence[Column]) -> None:
    """Print a table for each benchmark and model, with columns of the same widths."""
    terminal = console()
    if not found:
        terminal.print("No run matches.")
        return
    widths = _widths(columns, found, terminal.width)
    for heading in dict.fromkeys(title(each) for each in found):
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        for name, _ in columns:
            table.add_column(name, width=widths[name], overflow="fold")
        for each in found:
            if title(each) == heading:
                table.add_row(*(visible("\n".join(cell(each))) for _, cell in columns))
        terminal.print(heading, style="bold cyan", soft_wrap=True)
        terminal.print(table)


def print_markdown(found: Sequence[Result]) -> None:
    """Print a Markdown table, one row a run."""
    columns = _columns(found)
    print("| " + " | ".join(name for name, _ in columns) + " |")
    print("|" + " --- |" * len(columns))
    for each in found:
        cells = (" ".join(cell(each)).strip().replace("|", "\\|") for _, cell in columns)
        print("| " + " | ".join(cells) + " |")


def _columns(found: Sequence[Result]) -> list[Column]:
    columns: list[Column] = [
        ("benchmark, model", lambda each: [title(each)]),
        ("run", _run_cell),
        ("loop", lambda each: [loop(each)]),
        ("tasks", lambda each: [coverage(each)]),
    ]
    if len({each["run_id"] for each in found}) < len(found):
        columns.insert(2, ("test", lambda each: [str(each["test"]).rpartition("::")[2]]))
    if any(each["pass_at"] for each in found):
        columns.append(("pass@k, first attempts", _pass_at_cell))
    elif any(each["samples"] > 1 or each["debug_iters"] or _has_own_solver(each) for each in found):
        columns.append(("1st attempt", lambda each: rate_cell(each, "first_attempt_rate")))
    columns.append(("pass rate", lambda each: rate_cell(each, "pass_rate")))
    if any(each["public_passed"] for each in found):
        columns.append(("false passes", _false_passes_cell))
    if any(each["infra"] for each in found):
        columns.append(("infra", _infra_cell))
    return columns


def _has_own_solver(each: Result) -> bool:
    return "mcode_solver" in each["overridden"]


def _widths(columns: Sequence[Column], found: Sequence[Result], available: int) -> dict[str, int]:
    """Give each column what it wants; loop and tasks, whose cells wrap well, share what is left."""
    widths = {
        name: max(len(line) for each in found for line in [name, *cell(each)]) for name, cell in columns
    }
    left = available - sum(widths.values()) - len(widths) + widths["loop"] + widths["tasks"]
    widths["tasks"] = min(widths["tasks"], max(7, left - widths["loop"]))
    widths["loop"] = min(widths["loop"], max(7, left - widths["tasks"]))
    return widths


def _run_cell(each: Result) -> list[str]:
    state = [] if each["status"] == "finished" else [each["status"]]
    return [short_id(each["run_id"]), each["started_at"][5:16].replace("T", " "), *state]


def rate_cell(each: Result, name: str) -> list[str]:
    """Return a rate and, below it, its interval."""
    return [percent(each[name]), interval(each[f"{name}_low"], each[f"{name}_high"])]


def _false_passes_cell(each: Result) -> list[str]:
    """What passed the tests that it could see, and failed the judge."""
    return [percent(each["false_positive_rate"]), f"of {each['public_passed']}"]


def _infra_cell(each: Result) -> list[str]:
    if not each["infra"]:
        return ["0"]
    return [str(each["infra"]), f"{_bounds(each)}"]


def _bounds(each: Result) -> str:
    return f"{100 * each['pass_rate_if_infra_failed']:.1f} to {100 * each['pass_rate_if_infra_solved']:.1f}"


def _pass_at_cell(each: Result) -> list[str]:
    return [f"@{at['k']} {_span(at, 'rate')}" for at in each["pass_at"]] or ["–"]


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Lay out names and values, as they are."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, visible(value))
    return table


def details(each: Result) -> list[tuple[str, str]]:
    """Return every figure of a result, by name."""
    tasks, total = each["tasks_judged"], each["tasks_total"]
    rows = [
        ("run", f"{each['run_id']} ({each['status']})"),
        ("dataset", f"{each['dataset']} {each['split']}, fingerprint {each['dataset_fingerprint'][:12]}"),
        (
            "judged",
            f"{coverage(each)} tasks" + (f" of {total}" if each["tasks_planned"] == total else ", a subset"),
        ),
        ("solved", f"{each['solved']}/{tasks}: {_rate(each, 'pass_rate')}, Wilson 95 %"),
        ("first attempt", f"{each['first_attempt_solved']}/{tasks}: {_rate(each, 'first_attempt_rate')}"),
    ]
    if each["overridden"]:
        rows.append(("own", ", ".join(f"{name}: {by}" for name, by in sorted(each["overridden"].items()))))
    if each["infra"]:
        rows.append(("infra", f"{each['infra']} outside the pass rate, which they leave at {_bounds(each)}%"))
    rows += [(f"pass@{at['k']}", _pass_at(at, each)) for at in each["pass_at"]]
    if each["samples"] > 1:
        distinct = f"{quantity(each['distinct_solutions_per_task'])} distinct first solutions"
        rows.append(("samples", f"{quantity(each['samples_per_task'])} a task, {distinct}"))
        if each["pass_at_refused"]:
            rows.append(("pass@k", f"not to be had: {each['pass_at_refused']}"))
    if each["verdicts"]:
        rows.append(("failed by", ", ".join(f"{kind} {count}" for kind, count in each["verdicts"].items())))
    if each["public_passed"]:
        wrong = f"{each['false_positives']}/{each['public_passed']}: {percent(each['false_positive_rate'])}"
        rows.append(("false passes", f"{wrong} of what passed the visible tests failed the judge"))
    return [*rows, ("cost", _cost(each))]


def _rate(each: Result, name: str) -> str:
    return f"{percent(each[name])} {interval(each[f'{name}_low'], each[f'{name}_high'])}".strip()


def _pass_at(at: dict[str, Any], each: Result) -> str:
    repaired = f"; {_span(at, 'rate', '_after_repair')} after repair" if each["debug_iters"] else ""
    return f"{_span(at, 'rate')} first attempts{repaired}"


def _span(at: dict[str, Any], name: str, suffix: str = "") -> str:
    return f"{percent(at[name + suffix])} {interval(at['low' + suffix], at['high' + suffix])}"


def _cost(each: Result) -> str:
    def share(of: str) -> str:
        tokens, seconds = each[f"tokens_per_{of}"], quantity(each[f"seconds_per_{of}"], "s")
        return (
            f"{seconds} a {of} task"
            if tokens is None
            else f"{quantity(tokens)} tokens, {seconds} a {of} task"
        )

    return "; ".join([f"{quantity(each['attempts'])} attempts", share("judged"), share("solved")])
