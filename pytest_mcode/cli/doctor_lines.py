"""Doctor's findings on the terminal, a line each, and how far a long check is."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.protocol import Progress

__all__ = ["print_finding", "progress_on"]

STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "bold red"}
MAX_ITEMS = 10


@contextmanager
def progress_on(terminal: Console) -> Iterator[Progress]:
    """Show how far a long check is: a changing line on a terminal, nothing where there is none."""
    shown_on = terminal if terminal.is_terminal else Console(stderr=True)
    if not shown_on.is_terminal:
        yield lambda line: None
        return
    with shown_on.status("checking") as status:
        yield lambda line: status.update(Text(line))


def print_finding(terminal: Console, finding: Finding) -> None:
    """Print one line, folded where a terminal is narrower; what it counts and the remedy below it."""
    head = f"{finding.level:<8} {finding.check:<10} "
    width = terminal.width if terminal.is_terminal else sys.maxsize
    remedy = [f"→ {finding.remedy}"] if finding.remedy else []
    lines = [finding.message, *_listed(finding.items), *remedy]
    body = "\n".join(_fold(line, width, len(head)) for line in lines).lstrip()
    terminal.print(Text.assemble((head, STYLES[finding.level]), body), soft_wrap=True)


def _listed(items: Sequence[str]) -> list[str]:
    """Return names in one line, remarks each in its own."""
    shown, more = list(items[:MAX_ITEMS]), len(items) - MAX_ITEMS
    if more > 0:
        shown.append(f"and {more} more (--json names them)")
    if any(" " in item for item in items):
        return [f"- {item}" for item in shown]
    return [", ".join(shown)] if shown else []


def _fold(line: str, width: int, indent: int) -> str:
    spaces = " " * indent
    return textwrap.fill(
        line,
        width,
        initial_indent=spaces,
        subsequent_indent=spaces,
        break_long_words=False,
        break_on_hyphens=False,
    )
