"""What can be wrong with engine, image and limits: one message each, with the remedy."""

import io
import json
import os
import re
import socket
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.engine import connect_engine, otherwise
from pytest_mcode.sandboxes.opening import check_sandbox, open_sandbox, remove_leftovers
from pytest_mcode.sandboxes.process import ProcessSandbox
from pytest_mcode.sandboxes.trial import try_sandbox

OTHERWISE = otherwise()


def refusal(limits: Limits | None = None, *, sandbox: str = "docker", image: str = "unused") -> str:
    with pytest.raises(ConfigurationError) as error:
        check_sandbox(
            sandbox, image=image, limits=limits or Limits(), session_id="test-bad-input", progress=print
        )
    return str(error.value)


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    assert refusal() == (
        f"no Docker engine at unix://{tmp_path}/no.sock: install Docker, "
        f"or name its address in DOCKER_HOST, {OTHERWISE}"
    )


def test_engine_not_running(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("DOCKER_HOST", address)
    assert refusal() == (
        f"the Docker engine at {address} is down: start it (`sudo systemctl start docker`), {OTHERWISE}"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without permission")
def test_no_permission_on_the_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import docker  # noqa: F401

    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        path.chmod(0o600)
        for folder in (tmp_path, *tmp_path.parents[:-2]):
            folder.chmod(0o755)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        os.seteuid(65534)
        try:
            said = refusal()
        finally:
            os.seteuid(0)
    assert said == (
        f"no permission to use the Docker engine at unix://{path}: add yourself to its group "
        f"(`sudo usermod -aG docker $USER`, then log in anew), use rootless Docker, {OTHERWISE}"
    )


class OldEngine(BaseHTTPRequestHandler):
    status = 200
    answer: Any = {"ApiVersion": "1.38", "Version": "18.06.3"}  # noqa: RUF012

    def do_GET(self) -> None:
        body = json.dumps(self.answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class NoEngine(OldEngine):
    status = 404
    answer = "not here"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    servers: list[HTTPServer] = []

    def start(handler: type[BaseHTTPRequestHandler]) -> str:
        server = HTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        address = f"tcp://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("DOCKER_HOST", address)
        return address

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_engine_too_old(serve: Any) -> None:
    address = serve(OldEngine)
    assert refusal() == (
        f"the Docker engine at {address} is too old (API 1.38): update to 19.03 or later, {OTHERWISE}"
    )


def test_something_else_than_an_engine(serve: Any) -> None:
    address = serve(NoEngine)
    said = refusal()
    assert said.startswith(f"cannot use the Docker engine at {address}: ")
    assert said.endswith(f"; see whether `docker version` works, {OTHERWISE}")


@pytest.mark.docker
def test_image_neither_here_nor_to_be_pulled(image: str) -> None:
    said = refusal(image="registry.invalid/nothing:1")
    assert said.startswith(
        "image registry.invalid/nothing:1 is not on the Docker engine and can't be pulled ("
    )
    assert said.endswith(
        "): check its name and the network, bring it there with `docker load`, "
        "or name another with --mcode-image"
    )


@pytest.mark.docker
def test_name_that_is_no_image_name(image: str) -> None:
    said = refusal(image="UPPER CASE")
    assert "invalid reference format: repository name must be lowercase" in said
    assert said.endswith("; correct --mcode-image")


def import_image(engine: Any, name: str, files: dict[str, bytes]) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    engine.import_image_from_data(archive.getvalue(), repository=name, tag="test")


@pytest.fixture
def made_image(image: str) -> Iterator[Any]:
    names = []
    with connect_engine() as engine:

        def make(name: str, files: dict[str, bytes]) -> str:
            import_image(engine, name, files)
            names.append(f"{name}:test")
            return f"{name}:test"

        yield make
        for name in names:
            engine.remove_image(name, force=True)


ELF_OF_ANOTHER_MACHINE = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x01\x01\x00\x00\x00" + bytes(40)


@pytest.mark.docker
def test_image_without_python(made_image: Any) -> None:
    name = made_image("mcode-test-empty", {"etc/empty": b""})
    assert refusal(image=name) == (
        f"the sandbox does not work: image {name} has no python3 (3.8 or later): "
        "name another with --mcode-image"
    )


@pytest.mark.docker
def test_image_for_another_processor(made_image: Any) -> None:
    name = made_image("mcode-test-machine", {"usr/bin/python3": ELF_OF_ANOTHER_MACHINE})
    assert refusal(image=name) == (
        f"the sandbox does not work: image {name} is for another processor than the Docker engine's: "
        "name another with --mcode-image"
    )


@pytest.mark.docker
def test_memory_that_the_engine_refuses(image: str) -> None:
    said = refusal(Limits(memory=2**64), image=image)
    assert said.startswith("the sandbox does not work: the Docker engine refuses the memory limit (")
    assert said.endswith("): change --mcode-mem-limit")


@pytest.mark.docker
def test_restrictions_that_the_engine_refuses_are_said(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_mcode.sandboxes.docker.SYSCTLS", {"kernel.no_such_thing": "0"})
    said: list[str] = []
    told = check_sandbox(
        "docker", image=image, limits=Limits(), session_id="test-bad-input", progress=said.append
    )
    assert told["limits_not_held"][-1] == "System V objects and POSIX queues, which outlive their attempt"
    assert "System V objects and POSIX queues" in said[-1]


@pytest.mark.parametrize("sandbox", ["process", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.parametrize(
    ("limits", "kind"),
    [(Limits(memory=2**20), "memory"), (Limits(timeout=0.0001), "timeout")],
)  # fmt: skip
def test_limits_below_what_any_solution_needs(
    request: pytest.FixtureRequest, sandbox: str, limits: Limits, kind: str
) -> None:
    image = request.getfixturevalue("image") if sandbox == "docker" else ""
    said = refusal(limits, sandbox=sandbox, image=image)
    assert said.startswith(
        f"the sandbox's limits are too tight: a function that doubles a number ended in `{kind}` ("
    )
    assert said.endswith("); raise --mcode-mem-limit, --mcode-pids-limit or --mcode-timeout")


def test_python_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"the sandbox does not work: .*no-such-python"):
        try_sandbox(ProcessSandbox(Limits(), python="/no-such-python"))


def test_python_that_is_too_old(old_python: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Python 3\.8 or later is needed, this is 3\.[67]"):
        try_sandbox(ProcessSandbox(Limits(), python=old_python))


def test_unknown_names() -> None:
    with pytest.raises(ConfigurationError, match="there is no sandbox 'vm'; there are docker, "):
        open_sandbox("vm", image="", limits=Limits(), session_id="x")
    with pytest.raises(ConfigurationError, match="there is no isolation 'none'; there are fork and fresh"):
        open_sandbox("docker", image="", limits=Limits(), session_id="x", isolation="none")


def test_nothing_is_left_of_a_process_session() -> None:
    assert remove_leftovers("process", "any") == 0


def test_docker_is_not_imported_for_processes() -> None:
    code = (
        "import sys; from pytest_mcode.sandboxes import Limits, opening;"
        "opening.open_sandbox('process', image='', limits=Limits(), session_id='x');"
        "sys.exit('docker' in sys.modules)"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("import nowhere\nassert f() == 1", "the tests import nowhere, which this Python does not have"),
        ("def check():\n    import nowhere\nassert f() == 1\ncheck()", "the tests import nowhere, which"),
        ("assert f( == 1", "the tests cannot be compiled: "),
    ],
)
def test_broken_tests_are_nobodys_failure_in_one_process_either(test: str, said: str) -> None:
    program = Program(solution="def f(): return 1", test=test, entry_points=("f",), in_process=True)
    with closing(ProcessSandbox(Limits())) as sandbox, pytest.raises(InfraError, match=re.escape(said)):
        sandbox.run(program)
