"""No hostile program passes, harms the harness, or leaves anything for the next attempt to find."""

import time
from collections.abc import Iterator
from contextlib import closing
from textwrap import dedent

import pytest

from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.docker import ContainerConnection, DockerSandbox
from pytest_mcode.sandboxes.runner.wire import WALL_FACTOR
from tests.sandboxes.conftest import SESSION, TIGHT
from tests.sandboxes.hostile_programs import ANSWERS, CHOOSERS, FORGERIES, HOSTILE, NONCE_THIEVES, TEST
from tests.sandboxes.spying import LOOK, SPY

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def hostile_sandbox(image: str) -> Iterator[DockerSandbox]:
    """No hostile program may cost it its container, so it keeps one for longer than others do."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pytest_mcode.sandboxes.client.ATTEMPTS_PER_RUNNER", 10_000)
        sandbox = DockerSandbox(image, TIGHT, SESSION)
    with closing(sandbox):
        yield sandbox


def container_of(sandbox: DockerSandbox) -> ContainerConnection:
    assert sandbox._runner
    connection = sandbox._runner._connection
    assert isinstance(connection, ContainerConnection)
    return connection


def processes_in(sandbox: DockerSandbox) -> list[list[str]]:
    connection = container_of(sandbox)
    found: list[list[str]] = connection.container.engine.top(connection.container.id)["Processes"]
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_program(hostile_sandbox: DockerSandbox, name: str) -> None:
    hostile_sandbox.run(LOOK)
    container = container_of(hostile_sandbox)
    started = time.monotonic()

    verdict = hostile_sandbox.run(Program(solution=HOSTILE[name], test=TEST, entry_points=("f",)))

    assert not verdict.passed
    assert len(verdict.message) <= 2100
    assert len(verdict.stdout) <= 8192
    assert len(verdict.stderr) <= 8192
    assert verdict.seconds < TIGHT.timeout + 2
    assert time.monotonic() - started < WALL_FACTOR * TIGHT.timeout + 5
    assert len(processes_in(hostile_sandbox)) == 1
    after = hostile_sandbox.run(LOOK)
    assert after.passed, after.message
    assert container_of(hostile_sandbox) is container


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in HOSTILE if not name.startswith("forgeries")])
def test_harness_survives_hostile_program_in_process(hostile_sandbox: DockerSandbox, name: str) -> None:
    program = Program(solution=HOSTILE[name], test=TEST, entry_points=("f",), in_process=True)
    hostile_sandbox.run(program)
    after = hostile_sandbox.run(LOOK)
    assert after.passed, after.message


def test_harness_survives_forgeries_in_process(hostile_sandbox: DockerSandbox) -> None:
    for source in FORGERIES.values():
        hostile_sandbox.run(Program(solution=source, test=TEST, entry_points=("f",), in_process=True))
    after = hostile_sandbox.run(LOOK)
    assert after.passed, after.message


@pytest.fixture
def patient_sandbox(image: str) -> Iterator[DockerSandbox]:
    with closing(DockerSandbox(image, Limits(timeout=20), SESSION)) as sandbox:
        yield sandbox


def test_memory_holds_nothing_of_earlier_attempts(patient_sandbox: DockerSandbox) -> None:
    mark = "mark-of-an-earlier-attempt"
    solution = f"import sys\ndef f():\n    print({mark!r} * 9)\n    print({mark!r} * 9, file=sys.stderr)\n"
    hidden = f'assert f() == "{mark}" * 9, "{mark}" * 9'
    first = patient_sandbox.run(Program(solution=solution, test=hidden, entry_points=("f",)))
    assert mark * 3 in first.stdout
    assert mark * 3 in first.message

    search = f'assert remember("{mark[:9]}" + "{mark[9:]}") == []'
    verdict = patient_sandbox.run(Program(solution=SPY, test=search, entry_points=("remember",)))
    assert verdict.passed, verdict.message

    own = f'assert remember("{mark[:9]}" + "{mark[9:]}") != []'
    verdict = patient_sandbox.run(
        Program(solution=f"{SPY}\nkept = {mark!r} * 9", test=own, entry_points=("remember",))
    )
    assert verdict.passed, "the search finds what is there"


@pytest.mark.parametrize("in_process", [False, True], ids=["split", "in_process"])
@pytest.mark.parametrize("name", CHOOSERS)
def test_a_solution_cannot_choose_its_class_of_verdict(
    hostile_sandbox: DockerSandbox, name: str, in_process: bool
) -> None:
    verdict = hostile_sandbox.run(
        Program(solution=dedent(CHOOSERS[name]), test=TEST, entry_points=("f",), in_process=in_process)
    )

    assert verdict.kind in ("assertion", "exception", "timeout", "memory", "exited_early")
    after = hostile_sandbox.run(LOOK)
    assert after.passed, after.message


@pytest.mark.parametrize("in_process", [False, True], ids=["split", "in_process"])
@pytest.mark.parametrize("name", NONCE_THIEVES)
def test_no_descriptor_gives_what_proves_a_pass(
    hostile_sandbox: DockerSandbox, name: str, in_process: bool
) -> None:
    program = Program(
        solution=dedent(NONCE_THIEVES[name]), test=TEST, entry_points=("f",), in_process=in_process
    )
    assert not hostile_sandbox.run(program).passed
    after = hostile_sandbox.run(LOOK)
    assert after.passed, after.message


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_passes(hostile_sandbox: DockerSandbox, name: str) -> None:
    verdict = hostile_sandbox.run(Program(solution=ANSWERS[name], test=TEST, entry_points=("f",)))
    assert verdict.kind in ("assertion", "exception", "timeout", "memory", "exited_early"), verdict
    after = hostile_sandbox.run(LOOK)
    assert after.passed, after.message
