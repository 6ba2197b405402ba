"""From a patch to a verdict: apply it as swebench does, run the tests, let swebench grade their output.

Steps and order are those of swebench 5's ``run_instance``; the container and its limits are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_mcode.harnesses.repositories import grading
from pytest_mcode.harnesses.repositories.container import Container, Ended
from pytest_mcode.harnesses.repositories.marks import TESTS, Marked, new_secret, seal, unseal
from pytest_mcode.harnesses.repositories.packing import packed
from pytest_mcode.harnesses.repositories.patches import changed_files
from pytest_mcode.records import Task, Verdict, VerdictKind
from pytest_mcode.sandboxes import Limits

__all__ = ["apply", "ending", "graded_files", "judge_in"]

PATCH, SCRIPT = "/tmp/patch.diff", "/eval.sh"
RESTORE = "git checkout -- . ; git clean -fd"
UNDO = """\
for file; do
    if git cat-file -e "HEAD:$file" 2>/dev/null; then
        git diff --quiet HEAD -- "$file" && continue
        git checkout -q HEAD -- "$file" || exit 1
    elif [ -e "$file" ] || [ -L "$file" ]; then
        git rm -q -f --cached -- "$file" 2>/dev/null
        rm -rf -- "$file" || exit 1
    else
        continue
    fi
    echo "$file"
done
"""
MAX_MESSAGE = 2000
MAX_LOG = 20_000
"""Characters of test output that a verdict keeps: the last ones."""
SHOWN_TESTS = 10


def graded_files(task: Task) -> list[str]:
    """Return the files that the hidden tests are in; a patch must not change them."""
    return changed_files(task.test)


def judge_in(container: Container, task: Task, patch: str, limits: Limits) -> Verdict:
    """Apply `patch` in a fresh container of the task's image and run the hidden tests."""
    refusal = apply(container, patch)
    if refusal is not None:
        return Verdict(kind="apply_failed", message=refusal, mode="container")
    restored = restore(container, graded_files(task))
    secret = new_secret()
    container.write(SCRIPT, seal(grading.eval_script(task), secret).encode())
    ended = container.run(["/bin/bash", SCRIPT], seconds=limits.timeout, max_output=limits.output)
    verdict = ending(container, ended, limits) or _graded(task, patch, ended, secret, container)
    left_out = {"left_out": restored} if restored else {}
    return replace(verdict, details={**verdict.details, **left_out})


def restore(container: Container, files: Sequence[str]) -> Sequence[str]:
    """Undo what a patch has done to files of the hidden tests, however it named them; return which they are.

    The eval script restores those that the base commit has; where it cannot, new ones being among them, it
    restores none.
    """
    said = container.check(["sh", "-c", UNDO, "sh", *files], "restore the files of the hidden tests")
    return said.decode("utf-8", "replace").splitlines()


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


def _graded(task: Task, patch: str, ended: Ended, secret: str, container: Container) -> Verdict:
    marked = unseal(ended.text, secret)
    report = grading.grade(task, patch, marked.log)
    verdict = _verdict("passed", "", ended)
    if not report["resolved"] and container.ran_out_of_memory():
        verdict = _verdict("memory", "the kernel killed a process of the tests: out of memory", ended)
    elif not report["resolved"]:
        verdict = _verdict("unresolved", _unresolved(report, marked), ended)
    details: dict[str, Any] = {"tests": _failed(report), "log": packed(marked.log or ended.text)}
    if marked.forged:
        details["flags"] = {"marks": list(marked.forged)}
    return replace(verdict, details=details)


def _failed(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return, of each list of tests, how many there are, and which failed."""
    lists = (report.get("tests_status") or {}).items()
    counted = ((name, len(each["success"]) + len(each["failure"]), each["failure"]) for name, each in lists)
    return {name: {"tests": count, "failed": failed} for name, count, failed in counted if count}


def _unresolved(report: Mapping[str, Any], marked: Marked) -> str:
    if TESTS in marked.forged:
        return "the tests' output holds marks that only the script that runs them may write"
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
