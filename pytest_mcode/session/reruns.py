"""Refuses what runs a task again: one try would become the best of several, and be counted for each."""

from collections.abc import Sequence

import pytest

from pytest_mcode.errors import ConfigurationError

__all__ = ["REMEDY", "refuse_marks", "refuse_reruns", "refuse_second_run", "refused_report"]

REMEDY = "give --mcode-samples for more tries"

OPTIONS = ("reruns", "force_reruns", "retries", "force_flaky")
"""Of pytest-rerunfailures (the first two), pytest-retry and flaky; their values are harmless where falsy."""
INI = ("reruns", "retries")
MARKS = {"flaky": OPTIONS, "repeat": ("count",)}
"""Marks, with the options of the plugins that heed them; without such a plugin a mark is but a word."""
DECORATED = "_flaky_max_runs"
"""What flaky's decorator sets on a test function."""

_RAN = pytest.StashKey[bool]()


def refuse_reruns(config: pytest.Config) -> None:
    """Raise `ConfigurationError` where an option or the ini file asks for it."""
    asked = [f"--{name.replace('_', '-')}" for name in OPTIONS if _number(config.getoption(name, None))]
    if _number(config.getoption("count", None)) > 1:
        asked.append("--count")
    if config.getoption("dist", None) == "each":
        asked.append("--dist=each")
    asked += [f"{name} of the ini file" for name in INI if _number(_ini(config, name))]
    if asked:
        raise ConfigurationError(
            f"{asked[0]} runs tasks again and would turn one try into the best of several: "
            f"leave it out; {REMEDY}"
        )


def refuse_marks(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Raise `ConfigurationError` where a mark or a decorator on one of `items` asks for it."""
    there = vars(config.option)
    heeded = [mark for mark, options in MARKS.items() if any(name in there for name in options)]
    for item in items:
        marks = [f"mark {mark!r}" for mark in heeded if item.get_closest_marker(mark)]
        if hasattr(getattr(item, "obj", None), DECORATED):
            marks.append("decorator @flaky")
        if marks:
            raise ConfigurationError(
                f"{item.nodeid}: its {marks[0]} runs it again and would turn one try into the best of "
                f"several: take it away; {REMEDY}"
            )


def refuse_second_run(item: pytest.Item) -> None:
    """Raise `ConfigurationError` where `item` has run before in this session, whoever asked for it."""
    if item.stash.get(_RAN, False):
        raise ConfigurationError(
            f"{item.nodeid} was started a second time, by a plugin or a conftest.py: a task is judged once "
            f"a session; {REMEDY}"
        )
    item.stash[_RAN] = True


def refused_report(item: pytest.Item, reason: str) -> pytest.TestReport:
    """Return the report of an item that did not run: it stops the session, and nothing is counted."""
    report = pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome="failed",
        longrepr=reason,
        when="call",
    )
    report.mcode_stop = reason  # type: ignore[attr-defined]
    return report


def _number(value: object) -> int:
    """Return how often; what is no number asks for it if it is true."""
    try:
        return int(str(value or 0))
    except ValueError:
        return int(bool(value))


def _ini(config: pytest.Config, name: str) -> object:
    try:
        return config.getini(name)
    except (KeyError, ValueError):  # nobody has declared it
        return None
