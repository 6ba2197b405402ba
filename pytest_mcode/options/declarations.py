"""Which options there are: those of `Settings`, and those that harnesses declare for themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options import OptionSpec, specs_of

__all__ = [
    "declare_options",
    "forget_options",
    "is_kept",
    "kept_fields",
    "option_specs",
    "options_of",
    "title_of",
]


_declared: dict[str, Sequence[OptionSpec]] = {}
"""The options of each harness, by its name; those of all harnesses under the empty one."""
_titles: dict[str, str] = {}
"""What help texts call a harness whose options have a ``TITLE``."""
_always: set[str] = set()
"""The names whose options every run records: those of this package."""


def declare_options(harness: str, options: type[Any], *, always: bool = False) -> None:
    """Let a harness have options of its own: a dataclass whose fields `options.option` and its like make.

    `always` records them with every run, whatever judges it, as runs had them before harnesses did.
    Raises `ConfigurationError` where the class cannot serve, or a name is taken.
    """
    if harness in _declared:
        raise ConfigurationError(
            f"the options of the harness {harness!r} are declared already: call add_options() once, and give "
            "a harness of your own a name of its own"
        )
    specs = tuple(specs_of(options, harness)) if is_dataclass(options) else ()
    if not specs:
        raise ConfigurationError(
            f"the options of the harness {harness!r} are not a dataclass with fields that "
            "pytest_mcode.option() declares"
        )
    taken = {spec.field for spec in option_specs()}
    for spec in specs:
        if spec.field in taken:
            raise ConfigurationError(
                f"option {spec.flag} of the harness {harness!r} is there already: give its field another name"
            )
    _declared[harness] = specs
    _titles[harness] = getattr(options, "TITLE", harness)
    if always:
        _always.add(harness)


def forget_options() -> None:
    """Forget the options of harnesses that are not this package's: a new pytest session begins."""
    for name in _declared.keys() - _always:
        del _declared[name]


def option_specs() -> Iterator[OptionSpec]:
    """Yield the specification of every option: those of `Settings` in its order, then each harness's."""
    for specs in _declared.values():
        yield from specs


def title_of(harness: str) -> str:
    """Return what help texts call the options of `harness`; empty for those of all."""
    return _titles.get(harness, harness)


def options_of(harness: str) -> tuple[str, ...]:
    """Return the fields that mean something to `harness` alone."""
    return tuple(spec.field for spec in _declared.get(harness, ()))


def is_kept(group: str, harness: str | None) -> bool:
    """Whether runs that `harness` judges record the options of the harness `group`."""
    return group == harness or group in _always


def kept_fields(harness: str | None = None) -> dict[str, Any]:
    """Return the fields, with their defaults, that runs which `harness` judges record."""
    return {spec.field: spec.default for spec in option_specs() if is_kept(spec.group, harness)}
