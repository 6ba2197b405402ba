"""Options of `Settings` as options of a command: declared once, taken by several."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from pytest_mcode.options import OptionSpec
from pytest_mcode.options.groups import heading

__all__ = ["declare", "parameter", "setting"]


def setting(spec: OptionSpec) -> inspect.Parameter:
    """Return a setting as a parameter that Typer reads: None where it is not given."""
    names = f"--{spec.name}/--no-{spec.name}" if spec.is_switch else f"--{spec.name}"
    kind: Any = bool | None if spec.is_switch else list[str] | None if spec.repeatable else str | None
    default = f" [default: {spec.shown_default}]" if spec.shown_default else ""
    metavar = None if spec.is_switch else spec.metavar
    option = typer.Option(
        names,
        help=spec.help + default,
        metavar=metavar,
        show_default=False,
        rich_help_panel=heading(spec),
    )
    return parameter(spec.field, Annotated[kind, option], default=None)


def parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """Return a parameter of a command, keyword-only."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def declare(command: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
    """Give `command` the signature that Typer reads its options from; ours live in `Settings`."""
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
