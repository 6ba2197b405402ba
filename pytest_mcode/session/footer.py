"""A run's picture in words: the footer of a session, the screen of `mcode watch`, a line for a log."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_mcode.results.picture import STALE_SECONDS, Picture

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["duration", "footer", "line", "lines", "rate"]

QUIET_SECONDS = 30.0
"""After which it is worth a word that nothing comes."""
WAITS = {"model": "model", "slot": "its turn", "sandbox": "sandbox", "retry": "retry", "": "working"}
_ADDRESS = re.compile(r"^\S+ at \S+: ")
"""What the causes of retries begin with: the same for all."""
TASK_WIDTH = 58
"""Columns that a task takes."""


def rate(shown: Picture) -> str:
    """Return ``61.3%, 95 % in [53.7%, 68.5%] (100/163)``."""
    if shown.rate is None:
        return "no task was judged"
    of = f"({shown.solved}/{shown.judged})"
    if shown.low is None or shown.high is None:
        return f"{shown.rate:.1%} {of}; no interval: {shown.no_interval}"
    return f"{shown.rate:.1%}, 95 % in [{shown.low:.1%}, {shown.high:.1%}] {of}"


def duration(seconds: float) -> str:
    """Return ``45 s``, ``3 min 5 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        exact = whole < 600 and whole % 60
        return f"{whole // 60} min {whole % 60} s" if exact else f"{round(whole / 60)} min"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def line(shown: Picture) -> str:
    """Return the picture as one line."""
    longest = shown.tasks[0] if shown.tasks else None
    parts = [
        f"{shown.done}/{shown.planned} done",
        rate(shown),
        f"{shown.infra} infra",
        f"{shown.in_flight} in flight" if shown.in_flight else "",
        f"{shown.attempts} attempts",
        _retries(shown),
        f"{shown.tokens_per_second:.0f} tokens/s" if (shown.tokens_per_second or 0) >= 0.5 else "",
        _left(shown),
    ]
    if shown.quiet_seconds >= QUIET_SECONDS and longest:
        parts.append(f"nothing for {duration(shown.quiet_seconds)}: {_task(longest)}")
    return ", ".join(filter(None, parts))


def footer(shown: Picture, *, columns: int, height: int, colour: bool, encoding: str) -> list[str]:
    """Return at most `height` lines, shorter than `columns`, with escape sequences where `colour`."""
    from rich.console import Console, Group

    sheet = _Sheet()
    sheet.encoding = encoding
    console = Console(
        file=sheet,
        width=max(10, columns - 1),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    width = max(10, columns - 1)
    ascii_only = not encoding.lower().startswith("utf")
    every = list(lines(shown, width=width, height=height, ascii_only=ascii_only))
    console.print(Group(*every), soft_wrap=False, overflow="crop", no_wrap=True, crop=True)
    return sheet.getvalue().splitlines()[:height]


def lines(shown: Picture, *, width: int, height: int, ascii_only: bool = False) -> "Iterator[Text]":
    """Yield the lines of the picture, none wider than `width`, the most telling ones first."""
    from rich.text import Text

    if height < 3:
        yield _cut(Text(f"mcode: {_brief(shown)}"), width)
        return
    yield _cut(_head(shown, width, ascii_only=ascii_only), width)
    yield _cut(_result(shown), width)
    if shown.is_running:
        yield _cut(_speed(shown), width)
    room = height - 3
    causes = list(shown.infra_causes)[: 1 if room > 2 else 0]
    for each in causes:
        yield _cut(Text(f"{each['count']} x {each['cause']}", style="yellow"), width)
    yield from _tasks(shown, width, room - len(causes))


def _head(shown: Picture, width: int, *, ascii_only: bool) -> "Text":
    from rich.text import Text

    title = f"mcode {shown.benchmark}" + (f", {shown.model}" if shown.model else "")
    told = f"{shown.done}/{shown.planned} done, {duration(shown.seconds)}"
    bar = max(0, width - len(told) - min(len(title), width // 2) - 2)
    if bar < 8:
        return Text(told, style="bold")
    full = round(bar * min(1.0, shown.done / shown.planned)) if shown.planned else 0
    marks = "#-" if ascii_only else "━─"
    filled, empty = (marks[0] * full, "green"), (marks[1] * (bar - full), "dim")
    return Text.assemble((f"{title[: width // 2]} ", "bold"), filled, empty, (f" {told}", "bold"))


def _result(shown: Picture) -> "Text":
    from rich.text import Text

    told = Text(f"pass rate {rate(shown)}" if shown.judged else "nothing judged yet", style="green")
    if shown.infra:
        told.append(f", {shown.infra} infra", style="yellow bold")
    if shown.retries:
        told.append(f", {_retries(shown)}", style="yellow")
    return told


def _speed(shown: Picture) -> "Text":
    from rich.text import Text

    waits = ", ".join(f"{number} {WAITS.get(name, name)}" for name, number in shown.waits.items() if number)
    parts = [
        f"{shown.in_flight} in flight{f' ({waits})' if waits else ''}" if shown.in_flight else "",
        f"{shown.tokens_per_second:.0f} tokens/s" if (shown.tokens_per_second or 0) >= 0.5 else "",
        _left(shown),
    ]
    told = Text(", ".join(filter(None, parts)))
    silent = shown.silent_seconds or 0.0
    if silent >= STALE_SECONDS:
        told.append(f"  its session has said nothing for {duration(silent)}", style="red bold")
    elif shown.quiet_seconds >= QUIET_SECONDS:
        told.append(f"  nothing for {duration(shown.quiet_seconds)}", style="red bold")
    return told


def _tasks(shown: Picture, width: int, room: int) -> "Iterator[Text]":
    from rich.text import Text

    across = max(1, width // TASK_WIDTH)
    wide = width // across - 1
    tasks, more = list(shown.tasks), shown.in_flight - len(shown.tasks)
    if room < 1 or not tasks:
        return
    if len(tasks) > room * across or more > 0:
        kept = max(0, room * across - 1)
        more = shown.in_flight - len(tasks[:kept])
        tasks = tasks[:kept]
    cells = [(_task(each), "yellow" if each["waits_for"] == "retry" else "") for each in tasks]
    if more > 0:
        cells.append((f"and {more} more", "dim"))
    for first in range(0, len(cells), across):
        told = Text()
        for words, style in cells[first : first + across]:
            cell = _cut(Text(words, style=style), wide)
            cell.pad_right(max(0, wide - cell.cell_len) + 1)
            told.append_text(cell)
        told.rstrip()
        yield told


def _task(task: Mapping[str, Any]) -> str:
    where = f"{task['task_id']} (sample {task['sample']}, iteration {task['iteration']})"
    if task["waits_for"] == "retry":
        why = _ADDRESS.sub("", task["why"])
        return f"{where} retry in {duration(task['retry_in'] or 0)}{f': {why}' if why else ''}"
    return f"{where} {WAITS.get(task['waits_for'], task['waits_for'])} {duration(task['seconds'])}"


def _brief(shown: Picture) -> str:
    parts = [
        f"{shown.done}/{shown.planned}",
        "" if shown.rate is None else f"{shown.rate:.1%}",
        f"{shown.infra} infra" if shown.infra else "",
        f"nothing for {duration(shown.quiet_seconds)}" if shown.quiet_seconds >= QUIET_SECONDS else "",
        _left(shown),
    ]
    return ", ".join(filter(None, parts))


def _retries(shown: Picture) -> str:
    return f"{shown.retries} {'retry' if shown.retries == 1 else 'retries'}" if shown.retries else ""


def _left(shown: Picture) -> str:
    if shown.seconds_left is None or shown.quiet_seconds >= QUIET_SECONDS:
        return ""  # While nothing comes, it only grows.
    return f"{duration(shown.seconds_left)} left"


def _cut(text: "Text", width: int) -> "Text":
    text.truncate(width)
    return text


class _Sheet(io.StringIO):
    """What Rich prints on; it asks for the encoding."""

    encoding = "utf-8"
