"""What a log of tests says of those that failed: tracebacks and assertions, not who passed."""

import re
from collections.abc import Iterator, Sequence

__all__ = ["failures_in"]

SHOWN = 3
"""Failures that are shown."""
LONGEST = 1500
"""Characters of each, the last ones, where the assertion stands."""

_HEADING = re.compile(
    r"^_{2,} (?P<pytest>\S.*?) _{2,}$|^={20,}\n(?:FAIL|ERROR): (?P<unittest>.+)$", re.MULTILINE
)
_END = re.compile(r"^(?:=+ .* =+|={20,}|-{20,}\nRan \d+ tests.*|_{40,})$", re.MULTILINE)
_PASSED = re.compile(r"^(?:PASSED|XFAIL|SKIPPED)\b|\.\.\. ok$| PASSED(?: +\[ *\d+%\])?$")


def failures_in(log: str, tests: Sequence[str]) -> str:
    """Return what `log` says of the first few `tests` that failed; else its last lines but for passes."""
    names = [_names(test) for test in tests]
    told = [text for heading, text in _sections(log) if any(_is_of(heading, each) for each in names)]
    if told:
        return "\n\n".join(text[-LONGEST:] for text in told[:SHOWN])
    lines = [line for line in log.splitlines() if not _PASSED.search(line)]
    return "\n".join(lines).strip()[-LONGEST:]


def _sections(log: str) -> Iterator[tuple[str, str]]:
    for found in _HEADING.finditer(log):
        following = _HEADING.search(log, found.end())
        end = _END.search(log, found.end() + 80)
        stops = [each.start() for each in (following, end) if each] or [len(log)]
        yield found["pytest"] or found["unittest"], log[found.start() : min(stops)].strip()


def _names(test: str) -> tuple[str, str]:
    """Return how headings name a test: pytest's ``Class.test_name[x]``, and what unittest writes."""
    return test.partition("::")[2].replace("::", ".") or test, test


def _is_of(heading: str, names: tuple[str, str]) -> bool:
    return (
        heading in names or heading.endswith(tuple(f":{name}" for name in names)) or "collecting" in heading
    )
