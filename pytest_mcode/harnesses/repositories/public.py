"""What a developer without the hidden tests could find out about a patch.

Whether it applies, whether what it changes compiles, and whether tests pass that the repository has at the
base commit. These are chosen by what the patch changes: which files the hidden tests are in stays hidden.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import PurePosixPath

from pytest_mcode.harnesses.repositories import grading
from pytest_mcode.harnesses.repositories.container import Container, Ended
from pytest_mcode.harnesses.repositories.failures import failures_in
from pytest_mcode.harnesses.repositories.judging import apply, ending, graded_files
from pytest_mcode.harnesses.repositories.marks import END, START, new_secret, seal, unseal
from pytest_mcode.harnesses.repositories.patches import changed_files
from pytest_mcode.records import Task, Verdict
from pytest_mcode.sandboxes import Limits

__all__ = ["PublicJudge", "related_tests", "test_script"]

COMPILE = '. /opt/miniconda3/bin/activate && conda activate testbed && exec python -m py_compile "$@"'
MOST_FILES = 3
"""Test files that are run."""
MAX_OUTPUT = 1500
"""Characters of the compiler's output that the model is shown."""
OLD = (
    "(Where the issue asks for another behaviour than one of these tests, that test is out of date: then "
    "your change may be right.)"
)
GOOD = frozenset({"PASSED", "XFAIL"})

_TEST_FILE = re.compile(r"(test|unittest)_\w+\.py|\w+_test\.py|tests?\.py")
_WORD = re.compile(r"[a-z0-9]+")

Opened = Callable[[], AbstractContextManager[Container]]


class PublicJudge:
    """Judges patches of one task; keeps what the repository's tests say without a patch."""

    def __init__(
        self, task: Task, files: Mapping[str, str], limits: Limits, outdated: Collection[str] = ()
    ) -> None:
        """Judge with the repository's `files`; failures of `outdated` tests speak against no patch."""
        self.task, self.limits = task, limits
        self._outdated = outdated
        self._files = files
        self._before: dict[tuple[str, ...], Collection[str]] = {}

    def judge(self, patch: str, container: Container, another: Opened) -> Verdict:
        """Judge `patch` in a fresh container; `another` opens one more where tests must run without it."""
        refusal = apply(container, patch)
        if refusal is not None:
            return Verdict(kind="apply_failed", message=refusal, mode="container")
        error = self._compile(container, patch)
        if error:
            return Verdict(kind="syntax", message=error, mode="container")
        tests = tuple(related_tests(changed_files(patch), self._files))
        script = test_script(self.task, tests) if tests else None
        if script is None:
            return Verdict(kind="passed", mode="container")
        return self._run(container, another, tests, script)

    def _compile(self, container: Container, patch: str) -> str:
        changed = [path for path in changed_files(patch) if path.endswith(".py")]
        there = container.run(["sh", "-c", 'for f; do [ ! -f "$f" ] || echo "$f"; done', "sh", *changed])
        if not there.text.split():
            return ""
        ended = container.run(["/bin/bash", "-c", COMPILE, "bash", *there.text.splitlines()])
        return "" if ended.status == 0 else ended.text.strip()[-MAX_OUTPUT:]

    def breaks(self, patch: str, container: Container, another: Opened) -> Collection[str]:
        """Return the repository's tests that pass without `patch` and fail with it."""
        tests = tuple(related_tests(changed_files(patch), self._files))
        script = test_script(self.task, tests) if tests else None
        if script is None or apply(container, patch) is not None:
            return []
        return self._broken(container, another, tests, script)[2]

    def _run(self, container: Container, another: Opened, tests: tuple[str, ...], script: str) -> Verdict:
        ended, log, broken = self._broken(container, another, tests, script)
        cut = ending(container, ended, self.limits)
        if cut is not None:
            return cut
        passed = Verdict(kind="passed", seconds=ended.seconds, wall_seconds=ended.seconds, mode="container")
        if not broken:
            return passed
        if container.ran_out_of_memory():
            return replace(passed, kind="memory", message="out of memory")
        message = (
            f"{len(broken)} of the repository's own tests passed before your change and fail now: "
            f"{', '.join(broken[:10])}\n{OLD}\n\n{failures_in(log, broken)}"
        )
        return replace(passed, kind="unresolved", message=message)

    def _broken(
        self, container: Container, another: Opened, tests: tuple[str, ...], script: str
    ) -> tuple[Ended, str, list[str]]:
        """Return how the tests ended, what they wrote, and which of them the patch breaks."""
        if tests not in self._before:
            with another() as untouched:
                _, log = _run(untouched, script, self.limits)
                self._before[tests] = _good(self.task, log)
        ended, log = _run(container, script, self.limits)
        now = set(_good(self.task, log))
        return ended, log, [t for t in self._before[tests] if t not in now and t not in self._outdated]


def related_tests(changed: Sequence[str], files: Mapping[str, str]) -> list[str]:
    """Return test files that the changed ones' names or imports point at, the closest first."""
    modules = [path for path in changed if path.endswith(".py")]
    scores = {
        path: max((_relation(module, path, text) for module in modules), default=0.0)
        for path, text in files.items()
        if _TEST_FILE.fullmatch(PurePosixPath(path).name)
    }
    related = sorted((path for path in scores if scores[path] >= 1), key=lambda path: (-scores[path], path))
    return related[:MOST_FILES]


def _relation(module: str, test: str, text: str) -> float:
    """Return 2 for the same name, 1 for an import, and up to 1 for being near; 0 where neither holds."""
    path = PurePosixPath(module)
    name = path.parent.name if path.stem == "__init__" else path.stem
    same_name = name in _WORD.findall(PurePosixPath(test).stem) or name in PurePosixPath(test).stem.split("_")
    dotted = module.removeprefix("src/").removeprefix("lib/").removesuffix(".py").removesuffix("/__init__")
    imported = re.search(rf"\b{re.escape(dotted.replace('/', '.'))}\b", text) is not None
    if not same_name and not imported:
        return 0.0
    shared = len(set(path.parent.parts) & set(PurePosixPath(test).parent.parts))
    return 2.0 * same_name + imported + shared / (1 + len(path.parts))


def test_script(task: Task, tests: Sequence[str]) -> str | None:
    """Return the task's eval script with other tests and without the hidden ones; None where that fails."""
    lines = task.extra["eval_script"].split("\n")
    checkouts = [n for n, line in enumerate(lines) if line.startswith("git checkout ")]
    starts = [n for n, line in enumerate(lines) if START in line]
    if not checkouts or not starts or starts[0] < checkouts[0]:
        return None
    words = lines[starts[0] + 1].split(" ")
    graded = graded_files(task)
    labels = {_label(path) for path in graded}
    command, by_label = list(words), False
    while command and (command[-1] in graded or command[-1] in labels):
        by_label = command.pop() in labels
    if len(command) == len(words):
        return None
    names = [_label(path) if by_label else path for path in tests]
    return "\n".join([*lines[: checkouts[0]], f": '{START}'", " ".join(command + names), f": '{END}'", ""])


def _label(path: str) -> str:
    """Return Django's name for a test file."""
    return path.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def _run(container: Container, script: str, limits: Limits) -> tuple[Ended, str]:
    """Return how the tests ended, and what they wrote."""
    secret = new_secret()
    container.write("/public.sh", seal(script, secret).encode())
    ended = container.run(["/bin/bash", "/public.sh"], seconds=limits.timeout, max_output=limits.output)
    return ended, unseal(ended.text, secret).log


def _good(task: Task, log: str) -> list[str]:
    status = grading.parse_log(task, log)
    return [test for test, each in status.items() if each in GOOD]
