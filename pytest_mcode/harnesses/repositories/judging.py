"""From a patch to a verdict: apply it as swebench does, run the tests, let swebench grade their output.

Steps and order are those of swebench 5's ``run_instance``; the container and its limits are ours.
"""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.harnesses.repositories import grading
from pytest_mcode.harnesses.repositories.container import Container, Ended
from pytest_mcode.harnesses.repositories.patches import changed_files, without
from pytest_mcode.records import Task, Verdict, VerdictKind
from pytest_mcode.sandboxes import Limits

__all__ = ["apply", "ending", "graded_files", "judge_in", "left_out_note"]

PATCH, SCRIPT = "/tmp/patch.diff", "/eval.sh"
RESTORE = "git checkout -- . ; git clean -fd"
MAX_MESSAGE = 2000
MAX_LOG = 20_000
"""Characters of test output that a verdict keeps: the last ones."""
SHOWN_TESTS = 10


def graded_files(task: Task) -> list[str]:
    """Return the files that the hidden tests are in; a patch must not change them."""
    return changed_files(task.test)


def left_out_note(task: Task, patch: str) -> str:
    """Return a remark on edits to graded test files, or nothing."""
    files = without(patch, graded_files(task))[1]
    return f"edits to graded test files were left out: {', '.join(files)}" if files else ""


def judge_in(container: Container, task: Task, patch: str, limits: Limits) -> Verdict:
    """Apply `patch` in a fresh container of the task's image and run the hidden tests."""
    refusal = apply(container, patch)
    if refusal is not None:
        return Verdict(kind="apply_failed", message=refusal, mode="container")
    container.write(SCRIPT, grading.eval_script(task).encode())
    ended = container.run(["/bin/bash", SCRIPT], seconds=limits.timeout, max_output=limits.output)
    return ending(container, ended, limits) or _graded(task, patch, ended, container)


def apply(container: Container, patch: str) -> str | None:
    """Apply `patch`; return None, or git's message."""
    container.write(PATCH, patch.encode("utf-8", "surrogateescape"))
    said: list[str] = []
    for command in grading.apply_commands():
        if said:
            container.run(["/bin/bash", "-c", RESTORE])
        ended = container.run([*command.split(), PATCH])
        if ended.status == 0:
            return None
        said.append(ended.text)
    if container.run(["git", "apply", "--check", "--reverse", PATCH]).status == 0:
        return None
    container.run(["/bin/bash", "-c", RESTORE])
    return _errors(said[0])


def ending(container: Container, ended: Ended, limits: Limits) -> Verdict | None:
    """Return the verdict on a run of tests that a limit ended; None where they came to their own end."""
    kind: VerdictKind
    if ended.cut == "timeout":
        kind, message = "timeout", f"the tests did not end within {limits.timeout:g} s"
    elif ended.cut == "output_limit":
        kind, message = "output_limit", f"the tests wrote more than {limits.output} bytes"
    else:
        return None
    return _verdict(kind, message, ended)


def _graded(task: Task, patch: str, ended: Ended, container: Container) -> Verdict:
    report = grading.grade(task, patch, ended.text)
    if report["resolved"]:
        return _verdict("passed", "", ended)
    if container.ran_out_of_memory():
        return _verdict("memory", "the kernel killed a process of the tests: out of memory", ended)
    return _verdict("unresolved", _unresolved(report), ended)


def _unresolved(report: Mapping[str, Any]) -> str:
    tests = report.get("tests_status")
    if tests is None:
        reason = report.get("infra_failure_reason")
        return "the tests left nothing that can be graded" + (f" ({reason})" if reason else "")
    to_pass, to_keep = tests["FAIL_TO_PASS"], tests["PASS_TO_PASS"]
    failed = [*to_pass["failure"], *to_keep["failure"]]
    some = ", ".join(failed[:SHOWN_TESTS]) + (", …" if len(failed) > SHOWN_TESTS else "")
    return (
        f"{_share(to_pass)} of the tests that the issue asks for pass, "
        f"{_share(to_keep)} of those that passed before; failed: {some}"
    )


def _share(tests: Mapping[str, list[str]]) -> str:
    return f"{len(tests['success'])}/{len(tests['success']) + len(tests['failure'])}"


def _verdict(kind: VerdictKind, message: str, ended: Ended) -> Verdict:
    return Verdict(
        kind=kind,
        message=message[:MAX_MESSAGE],
        stdout=ended.text[-MAX_LOG:],
        seconds=ended.seconds,
        wall_seconds=ended.seconds,
        mode="container",
    )


def _errors(said: str) -> str:
    """Return the lines in which git says what is wrong, bounded."""
    lines = [line for line in said.splitlines() if line.startswith(("error:", "fatal:"))]
    return ("\n".join(lines) or said.strip() or "the patch cannot be applied")[:MAX_MESSAGE]
