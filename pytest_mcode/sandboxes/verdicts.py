"""Turns what a runner reports into a verdict. Only proof makes a pass; doubt is a failure."""

import json
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pytest_mcode.errors import InfraError
from pytest_mcode.records import Verdict, VerdictKind
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.runner.wire import KEPT_FIRST

__all__ = ["BrokenTestsError", "Reply", "decide"]

SAYABLE = (
    "passed",
    "assertion",
    "exception",
    "syntax",
    "timeout",
    "memory",
    "exited_early",
    "lost",
    "bad_test",
)
"""The kinds that a judge may say: all others are found out without it."""

MAX_MESSAGE = 2000
CONTROL = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")
MISSING_NUMPY = (
    ": `mcode image build` makes an image that has it; a Python of this machine needs it installed"
)


class BrokenTestsError(InfraError):
    """The tests cannot be run, whatever the solution; a process that also ran a solution may lie about it."""


@dataclass(frozen=True)
class Reply:
    """One attempt as the runner's server saw it."""

    summary: Mapping[str, Any]
    """``end`` (exited, or what there was too much of: timeout, output, memory, processes, files), exit codes
    of ``judge`` and ``candidate``, ``output`` (bytes written to stdout and to stderr), ``seconds``, ``cpu``
    and ``wall`` (seconds charged, of processors, of the wall clock), ``oom`` (whether memory ran out),
    ``clean``."""
    verdict: bytes
    """What the judge wrote: JSON with ``kind``, ``message``, ``nonce``."""
    stdout: bytes
    stderr: bytes


def decide(reply: Reply, program: Program, limits: Limits, nonce: str) -> Verdict:
    """Return the verdict; raises `BrokenTestsError` when the tests themselves cannot be run.

    A pass needs all of: the judge said so after the last line of the tests, it echoed the
    nonce, it exited 0, and no limit was exceeded.
    """
    kind, message = _kind_and_message(reply, limits, nonce)
    if kind == "bad_test":
        raise BrokenTestsError(f"{message}{MISSING_NUMPY if 'import numpy,' in message else ''}")
    return Verdict(
        kind=cast(VerdictKind, kind),
        message=_shorten(_printable(message)),
        stdout=_text(reply.stdout, reply.summary["output"][0]),
        stderr=_text(reply.stderr, reply.summary["output"][1]),
        seconds=reply.summary["seconds"],
        cpu_seconds=reply.summary["cpu"],
        wall_seconds=reply.summary["wall"],
        mode="in_process" if program.in_process else "split",
    )


def _kind_and_message(reply: Reply, limits: Limits, nonce: str) -> tuple[str, str]:
    summary = reply.summary
    if sum(summary["output"]) > limits.output:
        return "output_limit", f"more than {limits.output >> 20} MiB of output"
    if summary["end"] == "processes":
        return "exited_early", f"killed: more than {limits.pids} processes and threads"
    if summary["end"] == "files":
        return "exited_early", "killed: more than 16384 files"
    if summary["end"] == "timeout":
        return "timeout", f"no end within {limits.timeout:g} s"
    said = _said(reply.verdict, nonce) if summary["judge"] == 0 else None
    if summary["oom"] and not (said and said["kind"] == "passed"):
        return "memory", f"killed: more than {limits.memory >> 20} MiB of memory"
    if said is None:
        return "exited_early", f"the tests did not reach their end: {_ending(summary['judge'])}"
    if said["kind"] == "lost":
        return "exited_early", f"{said['message']}\n{_ending(summary['candidate'])}"
    if said["kind"] == "timeout":
        return "timeout", f"no end within {limits.timeout:g} s\n{said['message']}"
    if said["kind"] == "memory":
        return "memory", f"more than {limits.memory >> 20} MiB of memory\n{said['message']}"
    return said["kind"], said["message"]


def _said(verdict: bytes, nonce: str) -> dict[str, str] | None:
    """Return what the judge wrote, None unless it is whole and carries this attempt's nonce."""
    try:
        said = json.loads(verdict)
        kind, message, echoed = said["kind"], said["message"], said["nonce"]
    except (ValueError, TypeError, KeyError):
        return None
    known = isinstance(message, str) and kind in SAYABLE
    return {"kind": kind, "message": message} if known and echoed == nonce else None


def _ending(code: int | None) -> str:
    if code is None:
        return "the process did not end by itself"
    if code < 0:
        named = -code in set(signal.Signals)
        return f"the process was killed by {signal.Signals(-code).name if named else f'signal {-code}'}"
    return f"the process exited with status {code}"


def _text(kept: bytes, written: int) -> str:
    """Return what was kept of a stream, and between its parts how much was not."""
    if written <= len(kept):
        return _printable(kept.decode("utf-8", "replace"))
    first, last = (_text(part, len(part)) for part in (kept[:KEPT_FIRST], kept[KEPT_FIRST:]))
    return f"{first}\n[... {written - len(kept):,} bytes dropped ...]\n{last}"


def _printable(text: str) -> str:
    """Escape what could steer a terminal or cannot be encoded: a solution's text is shown to people."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _shorten(text: str) -> str:
    if len(text) <= MAX_MESSAGE:
        return text
    return f"{text[: MAX_MESSAGE * 3 // 4]}\n[...]\n{text[-MAX_MESSAGE // 4 :]}"
