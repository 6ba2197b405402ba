"""For one kind of task, everything between prompt and verdict: the registry of harnesses.

The protocol is in `pytest_mcode.harnesses.protocol`. Only the harnesses' options are imported here: every
pytest session lists them where this plugin is installed.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.functions.options import FunctionOptions
from pytest_mcode.harnesses.repositories.options import RepositoryOptions
from pytest_mcode.options.declarations import declare_options

if TYPE_CHECKING:
    from pytest_mcode.harnesses.protocol import Harness

__all__ = ["built_in", "get", "names", "offer"]

_BUILT_IN = {
    "functions": "pytest_mcode.harnesses.functions.harness:FUNCTIONS",
    "repositories": "pytest_mcode.harnesses.repositories.harness:REPOSITORIES",
}
"""Name to where the harness is; imported when asked for."""

declare_options("functions", FunctionOptions, always=True)
declare_options("repositories", RepositoryOptions, always=True)

_offered: "dict[str, Harness]" = {}
"""Those that benchmarks of conftest files and installed plugins name."""


def built_in() -> list[str]:
    """Return the names of this package's harnesses."""
    return list(_BUILT_IN)


def names() -> list[str]:
    """Return the names of all harnesses that are known here."""
    return [*_BUILT_IN, *_offered]


def offer(found: "Iterable[Harness]") -> None:
    """Know these besides the built-in ones, instead of those that were offered before."""
    _offered.clear()
    for harness in found:
        if harness.name in _BUILT_IN and harness is not get(harness.name):
            raise ConfigurationError(
                f"harness {type(harness).__name__} has the name {harness.name!r}, which is one of "
                "pytest-mcode's: rename it"
            )
        _offered[harness.name] = harness


def get(name: str) -> "Harness | None":
    """Return the harness called `name`, or None for one that is not known here, such as another project's."""
    if name in _BUILT_IN:
        import pkgutil

        harness: Harness = pkgutil.resolve_name(_BUILT_IN[name])
        return harness
    return _offered.get(name)
