"""Writes what pages say below their marks, as the package declares it: options, commands, columns.

    python docs/generate.py

A test compares the pages with what this writes.
"""

import html
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

import pytest_mcode.benchmarks
from pytest_mcode.cli import app
from pytest_mcode.options import OptionSpec
from pytest_mcode.options.groups import GROUPS, OTHERS, heading
from pytest_mcode.results.columns import ATTEMPT_COLUMNS, RUN_COLUMNS, TASK_COLUMNS
from pytest_mcode.settings import option_specs
from pytest_mcode.store.schema import metadata

DOCS = Path(__file__).parent
MARK = "<!-- Below: made by docs/generate.py -->"
HEAD = "| option | meaning | default | ini |\n| --- | --- | --- | --- |"


def options_page() -> Iterator[str]:
    """Yield the tables of a session's options, as the help groups them, and what benchmarks want."""
    ours = [spec for spec in option_specs() if spec.group in ("", "functions", "repositories")]
    titles = {heading(spec) for spec in ours}
    for title in [*GROUPS, *sorted(titles - {*GROUPS, OTHERS}), OTHERS]:
        yield f"## {title}\n\n{HEAD}"
        yield from (_option(spec) for spec in ours if heading(spec) == title)
        yield ""
    yield "## What benchmarks want otherwise\n"
    yield "| benchmark | defaults |\n| --- | --- |"
    by_wanted: dict[str, list[str]] = {}
    for name in pytest_mcode.benchmarks.built_in():
        by_wanted.setdefault(_own_defaults(name), []).append(f"`{name}`")
    yield from (f"| {', '.join(names)} | {wanted} |" for wanted, names in by_wanted.items() if wanted)


def commands_page() -> Iterator[str]:
    """Yield a section for each command: its usage, what it says of itself, its options."""
    root = typer.main.get_command(app)
    yield from _commands(root, root.context_class(root, info_name="mcode"))


def data_page() -> Iterator[str]:
    """Yield each table's columns."""
    for table in metadata.sorted_tables:
        yield f"### {table.name}\n\n| column | type | |\n| --- | --- | --- |"
        for column in table.columns:
            yield f"| `{column.name}` | {_type(column)} | {_cell(column.comment or '')} |"
        yield ""


def python_page() -> Iterator[str]:
    """Yield the columns of each kind of frame."""
    frames = {"runs": RUN_COLUMNS, "tasks": TASK_COLUMNS, "attempts": ATTEMPT_COLUMNS}
    for name, columns in frames.items():
        yield f"### {name}\n\n| column | |\n| --- | --- |"
        yield from (f"| `{column}` | {_cell(meaning)} |" for column, meaning in columns.items())
        yield ""


def pages() -> Mapping[Path, str]:
    """Return each page that is generated in part, as it should be."""
    made = {
        "options.md": options_page(),
        "commands.md": commands_page(),
        "data.md": data_page(),
        "python.md": python_page(),
    }
    return {DOCS / name: _by_hand(DOCS / name) + "\n".join(lines) + "\n" for name, lines in made.items()}


def _by_hand(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n\n"


def _option(spec: OptionSpec) -> str:
    takes = "" if spec.is_switch else f" {_cell(spec.metavar.replace('|', ' or '))}"
    ini = f"`{spec.ini_name}`" if spec.ini else "–"
    default = "off" if spec.is_switch else f"`{spec.shown_default}`" if spec.shown_default else ""
    of = " *Of functions to write.*" if spec.group == "functions" else ""
    return f"| `{spec.flag}`{takes} | {_cell(spec.help)}{of} | {default} | {ini} |"


def _type(column: Any) -> str:
    name = type(column.type).__name__
    known = {"SafeText": "text", "String": "text", "Json": "JSON", "BigInteger": "integer"}
    return known.get(name, name.lower()) + (", or null" if column.nullable else "")


def _own_defaults(benchmark: str) -> str:
    wanted = pytest_mcode.benchmarks.get(benchmark).defaults
    return ", ".join(
        f"`{key.replace('_', '-')}` {'on' if value is True else value}" for key, value in wanted.items()
    )


def _commands(command: Any, context: Any) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from _commands(each, each.context_class(each, info_name=name, parent=context))
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {context.command_path}\n\n```\n{context.command_path} {usage}\n```\n"
    yield _cell(inspect.cleandoc(command.help or ""), keep_lines=True) + "\n"
    fields = {spec.field for spec in option_specs()}
    of_session = [each for each in command.params if each.name in fields]
    takes_all = len(of_session) > len(fields) / 2
    own = [each for each in command.params if not (takes_all and each in of_session)]
    if takes_all:
        yield "It takes every option of [a session](options.md), without the prefix `mcode-`.\n"
    if own:
        yield "| | |\n| --- | --- |"
        yield from (_parameter(each, context) for each in own)
        yield ""


def _parameter(parameter: Any, context: Any) -> str:
    typed, meaning = parameter.get_help_record(context)
    typed = typed if typed.startswith("-") else typed.partition(" <")[0]
    return f"| `{typed.replace('|', ' or ')}` | {_cell(meaning)} |"


def _cell(text: Any, *, keep_lines: bool = False) -> str:
    """Return a text as Markdown that a table can hold, code in backticks left as it is."""
    parts = str(text).split("`")
    plain = [
        html.escape(part, quote=False).replace("*", r"\*") if n % 2 == 0 else part
        for n, part in enumerate(parts)
    ]
    found = "`".join(plain)
    return found if keep_lines else " ".join(found.replace("|", "&#124;").split())


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
