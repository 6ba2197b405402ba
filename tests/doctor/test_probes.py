"""A probe that gets through its limit is reported: each one is shown a sandbox that does not keep it."""

from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.functions.examination import try_limits
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Limits, Program, Sandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.probes import CONNECT, Probe, probes
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.docker_support import IMAGE, require_image

MEBIBYTE = 2**20
CLAIMED = Limits(timeout=5, memory=32 * MEBIBYTE, pids=16, output=MEBIBYTE)
LAVISH = Limits(timeout=5, memory=1024 * MEBIBYTE, pids=256, output=8 * MEBIBYTE)


def chosen(*checks: str) -> list[Probe]:
    return [probe for probe in probes(CLAIMED) if probe.check in checks]


def levels(sandbox: Sandbox, *checks: str) -> list[tuple[str, str, str]]:
    with closing(sandbox):
        found = list(try_limits(sandbox, chosen(*checks)))
    assert all(finding.remedy for finding in found if finding.level == "problem")
    return [(finding.check, finding.level, finding.data["verdict"]) for finding in found]


def test_without_isolation_a_lavish_sandbox_lets_through() -> None:
    assert levels(ProcessSandbox(LAVISH), "output") == [("output", "problem", "passed")]


@pytest.mark.docker
def test_a_lavish_container_lets_through() -> None:
    sandbox = DockerSandbox(require_image(IMAGE), LAVISH, "tests-of-doctor")
    assert levels(sandbox, "memory", "pids", "output") == [
        ("memory", "problem", "passed"),
        ("memory", "problem", "passed"),
        ("pids", "problem", "assertion"),
        ("output", "problem", "passed"),
    ]


@pytest.mark.docker
def test_a_tight_container_stops_each() -> None:
    sandbox = DockerSandbox(require_image(IMAGE), CLAIMED, "tests-of-doctor")
    found = levels(sandbox, "memory", "pids", "network", "output", "read-only")
    assert [level for _, level, _ in found] == ["ok"] * 6


def test_what_reaches_out_says_so() -> None:
    """The program that must fail in a container finds a way out where there is a route."""
    routes = Path("/proc/net/route")
    if not routes.exists() or not any(
        line.split()[1] == "00000000" for line in routes.read_text().splitlines()[1:]
    ):
        pytest.skip("this machine has no default route")
    scope: dict = {}
    exec(CONNECT, scope)
    assert "192.0.2.1" in scope["tried"]()


class Broken:
    """A sandbox whose engine has gone."""

    def run(self, program: Program) -> Verdict:
        raise InfraError("the engine is gone")


def test_a_sandbox_that_fails_is_a_problem_of_each_probe() -> None:
    found = list(try_limits(Broken(), chosen("memory", "time")))  # type: ignore[arg-type]
    assert [(each.check, each.level, each.message) for each in found] == [
        ("memory", "problem", "the engine is gone"),
        ("memory", "problem", "the engine is gone"),
        ("time", "problem", "the engine is gone"),
    ]
