"""Patches judged in real containers: ours, and the official evaluator on the same ones."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mcode.benchmarks.swebench import SWEBENCH_LITE, to_task
from pytest_mcode.harnesses.repositories.engine_source import EngineSource
from pytest_mcode.harnesses.repositories.sandbox import Repositories
from pytest_mcode.sandboxes import Limits

from . import instance
from .attempts import core, tries

pytestmark = pytest.mark.docker

LIMITS = Limits(timeout=10, memory=512 * 2**20, pids=128)
SESSION = f"test-judging-{os.getpid()}"
NAMES = (
    "gold", "without final newline", "empty", "prose", "malformed", "of another file", "wrong",
    "syntax error", "hanging", "hanging children", "memory-eating", "flooding", "test-editing",
    "only test-editing", "gold and test-editing", "gold and test-editing under another prefix",
    "forging by text", "printing marks", "exiting", "killing everything", "killing process 1",
    "downloading", "history-reading",
)  # fmt: skip
PUBLIC = {
    "gold": "passed",
    "without final newline": "passed",
    "gold and test-editing": "passed",
    "gold and test-editing under another prefix": "passed",
    "forging by text": "passed",
    "empty": "no_solution",
    "only test-editing": "no_solution",
    "prose": "apply_failed",
    "malformed": "apply_failed",
    "of another file": "apply_failed",
    "syntax error": "syntax",
    "hanging": "timeout",
    "hanging children": "timeout",
    "memory-eating": "memory",
    "flooding": "output_limit",
}
"""The rest: unresolved."""


@pytest.fixture(scope="module")
def task(image):
    return to_task(instance.row())


@pytest.fixture
def sandbox(image, request):
    # A flood fills its bound in seconds, but how many of them depends on what else the machine does.
    patient = replace(LIMITS, timeout=90) if "flooding" in request.node.name else LIMITS
    sandbox = Repositories(EngineSource(), patient, SESSION)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def table(image):
    found = {each.name: each for each in tries()}
    assert tuple(found) == NAMES
    return found


@pytest.mark.parametrize("name", NAMES)
def test_our_verdict(name, table, task, sandbox):
    verdict = sandbox.judge(task, table[name].patch)
    assert (verdict.kind, verdict.mode) == (table[name].verdict, "container"), verdict.message
    assert table[name].message in verdict.message
    assert containers(SESSION) == ""


@pytest.mark.parametrize("name", NAMES)
def test_what_guides_repairs_comes_from_what_is_public(name, table, task, sandbox):
    verdict = sandbox.judge_publicly(task, table[name].patch)
    assert verdict.kind == PUBLIC.get(name, "unresolved"), verdict.message
    assert "test_first_counts" not in verdict.message + verdict.stdout + verdict.stderr
    assert containers(SESSION) == ""


@pytest.mark.slow
def test_the_official_evaluator_agrees(table, tmp_path):
    expected = {name: each.official for name, each in table.items() if each.official != "unbounded"}
    asked = {name: table[name].patch for name in expected}
    done = subprocess.run(
        [sys.executable, "-m", "tests.swebench.official", str(tmp_path), str(int(LIMITS.timeout))],
        input=json.dumps([instance.row(), asked]), capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: resolved for name, (resolved, _) in found.items()} == expected


def containers(session):
    found = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=pytest-mcode.session={session}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return found.stdout


def test_tests_that_are_out_of_date_speak_against_no_patch(image, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    task, patient = to_task(instance.outdated_row()), replace(LIMITS, timeout=60)
    with closing(Repositories(EngineSource(), patient, SESSION)) as sandbox:
        assert sandbox.judge(task, task.canonical_solution).passed
        doubted = sandbox.judge_publicly(task, task.canonical_solution)
        assert doubted.kind == "unresolved"
        assert "assert shout('a') == 'A!'" in doubted.message
        assert "that test is out of date: then your change may be right" in doubted.message
        assert "PASSED" not in doubted.message
        assert sandbox.learn_outdated_tests(task) == ["tests/test_names.py::test_shout"]
    with closing(Repositories(EngineSource(), patient, SESSION)) as sandbox:
        assert sandbox.judge_publicly(task, task.canonical_solution).passed


def test_nothing_later_than_the_base_commit_is_in_the_container(task, sandbox):
    with sandbox.open(task) as container:
        seen = container.check(["git", "log", "--all", "--reflog", "--format=%H %D"], "read the log").decode()
        objects = container.check(
            ["git", "cat-file", "--batch-all-objects", "--batch-check"], "list"
        ).decode()
        version = container.check(["git", "describe", "--tags"], "describe").decode()
        status = container.check(["git", "status", "--porcelain"], "ask for the status").decode()
    assert [line.split()[0] for line in seen.splitlines()] == [instance.base_commit()]
    assert objects.count(" commit ") == 1
    assert version == "v1.0\n"
    assert status == ""


def test_what_a_patch_could_decide_its_verdict_by_is_flagged(table):
    task = to_task(instance.row())

    def flags(files):
        return SWEBENCH_LITE.harness.remarks(task, instance.change(**files)).get("flags", {})

    hook = "def pytest_runtest_makereport(item, call): ...\n"
    assert flags({"tests/conftest.py": hook}) == {"test_configuration": ["tests/conftest.py"]}
    assert flags({"tests/test_core.py": "x = 1\n", "pytest.toml": "[pytest]\n", "tests/__init__.py": ""}) == {
        "test_configuration": ["pytest.toml", "tests/__init__.py"],
    }
    assert flags({"a.pth": "x\n", "evil.dist-info/entry_points.txt": "x\n", "sitecustomize.py": "x\n"}) == {
        "start_up": ["a.pth", "evil.dist-info/entry_points.txt", "sitecustomize.py"]
    }
    assert flags({"setup.py": "x = 1\n", "pytest/main.py": "x = 1\n", ".gitattributes": "x\n"}) == {
        "git_internals": [".gitattributes"],
        "installation": ["setup.py"],
        "start_up": ["pytest/main.py"],
    }
    leaving = instance.FIXED.replace("result = 0", "print('PASSED x'); __import__('os')._exit(0)")
    assert flags({"sums/core.py": leaving}) == {"reports": ["sums/core.py"]}
    assert flags({"sums/core.py": instance.FIXED, "tests/test_names.py": "# PASSED\n"}) == {}
    assert SWEBENCH_LITE.harness.remarks(task, table["forging by text"].patch)["flags"] == {
        "marks": ["README.md"],
        "reports": ["README.md"],
    }
    in_git = "--- a/.git/config\n+++ b/.git/config\n@@ -1 +1,2 @@\n x\n+y\n"
    assert SWEBENCH_LITE.harness.remarks(task, in_git)["flags"] == {"git_internals": [".git/config"]}
    link = "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+tests\n"
    assert SWEBENCH_LITE.harness.remarks(task, link)["flags"] == {"link": ["x"]}


def test_a_strict_judge_leaves_out_what_could_decide_the_verdict(task):
    forging = "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n"
    forging += "    report = (yield).get_result()\n    report.outcome = 'passed'\n"
    forged = instance.change(**{"conftest.py": forging})
    with closing(Repositories(EngineSource(), replace(LIMITS, timeout=60), SESSION, strict=True)) as strict:
        refused = strict.judge(task, forged + core(instance.SUMS.replace("Sums", "Sum")))
        assert refused.kind == "unresolved"
        left_out = "without its edits to conftest.py (--mcode-strict)"
        assert refused.message.startswith(f"it passes, but not {left_out}: 0/1 of the tests")
        assert strict.judge(task, forged).message == f"nothing is left {left_out}"
        assert strict.judge(task, instance.gold()).passed


@pytest.mark.parametrize("verb", ["rm -f", "kill", "pause"])
def test_a_lost_container_is_replaced_once(task, sandbox, verb):
    slow = core(instance.FIXED.replace("result = 0\n", "result = __import__('time').sleep(2) or 0\n"))
    lost = threading.Thread(target=take_first_container, args=(verb,))
    lost.start()
    verdict = sandbox.judge(task, slow)
    lost.join()
    assert verdict.kind == "passed", verdict.message


def take_first_container(verb):
    while not (found := containers(SESSION).split()):
        time.sleep(0.05)
    time.sleep(1)
    subprocess.run(["docker", *verb.split(), *found], capture_output=True, check=False)


def test_the_network_is_there_only_where_it_is_asked_for(task):
    seen = {}
    for network in (False, True):
        sandbox = Repositories(EngineSource(), LIMITS, SESSION, network=network)
        with closing(sandbox), sandbox.open(task) as container:
            seen[network] = container.check(["ls", "/sys/class/net"], "list interfaces").decode().split()
    assert seen == {False: ["lo"], True: ["eth0", "lo"]}
