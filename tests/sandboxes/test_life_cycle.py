"""Containers: none survives its session, none is taken from another, a lost one is replaced."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.sandboxes import Limits, Program, opening
from pytest_mcode.sandboxes.containers import create
from pytest_mcode.sandboxes.docker import ContainerConnection, DockerSandbox, runner_recipe
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.ownership import PROCESS, SESSION, remove_session, sweep
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.sandboxes.conftest import TIGHT

pytestmark = pytest.mark.docker

DOUBLE = Program(solution="def f(x): return 2 * x", test="assert f(2) == 4", entry_points=("f",))
SLEEP = Program(solution="import time\ndef f(): time.sleep(600)", test="f()", entry_points=("f",))


@pytest.fixture
def engine(image: str) -> Iterator[Any]:
    with connect_engine() as engine:
        yield engine


@pytest.fixture
def session(engine: Any) -> Iterator[str]:
    name = f"test-{os.urandom(6).hex()}"
    yield name
    remove_session(engine, name)


def containers_of(engine: Any, session: str) -> list[str]:
    return [c["Id"] for c in engine.containers(all=True, filters={"label": f"{SESSION}={session}"})]


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


def container_id(sandbox: DockerSandbox) -> str:
    assert sandbox._runner
    connection = sandbox._runner._connection
    assert isinstance(connection, ContainerConnection)
    return connection.container.id


def test_nothing_starts_before_the_first_program(image: str, engine: Any, session: str) -> None:
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        assert containers_of(engine, session) == []
        assert sandbox.run(DOUBLE).passed
        assert len(containers_of(engine, session)) == 1
    assert containers_of(engine, session) == []
    sandbox.close()


def test_fork_keeps_the_container_and_fresh_replaces_it(image: str, engine: Any, session: str) -> None:
    host = Program(
        solution="import socket\ndef f(): print(socket.gethostname())", test="f()", entry_points=("f",)
    )
    with closing(DockerSandbox(image, TIGHT, session, isolation="fork")) as sandbox:
        assert len({sandbox.run(host).stdout for _ in range(3)}) == 1
    with closing(DockerSandbox(image, TIGHT, session, isolation="fresh")) as sandbox:
        assert len({sandbox.run(host).stdout for _ in range(3)}) == 3
        assert containers_of(engine, session) == []


def test_containers_are_replaced_from_time_to_time(
    image: str, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_mcode.sandboxes.client.ATTEMPTS_PER_RUNNER", 2)
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        ids = []
        for _ in range(4):
            sandbox._ready_runner()
            ids.append(container_id(sandbox))
            assert sandbox.run(DOUBLE).passed
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_a_lost_container_is_replaced(image: str, engine: Any, session: str) -> None:
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        assert sandbox.run(DOUBLE).passed
        lost = container_id(sandbox)
        engine.kill(lost)
        assert sandbox.run(DOUBLE).passed
        assert container_id(sandbox) != lost


def test_a_container_lost_in_mid_attempt_is_tried_once_more(image: str, engine: Any, session: str) -> None:
    with closing(DockerSandbox(image, Limits(timeout=1), session)) as sandbox:
        sandbox.run(DOUBLE)
        first = container_id(sandbox)
        killer = threading.Timer(0.5, engine.kill, [first])
        killer.start()
        verdict = sandbox.run(SLEEP)
        killer.join()
        assert verdict.kind == "timeout"
        assert container_id(sandbox) != first


def test_a_container_lost_twice_is_infra(image: str, engine: Any, session: str) -> None:
    stop = threading.Event()

    def kill_all() -> None:
        with connect_engine() as own:
            while not stop.is_set():
                for identity in containers_of(own, session):
                    with suppress(Exception):
                        own.kill(identity)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        with (
            closing(DockerSandbox(image, Limits(timeout=5), session)) as sandbox,
            pytest.raises(InfraError, match="the sandbox failed twice in a row"),
        ):
            sandbox.run(SLEEP)
    finally:
        stop.set()
        killer.join()
    assert wait_until(lambda: containers_of(engine, session) == [])


def test_a_stopped_container_does_not_hang_the_session(
    image: str, engine: Any, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_mcode.sandboxes.client.MARGIN_SECONDS", 0.5)
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        sandbox.run(DOUBLE)
        paused = container_id(sandbox)
        engine.pause(paused)
        assert sandbox.run(DOUBLE).passed
        assert container_id(sandbox) != paused
        assert paused not in containers_of(engine, session)


HARNESS = """
import sys, threading
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.docker import DockerSandbox
sandbox = DockerSandbox(sys.argv[1], Limits(), sys.argv[2])
sandbox.run(Program(solution="def f(): return 1", test="assert f() == 1", entry_points=("f",)))
print("ready", flush=True)
if sys.argv[3] == "busy":
    sandbox.run(Program(solution="import time\\ndef f(): time.sleep(600)", test="f()", entry_points=("f",)))
threading.Event().wait()
"""


@contextmanager
def harness(image: str, session: str, state: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", HARNESS, image, session, state], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("number", "state"),
    [(signal.SIGKILL, "idle"), (signal.SIGKILL, "busy"), (signal.SIGTERM, "busy"), (signal.SIGINT, "idle")],
)
def test_nothing_survives_a_killed_harness(
    image: str, engine: Any, session: str, state: str, number: int
) -> None:
    with harness(image, session, state) as process:
        time.sleep(0.3)
        assert len(containers_of(engine, session)) == 1
        process.send_signal(number)
        process.wait(20)
        assert wait_until(lambda: containers_of(engine, session) == [], 20)


def test_sweep_takes_what_dead_sessions_left(image: str, engine: Any, session: str) -> None:
    dead = create(engine, runner_recipe(image, TIGHT), session)
    alive = create(engine, runner_recipe(image, TIGHT), session)
    with harness(image, session, "idle") as other:
        running = set(containers_of(engine, session)) - {dead, alive}
        _relabel(engine, dead, f"{2**22 - 1} 12345")
        assert other.poll() is None
        sweep(engine)
        left = set(containers_of(engine, session))
        assert alive in left
        assert running <= left
        assert not any(
            PROCESS in c["Labels"] and c["Labels"][PROCESS].endswith(" 12345") for c in _all(engine)
        )


def _relabel(engine: Any, identity: str, process: str) -> None:
    """Labels of a container can't change: replace it by one that a process of that number made."""
    found = engine.inspect_container(identity)
    engine.remove_container(identity, force=True)
    engine.create_container(found["Image"], ["true"], labels={**found["Config"]["Labels"], PROCESS: process})


def _all(engine: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.containers(all=True)
    return found


def test_sweep_leaves_containers_of_other_hosts_and_tools(engine: Any, image: str, session: str) -> None:
    foreign = engine.create_container(image, ["true"], labels={SESSION: session, PROCESS: "1 1"})["Id"]
    unlabelled = engine.create_container(image, ["true"])["Id"]
    try:
        sweep(engine)
        remaining = {container["Id"] for container in _all(engine)}
        assert {foreign, unlabelled} <= remaining
    finally:
        engine.remove_container(foreign)
        engine.remove_container(unlabelled)


def test_a_reused_process_number_does_not_protect(engine: Any, image: str, session: str) -> None:
    left = create(engine, runner_recipe(image, TIGHT), session)
    _relabel(engine, left, f"{os.getpid()} 1")
    sweep(engine)
    assert containers_of(engine, session) == []


def test_parallel_sessions_do_not_touch_each_other(image: str, engine: Any, session: str) -> None:
    with (
        closing(DockerSandbox(image, TIGHT, session)) as one,
        closing(DockerSandbox(image, TIGHT, f"{session}-2")) as two,
    ):
        assert one.run(DOUBLE).passed
        assert two.run(DOUBLE).passed
        kept = container_id(two)
        opening.check_sandbox("docker", image=image, limits=TIGHT, session_id=f"{session}-3", progress=print)
        assert opening.remove_leftovers("docker", session) == 1
        assert two.run(DOUBLE).passed
        assert container_id(two) == kept
        assert one.run(DOUBLE).passed


class Proxy:
    """Forwards TCP connections on loopback to the engine's socket, as a remote engine would be reached."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect("/var/run/docker.sock")
            self._sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._sockets = []

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()


@pytest.fixture
def proxy(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with closing(Proxy()) as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.address)
        yield proxy


def test_a_remote_engine_serves_as_well(proxy: Proxy, image: str, session: str) -> None:
    described = opening.check_sandbox("docker", image=image, limits=TIGHT, session_id=session, progress=print)
    assert described["image_id"].startswith("sha256:")
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        for _ in range(3):
            assert sandbox.run(DOUBLE).passed


def test_a_cut_connection_to_a_remote_engine_is_renewed(proxy: Proxy, image: str, session: str) -> None:
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        assert sandbox.run(DOUBLE).passed
        proxy.cut()
        assert sandbox.run(DOUBLE).passed


def test_a_lost_engine_is_infra(proxy: Proxy, image: str, session: str, engine: Any) -> None:
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        assert sandbox.run(DOUBLE).passed
        proxy.close()
        with pytest.raises(InfraError, match=r"the Docker engine at tcp://127\.0\.0\.1:[0-9]+ is down"):
            sandbox.run(DOUBLE)
    assert wait_until(lambda: containers_of(engine, session) == [], 5)


def test_threads_that_share_a_sandbox_take_turns(image: str, engine: Any, session: str) -> None:
    with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
        with ThreadPoolExecutor(8) as pool:
            verdicts = list(pool.map(lambda _: sandbox.run(DOUBLE), range(32)))
        assert all(verdict.passed for verdict in verdicts)
        assert len(containers_of(engine, session)) == 1


def test_threads_with_a_sandbox_each_do_not_meet(image: str, engine: Any, session: str) -> None:
    def run(number: int) -> list[bool]:
        solution = f"def f(): return {number}"
        with closing(DockerSandbox(image, TIGHT, session)) as sandbox:
            program = Program(solution=solution, test=f"assert f() == {number}", entry_points=("f",))
            return [sandbox.run(program).passed for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        assert all(all(passed) for passed in pool.map(run, range(8)))
    assert containers_of(engine, session) == []


@pytest.mark.parametrize("kind", ["docker", "process"])
def test_closing_ends_an_attempt_under_way(image: str, engine: Any, session: str, kind: str) -> None:
    patient = Limits(timeout=60)
    sandbox = DockerSandbox(image, patient, session) if kind == "docker" else ProcessSandbox(patient)
    with closing(sandbox), ThreadPoolExecutor(1) as pool:
        assert sandbox.run(DOUBLE).passed
        attempt = pool.submit(sandbox.run, SLEEP)
        time.sleep(0.3)
        started = time.monotonic()
        sandbox.close()
        with pytest.raises(InfraError, match="the sandbox is closed"):
            attempt.result()
        assert time.monotonic() - started < 10
        with pytest.raises(InfraError, match="the sandbox is closed"):
            sandbox.run(DOUBLE)
    assert containers_of(engine, session) == []
