"""Options on pytest's command line and in its ini files: how a specification becomes both."""

from collections.abc import Iterable
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options import OptionSpec
from pytest_mcode.options.declarations import declare_options, option_specs
from pytest_mcode.options.groups import heading

__all__ = ["PREFIXES", "add_option", "add_options", "refuse_unknown"]

PREFIXES = ("--mcode-", "--no-mcode-")


def add_options(parser: pytest.Parser, harness: Any) -> None:
    """Let a harness of your own have options: call this in ``pytest_addoption`` of your conftest.py.

    `harness` is a class or object of `pytest_mcode.Harness` whose ``options`` is a dataclass of fields that
    `pytest_mcode.option` declares: ``base: str = option("The numbers' base.", metavar="N", default="10")``
    becomes ``--mcode-base``, ini ``mcode_base``, and ``settings.of(TheOptions).base``.
    """
    name = getattr(harness, "name", None)
    if not isinstance(name, str) or not name or not hasattr(harness, "options"):
        given = getattr(harness, "__name__", harness)
        raise pytest.UsageError(
            f"add_options() was given {given!r}, which lacks a name or options: give a class that inherits "
            "from pytest_mcode.Harness, with name = '…' and options = TheOptions"
        )
    try:
        declare_options(name, harness.options)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    for spec in option_specs():
        if spec.group == name:
            add_option(parser, spec)


def add_option(parser: pytest.Parser, spec: OptionSpec) -> None:
    """Add one option and its ini twin, under the heading that it has in every help text."""
    about = heading(spec)
    group = parser.getgroup(f"mcode: {about}", f"{about}, code benchmarks (pytest-mcode)")
    dest, text = spec.ini_name, (spec.help + _default(spec)).replace("%", "%%")
    if spec.is_switch:
        group.addoption(spec.flag, dest=dest, action="store_true", default=None, help=text)
        group.addoption(
            f"--no-mcode-{spec.name}",
            dest=dest,
            action="store_false",
            default=None,
            help=f"Undo {spec.flag}.",
        )
    else:
        action = "append" if spec.repeatable else "store"
        group.addoption(spec.flag, dest=dest, action=action, default=None, metavar=spec.metavar, help=text)
    if spec.ini:
        parser.addini(spec.ini_name, spec.help, type=spec.ini, default=None)


def refuse_unknown(arguments: Iterable[str]) -> None:
    """Raise `pytest.UsageError` for an option of ours that there is not, with those that are near."""
    for each in arguments:
        flag = each.partition("=")[0]
        if flag.startswith(PREFIXES):
            from difflib import get_close_matches

            known = [spec.flag for spec in option_specs()]
            known += [f"--no-mcode-{spec.name}" for spec in option_specs() if spec.is_switch]
            near = get_close_matches(flag, known, n=3, cutoff=0.75)
            hint = f"did you mean {' or '.join(near)}?" if near else "`pytest --help` lists them"
            raise pytest.UsageError(f"{flag}: there is no such option; {hint}")


def _default(spec: OptionSpec) -> str:
    shown = spec.shown_default if spec.field != "benchmark" else ""
    return f" Default: {shown}." if shown else ""
