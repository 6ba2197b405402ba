"""Options: how one is declared, parsed and checked here; beside it, those of one subject each."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from pytest_mcode.errors import ConfigurationError

__all__ = [
    "UNITS",
    "OptionSpec",
    "choice",
    "count",
    "count_or_auto",
    "key_value",
    "number",
    "occasion_switch",
    "option",
    "refused",
    "size",
    "specs_of",
    "switch",
    "text",
]

IniType = Literal["string", "bool", "int", "float", "linelist"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # each method more costs every pytest session
class OptionSpec:
    """How one field of `Settings`, or of a harness's options, appears: command line, ini file, config key."""

    field: str
    help: str
    parse: Callable[[str, Any], Any]
    """Called with the flag's name and its value; raises `ConfigurationError` on a bad value."""
    metavar: str
    ini: IniType | None
    """Type of the ini twin ``mcode_NAME``; None where the option names one occasion."""
    default: Any
    changes_result: bool
    repeatable: bool
    came_later: bool = False
    """Whether runs were stored before it was there: they meant its default."""
    earlier: Any = None
    """What these runs meant, where its default is another by now."""
    first_default: Any = None
    """Its default in the first version, if it was another: keys of runs that do not use it hold that."""
    group: str = ""
    """The harness that it belongs to; empty: it means the same to all."""

    def counted(self, value: Any, harness: str) -> Any:
        """Return what stands for `value` in the configuration key of a run that `harness` judges."""
        idle = self.first_default is not None and self.group != harness and value == self.default
        return self.first_default if idle else value

    def read(self, given: Any) -> Any:
        """Parse what was given, each of the values of a repeatable option; raises `ConfigurationError`."""
        if not self.repeatable:
            return self.parse(self.flag, given)
        try:
            return tuple(self.parse(self.flag, each) for each in given)
        except ConfigurationError as error:
            if any("," in str(each) for each in given):
                raise ConfigurationError(f"{error}; repeat the option for each of them") from None
            raise

    @property
    def name(self) -> str:
        """The option without its prefix: ``debug-iters``."""
        return self.field.replace("_", "-")

    @property
    def flag(self) -> str:
        """The option as typed after ``pytest``: ``--mcode-debug-iters``."""
        return f"--mcode-{self.name}"

    @property
    def ini_name(self) -> str:
        """The ini twin: ``mcode_debug_iters``."""
        return f"mcode_{self.field}"

    @property
    def shown_default(self) -> str:
        """The default as help texts show it; empty where there is nothing to show."""
        # A number may be 0, which equals False.
        nothing = self.default is None or self.default is False or self.default == ()
        return "" if nothing else str(self.default)

    @property
    def is_switch(self) -> bool:
        """Whether the option takes no value and has a ``--no-`` twin."""
        return self.parse is parse_switch


def refused(flag: str, value: object, allowed: str) -> ConfigurationError:
    """Return the error for a value that is not allowed."""
    return ConfigurationError(f"{flag}: {value!r} is not allowed; give {allowed}")


def text(flag: str, value: Any) -> str:
    """Parse a text that is not empty."""
    if not str(value).strip():
        raise refused(flag, value, "a value that is not empty")
    return str(value)


def parse_switch(flag: str, value: Any) -> bool:
    """Parse a truth value."""
    if not isinstance(value, bool):
        raise refused(flag, value, "true or false")
    return value


def parse_number(
    kind: type[int] | type[float], minimum: float, maximum: float = math.inf
) -> Callable[[str, Any], Any]:
    """Return what parses a number within bounds."""
    what = "a whole number" if kind is int else "a number"
    bounds = f"{minimum:g} or more" if maximum == math.inf else f"from {minimum:g} to {maximum:,.10g}"

    def parse(flag: str, value: Any) -> int | float:
        try:
            number = kind(value)
        except ValueError:
            raise refused(flag, value, f"{what}, {bounds}") from None
        if not minimum <= number <= maximum or number == math.inf:
            raise refused(flag, value, f"{what}, {bounds}")
        return number

    return parse


def count_or_auto(flag: str, value: Any) -> int | Literal["auto"]:
    """Parse a whole number, 1 or more, or the word ``auto``."""
    if value == "auto":
        return "auto"
    try:
        return int(parse_number(int, 1)(flag, value))
    except ConfigurationError:
        raise refused(flag, value, "a whole number, 1 or more, or auto") from None


def choice(*allowed: str) -> Callable[[str, Any], str]:
    """Return what parses one of some words."""

    def parse(flag: str, value: Any) -> str:
        if value not in allowed:
            raise refused(flag, value, "one of " + ", ".join(allowed))
        return str(value)

    return parse


UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


LEAST_MEMORY = 16
"""MiB: what an interpreter and a small function take; an engine may refuse less than 6."""


def size(flag: str, value: Any) -> str:
    """Parse a size in memory, such as ``512m``."""
    number, unit = value[:-1], value[-1:].lower()
    known = unit in UNITS and number.isdecimal()
    if not known or int(number) * UNITS[unit] < LEAST_MEMORY * UNITS["m"]:
        raise refused(flag, value, f"a size such as 512m or 4g, {LEAST_MEMORY}m or more")
    return str(value).lower()


def size_bytes(value: str) -> int:
    """Return a `size` in bytes."""
    return int(value[:-1]) * UNITS[value[-1]]


def key_value(flag: str, value: Any) -> str:
    """Parse ``KEY=VALUE``."""
    key, separator, _ = str(value).partition("=")
    if not separator or not key.strip():
        raise refused(flag, value, "KEY=VALUE")
    return str(value)


def option(
    help: str,
    parse: Callable[[str, Any], Any] = text,
    *,
    metavar: str = "TEXT",
    ini: IniType | None = "string",
    default: Any = None,
    changes_result: bool = False,
    repeatable: bool = False,
    came_later: bool = False,
    earlier: Any = None,
    first_default: Any = None,
    is_secret: bool = False,
) -> Any:
    """Declare a field of `Settings`, or of a harness's options; see `OptionSpec` for the arguments.

    `is_secret` keeps the value out of the `repr` that tracebacks show.
    """
    metadata = {
        "help": help,
        "parse": parse,
        "metavar": metavar,
        "ini": ini,
        "changes_result": changes_result,
        "repeatable": repeatable,
        "came_later": came_later,
        "earlier": earlier,
        "first_default": first_default,
    }
    return field(default=() if repeatable else default, metadata=metadata, repr=not is_secret)


def specs_of(options: type[Any], group: str = "") -> Iterator[OptionSpec]:
    """Yield the specification of each field that `option` and its like declare in a dataclass.

    Its own come before those that it inherits.
    """
    own = vars(options).get("__annotations__", {})
    for each in sorted(fields(options), key=lambda field: field.name not in own):
        if each.metadata:
            yield OptionSpec(field=each.name, default=each.default, group=group, **each.metadata)


def count(help: str, minimum: int, **more: Any) -> Any:
    """Declare a field that is a whole number."""
    return option(help, parse_number(int, minimum), ini="int", **{"metavar": "N", **more})


def number(help: str, minimum: float, maximum: float = math.inf, **more: Any) -> Any:
    """Declare a field that is a number."""
    return option(help, parse_number(float, minimum, maximum), ini="float", **more)


def switch(help: str, **more: Any) -> Any:
    """Declare a field that is off unless asked for."""
    return option(help, parse_switch, **{"metavar": "", "ini": "bool", "default": False, **more})


def occasion_switch(help: str) -> Any:
    """Declare a field that is off unless asked for on a command line."""
    return switch(help, ini=None)
