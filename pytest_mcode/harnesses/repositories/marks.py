"""Which part of a log the test command wrote: it stands between marks that carry a secret of the run.

A patch is printed into the log that is graded; one line of it, with a carriage return inside, would bring
marks and results of its own. What is graded here stands between the two marks that carry the secret.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["END", "START", "Marked", "mark_problems", "new_secret", "seal", "unseal"]

START, END = ">>>>> Start Test Output", ">>>>> End Test Output"
EXIT = ">>>>> Test Exit Code"
"""swebench 5's, ``harness/constants``."""
MARKS = (START, END, EXIT)
PATCH, TESTS = "the patch", "the tests' output"


@dataclass(frozen=True, kw_only=True)
class Marked:
    """What a run of the tests left."""

    log: str
    """Its exit status, marks, what the test command wrote: to be graded; empty where that is nothing."""
    forged: tuple[str, ...] = ()
    """Where else marks stand that only the script may write."""


def new_secret() -> str:
    """Return a text that no patch can know."""
    return secrets.token_hex(16)


def seal(script: str, secret: str) -> str:
    """Return an eval script whose marks carry a secret, and whose two streams are one: in order."""
    for mark in MARKS:
        script = script.replace(mark, f"{mark} {secret}")
    return f"exec 2>&1\n{script}"


def unseal(log: str, secret: str) -> Marked:
    """Find what the test command wrote; where its marks are not one pair, nothing of the log is graded."""
    text = _lines(log)
    starts, ends = _places(text, f"{START} {secret}"), _places(text, f"{END} {secret}")
    if len(starts) != 1 or len(ends) != 1 or starts[0] > ends[0]:
        several = len(starts) > 1 or len(ends) > 1
        return Marked(log="", forged=(TESTS,) if several else ())
    start, end = starts[0], ends[0]
    tests = text[start + len(f"{START} {secret}") : end]
    forged = tuple(where for where, said in ((PATCH, text[:start]), (TESTS, tests)) if _holds_marks(said))
    if TESTS in forged:
        return Marked(log="", forged=forged)
    status = re.search(rf"{EXIT} {secret}: (-?\d+)", text[end:])
    said = f"{EXIT}: {status[1]}\n" if status else ""
    return Marked(log=f"{said}{START}{tests}{END}\n", forged=forged)


def mark_problems(script: str) -> str:
    """Return what is wrong with the marks of a dataset's eval script, or nothing."""
    lines = script.split("\n")
    starts, ends = ([n for n, line in enumerate(lines) if mark in line] for mark in (START, END))
    if len(starts) != 1 or len(ends) != 1 or starts[0] > ends[0]:
        return f"must hold the marks {START!r} and {END!r}, each once, in this order"
    return ""


def _holds_marks(text: str) -> bool:
    return any(mark in text for mark in MARKS)


def _places(text: str, mark: str) -> Sequence[int]:
    return [found.start() for found in re.finditer(re.escape(mark), text)]


def _lines(log: str) -> str:
    """Return the log with the line ends that Python reads files with: so does swebench."""
    return log.replace("\r\n", "\n").replace("\r", "\n")
