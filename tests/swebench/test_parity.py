"""Our verdict and swebench's own on patches of every make, at tasks of three layouts of real sources."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.benchmarks.swebench import to_task
from pytest_mcode.harnesses.repositories.engine_source import EngineSource
from pytest_mcode.harnesses.repositories.grading import parse_log
from pytest_mcode.harnesses.repositories.packing import unpacked
from pytest_mcode.harnesses.repositories.sandbox import Repositories
from pytest_mcode.sandboxes import Limits

from . import instance
from .released import RELEASES, Built

pytestmark = [pytest.mark.docker, pytest.mark.slow]

LIMITS = Limits(timeout=120, memory=512 * 2**20, pids=128)
SEVERAL = 2
"""Judgements at a time, on either side."""


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.package)
def built(request, image, tmp_path_factory):
    built = Built(request.param, tmp_path_factory.mktemp("released"))
    instance.built(built.image, built.archive)
    return built


def patches(built):
    """Return patches by name, good and bad, as models and tools write them."""
    gold, source = built.gold, built.release.source
    path = built.folder / source
    fixed = built.fixed

    def changed(*options, **files):
        for name, content in files.items():
            target = built.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return built.diff(*options)

    def done(command):
        subprocess.run(["sh", "-ec", command], cwd=built.folder, check=True, env=instance.GIT_ENVIRONMENT)
        return built.diff()

    head, hunk = gold.split("@@ ", 1)
    lines = dict(re.findall(r"([-+])(\d+)", hunk.partition(" @@")[0]))
    moved = "@@ " + hunk.replace(f"-{lines['-']},", f"-{int(lines['-']) + 7},", 1)
    counted = re.sub(r"^@@ -(\d+),\d+ \+(\d+),\d+ @@", r"@@ -\1,3 +\2,3 @@", f"@@ {hunk}")
    link = f"ln -s {source} link.py"
    submodule = f"git update-index --add --cacheinfo 160000,{built.base},vendored"
    subprocess.run(["sh", "-ec", submodule], cwd=built.folder, check=True, env=instance.GIT_ENVIRONMENT)
    module = instance._git(built.folder, "diff", "--cached", "--binary")
    instance._git(built.folder, "reset", "-q", "--hard")
    binary = changed(**{"data.bin": bytes(range(256)) * 8})
    mode = done(f"chmod +x {source}")
    return {
        "gold": gold,
        "nothing": "",
        "prose": "The fix is to strip what is left over.\n",
        "no final newline": gold.rstrip("\n"),
        "CRLF": gold.replace("\n", "\r\n"),
        "moved by seven lines": head + moved,
        "wrong counts": head + counted,
        "no git header": gold[gold.index("--- ") :],
        "no prefix": changed("--no-prefix", **{source: fixed}),
        "mnemonic prefix": gold.replace(" a/", " c/").replace(" b/", " w/"),
        "a/./": gold.replace(" a/", " a/./").replace(" b/", " b/./"),
        "little context": changed("-U0", **{source: fixed}),
        "much context": changed("-U40", **{source: fixed}),
        "twice": gold + gold,
        "reversed": changed("-R", **{source: fixed}),
        "fenced": f"```diff\n{gold}```\n",
        "words before": f"Here it is:\n\n{gold}",
        "words behind": f"{gold}\nThat is all.\n",
        "a comment": changed(**{source: f"{built.broken}\n# Nothing.\n"}),
        "syntax error": changed(**{source: f"{fixed}\ndef broken(:\n"}),
        "raises at import": changed(**{source: f"{fixed}\nraise ValueError\n"}),
        "source deleted": done(f"git rm -q {source}"),
        "source moved": done(f"git mv {source} {source}.txt"),
        "binary alone": binary,
        "binary": binary + gold,
        "binary without content": "diff --git a/x.bin b/x.bin\nBinary files a/x.bin and b/x.bin differ\n"
        + gold,
        "mode alone": mode,
        "mode": changed(**{source: fixed}).replace(
            "\nindex ", "\nold mode 100644\nnew mode 100755\nindex ", 1
        ),
        "moved readme": done("git mv README* moved.md") + gold,
        "copied": done(f"cp {source} copy.py") + gold,
        "link": done(link) + gold,
        "submodule": module + gold,
        "UTF-8": changed(**{"größe/ñ b.py": "x = 'größe ✓'\n"}) + gold,
        "UTF-16": changed(**{"wide.txt": "größe\n".encode("utf-16")}) + gold,
        "byte order mark": changed(**{"bom.py": b"\xef\xbb\xbfx = 1\n"}) + gold,
        "carriage returns": changed(**{"dos.py": b"x = 1\r\ny = 2\r\n"}) + gold,
        "name with quotes": changed(**{'a "b".py': "x = 1\n"}) + gold,
        "empty file": changed(**{"empty.py": ""}) + gold,
        "hidden test weakened": changed(**{built.release.tests: "def test_nothing():\n    pass\n"}),
        "hidden test weakened and gold": changed(**{built.release.tests: "x = 1\n", source: fixed}),
    } | ({"outside": gold.replace(f"b/{source}", f"b/../{path.name}")})


def lists_of(built):
    """Return the lists of tests, from what a run says with the reference and without."""
    task = to_task(built.row({"FAIL_TO_PASS": ["x"], "PASS_TO_PASS": []}))
    with closing(Repositories(EngineSource(), LIMITS, f"lists-{os.getpid()}")) as sandbox:
        comment = built.change({built.release.source: f"{built.broken}\n# Nothing.\n"})
        logs = [unpacked(sandbox.judge(task, patch).details["log"]) for patch in (built.gold, comment)]
    after, before = (parse_log(task, log) for log in logs)
    passing = [test for test, status in after.items() if status == "PASSED"]
    return {
        "FAIL_TO_PASS": [test for test in passing if before.get(test) != "PASSED"],
        "PASS_TO_PASS": [test for test in passing if before.get(test) == "PASSED"],
    }


def test_every_verdict_is_swebenchs(built, tmp_path):
    lists = lists_of(built)
    assert lists["FAIL_TO_PASS"]
    row, asked = built.row(lists), patches(built)
    theirs = official(row, asked, tmp_path)
    with (
        closing(Repositories(EngineSource(), LIMITS, f"parity-{os.getpid()}")) as sandbox,
        ThreadPoolExecutor(SEVERAL) as pool,
    ):

        def judged(patch):
            start = time.monotonic()
            return sandbox.judge(to_task(row), patch), time.monotonic() - start

        ours = dict(zip(asked, pool.map(judged, asked.values()), strict=True))
    different = {
        name: (verdict.kind, verdict.message, theirs[name][0])
        for name, (verdict, _) in ours.items()
        if verdict.passed is not bool(theirs[name][0])
    }
    assert not different
    assert ours["gold"][0].passed
    medians = [statistics.median(seconds for _, seconds in each.values()) for each in (ours, theirs)]
    said = ", theirs ".join(f"{median:.2f} s" for median in medians)
    print(f"{len(asked)} patches of {built.release.package}: median {said}")
    assert medians[0] <= medians[1]


def official(row, asked, folder):
    command = [sys.executable, "-m", "tests.swebench.official", str(folder), "120", str(SEVERAL)]
    done = subprocess.run(
        command, input=json.dumps([row, asked]), capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])
