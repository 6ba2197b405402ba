"""Type information as a user gets it: an installed package, ``mypy --strict`` on a conftest.py."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

OWN_PARTS = Path(__file__).with_name("own_parts.py")
WRONG = """
from pytest_mcode import Benchmark, Completion, Harness, Model, Request, Source, Task, Verdict


class Wrong:
    def generate(self, request: Request) -> str:
        return request.messages[0]["content"]

    def close(self) -> None:
        pass


class Halves(Harness):
    name = "halves"

    def judge(self, task: Task, solution: str, sandbox: object) -> bool:
        return True


class Listed(Benchmark):
    def load(self, source: Source) -> list[Task]:
        return []


model: Model = Wrong()
Completion("positional")
Verdict(kind="right")
Task(task_id="a", prompt="b", test="c", tests="d")
"""

Check = Callable[[str], str]


@pytest.fixture
def check(tmp_path: Path, request: pytest.FixtureRequest) -> Check:
    """Return what mypy says of a source in a directory of its own; the cache is kept between sessions."""
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("mypy-of-a-user")

    def run(source: str) -> str:
        (tmp_path / "conftest.py").write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}", "conftest.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
        return done.stdout + done.stderr

    return run


def test_a_conftest_with_every_protocol_is_well_typed(check: Check) -> None:
    assert check(OWN_PARTS.read_text(encoding="utf-8")) == "Success: no issues found in 1 source file\n"


def test_what_does_not_fit_is_found(check: Check) -> None:
    errors = re.findall(r"error: .*\[([a-z-]+)\]$", check(WRONG), re.MULTILINE)
    assert errors == ["override", "override", "assignment", "call-arg", "arg-type", "call-arg"]
