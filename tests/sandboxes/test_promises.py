"""What a sandbox promises is tried, remembered, and refused where it does not hold; ``auto`` goes by it."""

import shutil
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options.sandbox import WEAKER
from pytest_mcode.sandboxes import Limits, Sandbox, opening
from pytest_mcode.sandboxes.bubblewrap import BubblewrapSandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.process import ProcessSandbox
from pytest_mcode.sandboxes.promises import PROMISES, check_promises, refuse_weaker, try_promises
from tests.sandboxes.conftest import SESSION

needs_bwrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="there is no bwrap")
ALL = dict.fromkeys(WEAKER, "held")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_command_line_names_what_is_tried() -> None:
    assert set(PROMISES.values()) == set(WEAKER)


@pytest.mark.docker
def test_docker_holds_all(image: str) -> None:
    assert try_promises(lambda limits: DockerSandbox(image, limits, SESSION)) == ALL


@needs_bwrap
def test_bubblewrap_holds_all() -> None:
    assert try_promises(BubblewrapSandbox) == ALL


@needs_bwrap
def test_what_was_tried_is_remembered() -> None:
    opened: list[Limits] = []

    def open_one(limits: Limits) -> Sandbox:
        opened.append(limits)
        return BubblewrapSandbox(limits)

    def tried() -> dict[str, str]:
        return try_promises(open_one)

    first = check_promises({"sandbox": "bubblewrap"}, tried)
    count = len(opened)
    assert check_promises({"sandbox": "bubblewrap"}, tried) == first
    assert len(opened) == count
    check_promises({"sandbox": "bubblewrap", "engine": "another"}, tried)
    assert len(opened) == 2 * count


def test_a_sandbox_that_holds_less_is_found_out() -> None:
    lavish = Limits(timeout=10, memory=2**30, pids=500)
    found = try_promises(lambda limits: ProcessSandbox(lavish if limits.timeout > 1 else limits))
    assert found["memory"].startswith("allocating 768 MiB ")
    assert found["processes"] == "starting 96 processes where 32 are allowed ended in `assertion`"


def test_less_is_refused_unless_it_is_allowed() -> None:
    promises = {**ALL, "memory": "allocating 768 MiB ended in `passed`"}
    with pytest.raises(ConfigurationError) as error:
        refuse_weaker("podman", promises, ("network",))
    assert str(error.value) == (
        "sandbox podman does not hold what it must on this machine (memory: allocating 768 MiB ended in "
        "`passed`): take another one, or judge all the same with --mcode-allow-weaker=memory"
    )
    assert refuse_weaker("podman", promises, ("memory",)) == ["memory"]


@needs_bwrap
def test_auto_takes_the_first_that_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    monkeypatch.setattr(opening, "AUTO", ("docker", "bubblewrap"))
    said: list[str] = []
    chosen = opening.choose(image="unused", limits=Limits(), session_id=SESSION, progress=said.append)
    assert chosen == "bubblewrap"
    assert said[-1].startswith(
        f"sandbox auto takes bubblewrap (docker: no Docker engine at unix://{tmp_path}"
    )


def test_auto_says_what_is_wrong_with_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    monkeypatch.setattr(opening, "AUTO", ("docker",))
    with pytest.raises(ConfigurationError, match="no sandbox can be had on this machine: docker: no Docker"):
        opening.choose(image="unused", limits=Limits(), session_id=SESSION, progress=print)
