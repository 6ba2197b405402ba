"""The sandbox of functions as `mcode doctor` tries it: the image, and every limit overstepped."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from pytest_mcode.harnesses.findings import Finding, run_check
from pytest_mcode.harnesses.functions.sandbox import check_sandbox, open_sandbox
from pytest_mcode.harnesses.limits import limits_of
from pytest_mcode.harnesses.protocol import Progress
from pytest_mcode.sandboxes import Sandbox
from pytest_mcode.sandboxes.probes import Probe, probes
from pytest_mcode.settings import Settings

__all__ = ["check_image", "check_limits", "try_limits"]

PROBE_SECONDS = 20.0
ENDLESS_SECONDS = 0.5
MOST_MEMORY = 512 * 2**20
"""Bytes; where more are allowed, it is this limit that is tried: none may mean none at all."""
MOST_PIDS = 64


def check_image(settings: Settings, session_id: str, progress: Progress) -> Iterator[Finding]:
    """Run a session's preflight of the sandbox, which pulls a missing image."""
    found = check_sandbox(settings, session_id, (), progress)
    if "warning" in found:
        yield Finding(
            check="sandbox",
            level="warning",
            message=str(found["warning"]),
            remedy="--sandbox docker isolates",
            data=found,
        )
        return
    yield Finding(
        check="image" if "image" in found else "sandbox",
        level="ok",
        message=f"{_place(found)}, Python {found['python']}, judges",
        data=found,
    )
    if not_held := found.get("limits_not_held"):
        yield Finding(
            check="engine",
            level="warning",
            message=f"the engine says that it can't limit {', '.join(not_held)}",
            remedy="see what `docker info` warns of, and what was tried below",
        )


def _place(found: Mapping[str, Any]) -> str:
    if "image" in found:
        return f"{found['image']} ({found['image_id'].removeprefix('sha256:')[:12]})"
    where = found.get("container") or found.get("rootfs") or "this machine's files by a list"
    return f"{found['sandbox']} {found['engine']}, {where}"


def check_limits(settings: Settings, session_id: str) -> Iterator[Finding]:
    """Try every limit in sandboxes as the session opens them, with limits that are soon reached."""
    isolates = settings.sandbox != "process"
    for seconds, wants_time in ((PROBE_SECONDS, False), (ENDLESS_SECONDS, True)):
        tight = replace(
            settings,
            timeout=seconds,
            mem_limit=f"{min(settings.memory_bytes, MOST_MEMORY) >> 10}k",
            pids_limit=min(settings.pids_limit, MOST_PIDS),
        )
        chosen = [
            probe
            for probe in probes(limits_of(tight))
            if (probe.check == "time") == wants_time and (isolates or not probe.needs_isolation)
        ]
        with closing(open_sandbox(tight, session_id)) as sandbox:
            yield from try_limits(sandbox, chosen)


def try_limits(sandbox: Sandbox, chosen: list[Probe]) -> Iterator[Finding]:
    """Run programs that overstep a limit; one that gets through is a problem."""
    for probe in chosen:
        yield from run_check(probe.check, partial(_tried, sandbox, probe))


def _tried(sandbox: Sandbox, probe: Probe) -> Iterator[Finding]:
    verdict = sandbox.run(probe.program)
    data = {"verdict": verdict.kind, "expected": probe.expected, "seconds": verdict.seconds}
    if verdict.kind == probe.expected:
        yield Finding(check=probe.check, level="ok", message=f"{probe.tries} is stopped", data=data)
        return
    said = verdict.message.splitlines()
    yield Finding(
        check=probe.check,
        level="problem",
        message=f"{probe.tries} ends in the verdict `{verdict.kind}`, not `{probe.expected}`"
        f"{f': {said[0]}' if said else ''}",
        remedy=probe.remedy,
        data=data,
    )
