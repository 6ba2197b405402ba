"""What is installed, and whether it is what this package was made for."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.session import environment

__all__ = ["check_requirements", "check_versions"]

PACKAGE = "pytest-mcode"


def check_versions() -> Iterator[Finding]:
    """Name the versions that a run's record would name."""
    found = environment.describe()
    shown = [f"{name} {number}" for name, number in {"Python": found["python"], **found["versions"]}.items()]
    yield Finding(check="versions", level="ok", message=", ".join(shown), data=found)


def check_requirements(package: str = PACKAGE) -> Iterator[Finding]:
    """Compare what is installed with what `package` asks for, extras aside."""
    for requirement in map(Requirement, requires(package) or ()):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        installed = _version(requirement.name)
        if installed is None or not requirement.specifier.contains(installed, prereleases=True):
            yield Finding(
                check="packages",
                level="problem",
                message=f"{package} needs {_plain(requirement)}; "
                f"{f'{installed} is' if installed else 'none is'} installed",
                remedy=f"pip install '{_plain(requirement)}'",
            )


def _plain(requirement: Requirement) -> str:
    return re.sub(r"\s*;.*", "", str(requirement))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
