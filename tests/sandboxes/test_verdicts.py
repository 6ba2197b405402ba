"""Only proof makes a pass: whatever is missing, forged or beyond a limit is a failure."""

import json
from typing import Any

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.verdicts import Reply, decide

NONCE = "0123456789abcdef" * 2
PROGRAM = Program(solution="", test="", entry_points=("f",))
SUMMARY = {
    "end": "exited",
    "judge": 0,
    "candidate": -9,
    "output": [0, 0],
    "seconds": 0.5,
    "cpu": 0.25,
    "wall": 0.75,
    "oom": False,
    "clean": True,
}


def said(**changes: Any) -> bytes:
    return json.dumps({"kind": "passed", "message": "", "nonce": NONCE, **changes}).encode()


def kind_of(verdict: bytes = said(), **changes: Any) -> str:
    reply = Reply({**SUMMARY, **changes}, verdict, b"", b"")
    return decide(reply, PROGRAM, Limits(output=100), NONCE).kind


def test_a_pass_with_every_proof() -> None:
    assert kind_of() == "passed"


@pytest.mark.parametrize(
    "verdict",
    [
        b"",
        b"passed",
        b"null",
        b"[]",
        b'{"kind": "passed"}',
        said(nonce="f" * 32),
        said(nonce=None),
        said(nonce=""),
        said(kind="PASSED"),
        said(kind=["passed"]),
        said(message=5),
        said() + said(),
        said()[:-1],
        b"\xff" + said(),
    ],
)
def test_no_pass_without_a_whole_verdict_and_the_nonce(verdict: bytes) -> None:
    assert kind_of(verdict) == "exited_early"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"judge": 1}, "exited_early"),
        ({"judge": -9}, "exited_early"),
        ({"judge": None}, "exited_early"),
        ({"end": "timeout"}, "timeout"),
        ({"end": "output", "output": [100, 1]}, "output_limit"),
        ({"output": [50, 51]}, "output_limit"),
        ({"judge": -9, "oom": True}, "memory"),
    ],
)
def test_no_pass_beyond_a_limit_or_a_bad_end(changes: dict[str, Any], kind: str) -> None:
    assert kind_of(**changes) == kind


def test_a_child_killed_for_memory_does_not_fail_what_passed() -> None:
    assert kind_of(oom=True) == "passed"
    assert kind_of(said(kind="assertion"), oom=True) == "memory"


def test_tests_that_cannot_be_run_are_infra() -> None:
    with pytest.raises(InfraError, match="broken"):
        kind_of(said(kind="bad_test", message="broken"))
    assert kind_of(said(kind="bad_test", nonce="f" * 32)) == "exited_early"


def test_the_mode_is_recorded() -> None:
    reply = Reply(SUMMARY, said(), b"out\xff", b"err")
    split = decide(reply, PROGRAM, Limits(), NONCE)
    together = decide(reply, Program(solution="", test="", entry_points=(), in_process=True), Limits(), NONCE)
    assert (split.mode, together.mode) == ("split", "in_process")
    assert (split.stdout, split.stderr, split.seconds) == ("out\ufffd", "err", 0.5)


def test_text_of_a_solution_cannot_steer_a_terminal() -> None:
    hostile = "\x1b]0;title\x07\x1b[2Jüé\u4e2d\tx\n\r\x00\x9b\x7f"
    reply = Reply(SUMMARY, said(kind="exception", message=hostile + "\ud800"), hostile.encode(), b"\x1b[31m")
    verdict = decide(reply, PROGRAM, Limits(), NONCE)
    escaped = "\\x1b]0;title\\x07\\x1b[2Jüé\u4e2d\tx\n\\r\\x00\\x9b\\x7f"
    assert verdict.message == escaped + "\\ud800"
    assert verdict.stdout == escaped
    assert verdict.stderr == "\\x1b[31m"
