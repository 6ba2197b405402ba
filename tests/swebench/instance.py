"""A task of our own: a small repository, a row in swebench 5's columns, an image from Debian's packages.

The image has what eval scripts expect of a published one: ``/testbed`` at the base commit, and a
``testbed`` environment that ``/opt/miniconda3/bin/activate`` activates. Its history also holds the fix,
as that of old images does.
"""

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

BASE_IMAGE = "mcode-debian:bookworm-git"
INSTANCE_ID = "acme__sums-1"

SUMS = '''\
"""Sums."""


def total(numbers):
    """Return the sum of numbers."""
    result = 0
    for number in numbers[1:]:
        result += number
    return result


def mean(numbers):
    """Return the arithmetic mean of numbers."""
    return total(numbers) / len(numbers)
'''
FIXED = SUMS.replace("numbers[1:]", "numbers")
OTHER = (
    '"""Names."""\n\n\ndef shout(name):\n    """Return the name, loudly."""\n    return name.upper() + "!"\n'
)
PUBLIC_TEST = """\
from sums.core import total


def test_of_nothing():
    assert total([]) == 0


def test_with_zero_first():
    assert total([0, 1, 2]) == 3
"""
HIDDEN_TEST = (
    PUBLIC_TEST
    + """

def test_first_counts():
    assert total([1, 2, 3]) == 6
"""
)
TESTS = ("test_of_nothing", "test_with_zero_first", "test_first_counts")
TEST_NAMES = "from sums.names import shout\n\n\ndef test_shout():\n    assert shout('a') == 'A!'\n"
FILES = {
    "README.md": "# sums\n\nAdds numbers.\n",
    "sums/__init__.py": "",
    "sums/core.py": SUMS,
    "sums/names.py": OTHER,
    "tests/test_core.py": PUBLIC_TEST,
    "tests/test_names.py": TEST_NAMES,
}
ISSUE = "`sums.core.total` forgets the first number\n\n`total([1, 2, 3])` is 5, but it should be 6.\n"
ACTIVATE = "conda() { :; }\nexport PATH=/opt/testbed/bin:$PATH\n"
PYTEST = '#!/bin/sh\nexec python3 -m pytest "$@"\n'
GIT_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "PATH": "/usr/bin:/bin",
}


def diff(before: dict[str, str], after: dict[str, str]) -> str:
    """Return git's patch from one set of files to another."""
    with TemporaryDirectory() as folder:
        _commit(Path(folder), before)
        _write(Path(folder), after)
        _git(Path(folder), "add", "-A")
        return _git(Path(folder), "diff", "--cached")


def change(**files: str) -> str:
    """Return a patch that gives files, named by their path, other contents."""
    return diff(FILES, {**FILES, **files})


@cache
def gold() -> str:
    """Return the reference solution."""
    return change(**{"sums/core.py": FIXED})


@cache
def hidden_tests() -> str:
    """Return the patch that brings the hidden test."""
    return change(**{"tests/test_core.py": HIDDEN_TEST})


@cache
def base_commit() -> str:
    """Return the hash of the commit that the task starts from."""
    with TemporaryDirectory() as folder:
        return _commit(Path(folder), FILES)


def eval_script() -> str:
    """Return an eval script in the form of the dataset's."""
    base = base_commit()
    return f"""\
#!/bin/bash
set -uxo pipefail
source /opt/miniconda3/bin/activate
conda activate testbed
cd /testbed
git config --global --add safe.directory /testbed
cd /testbed
git status
git show
git -c core.fileMode=false diff {base}
source /opt/miniconda3/bin/activate
conda activate testbed
python3 -m pip install -e .
git checkout {base} tests/test_core.py
git apply -v - <<'EOF_114329324912'
{hidden_tests()}
EOF_114329324912
: '>>>>> Start Test Output'
pytest -rA tests/test_core.py
: '>>>>> End Test Output'
git checkout {base} tests/test_core.py
"""


def row(**changes: object) -> dict:
    """Return the task as a row of the dataset."""
    return {
        "repo": "acme/sums",
        "instance_id": INSTANCE_ID,
        "base_commit": base_commit(),
        "patch": gold(),
        "test_patch": hidden_tests(),
        "problem_statement": ISSUE,
        "hints_text": "SECRET-HINT: drop the [1:]",
        "created_at": "2024-01-01T00:00:00Z",
        "version": "1.0",
        "FAIL_TO_PASS": json.dumps(["tests/test_core.py::test_first_counts"]),
        "PASS_TO_PASS": json.dumps(
            ["tests/test_core.py::test_of_nothing", "tests/test_core.py::test_with_zero_first"]
        ),
        "environment_setup_commit": base_commit(),
        "image": image(),
        "eval_script": eval_script(),
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
        **changes,
    }


def outdated_row() -> dict:
    """Return another task as a row: what it asks for breaks a test that the repository has."""
    gold = change(**{"sums/names.py": OTHER.replace('"!"', '"!!"')})
    tests = change(**{"tests/test_names.py": TEST_NAMES.replace("A!", "A!!")})
    script = eval_script().replace(hidden_tests(), tests).replace("tests/test_core.py", "tests/test_names.py")
    lists = {"FAIL_TO_PASS": json.dumps(["tests/test_names.py::test_shout"]), "PASS_TO_PASS": "[]"}
    return row(patch=gold, test_patch=tests, eval_script=script, problem_statement="Shout louder\n", **lists)


def image() -> str:
    """Return the image's name; its tag changes with what is in it."""
    content = json.dumps([FILES, FIXED, ACTIVATE, PYTEST, BASE_IMAGE])
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return f"mcode-tests/sweb.eval.x86_64.acme_1776_sums-1:{digest}"


def build() -> str:
    """Build the image where it is missing, from the base image; return its name."""
    return built(image(), _archive)


def built(reference: str, archive: Callable[[], bytes]) -> str:
    """Make an image, where it is missing, of the base image and what `archive` adds; return its name."""
    import docker

    client = docker.from_env()
    try:
        name, _, tag = reference.rpartition(":")
        try:
            client.images.get(reference)
        except docker.errors.ImageNotFound:
            container = client.containers.create(BASE_IMAGE, ["sleep", "60"], network_mode="none")
            try:
                container.put_archive("/", archive())
                container.commit(name, tag)
            finally:
                container.remove(force=True, v=True)
    finally:
        client.close()
    return reference


def tools(activate: str) -> dict[str, str]:
    """Return the files that make an environment, by path."""
    return {
        "opt/miniconda3/bin/activate": activate,
        "opt/testbed/bin/pytest": PYTEST,
        "opt/testbed/bin/python": '#!/bin/sh\nexec python3 "$@"\n',
        "root/.bashrc": ". /opt/miniconda3/bin/activate\n",
    }


def _archive() -> bytes:
    """Return a tar of what the image adds: the repository, whose history goes on after the base commit."""
    buffer = io.BytesIO()
    with TemporaryDirectory() as folder, tarfile.open(fileobj=buffer, mode="w") as tar:
        repository = Path(folder, "testbed")
        repository.mkdir()
        _commit(repository, FILES)
        _git(repository, "tag", "v1.0")
        _git(repository, "branch", "later")
        _git(repository, "checkout", "-q", "later")
        _write(repository, {"sums/core.py": FIXED})
        _git(repository, "commit", "-qam", "Count the first number")
        _git(repository, "tag", "v1.1")
        _git(repository, "checkout", "-q", "main")
        tar.add(repository, "testbed", filter=_as_root)
        for path, content in tools(ACTIVATE).items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _commit(folder: Path, files: dict[str, str]) -> str:
    _git(folder, "init", "-q", "-b", "main")
    _write(folder, files)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", "Sums and names")
    return _git(folder, "rev-parse", "HEAD").strip()


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=GIT_ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    print(build())
