"""Tasks made of released sources, of three layouts: src/, flat with its tests inside, and Django itself.

Each release is broken in one place, and one test that tells is taken out: putting both right is the reference
solution and the hidden tests. Sources come from the package index, as `pip download` finds them.
"""

import ast
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import instance

SITE = "opt/site"


@dataclass(frozen=True)
class Release:
    """What is taken of a release, and how it is broken."""

    package: str
    version: str
    source: str
    right: str
    wrong: str
    tests: str
    test: str
    """The test function that tells."""
    command: str
    parser: str = "parse_log_pytest"
    path: str = "/testbed"
    needs: tuple[str, ...] = ()
    """Requirements that the image lacks: pure Python."""
    settings: str = ""

    @property
    def task_id(self) -> str:
        """As the dataset's are."""
        return f"{self.package.lower()}__{self.package.lower()}-1"


RELEASES = (
    Release(
        package="itsdangerous", version="2.2.0", path="/testbed/src",
        source="src/itsdangerous/encoding.py",
        right='_int_to_bytes(num).lstrip(b"\\x00")', wrong="_int_to_bytes(num)",
        tests="tests/test_itsdangerous/test_encoding.py", test="test_int_bytes",
        command="pytest -rA tests/test_itsdangerous/test_encoding.py",
    ),
    Release(
        package="toolz", version="0.12.0",
        source="toolz/itertoolz.py",
        right="    seq = iter(seq)\n    next(seq)\n    return next(seq)", wrong="    return next(iter(seq))",
        tests="toolz/tests/test_itertoolz.py", test="test_second",
        command="pytest -rA toolz/tests/test_itertoolz.py",
    ),
    Release(
        package="Django", version="4.2.16", needs=("asgiref==3.8.1", "sqlparse==0.5.1"),
        source="django/utils/text.py",
        right='re.sub(r"[-\\s]+", "-", value).strip("-_")', wrong='re.sub(r"[-\\s]+", "-", value)',
        tests="tests/utils_tests/test_text.py", test="test_slugify", parser="parse_log_django",
        command="./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1 utils_tests.test_text",
    ),
)  # fmt: skip


class Built:
    """A release as a task: its repository on this disk, its image, its row."""

    def __init__(self, release: Release, folder: Path) -> None:
        self.release = release
        self.folder = folder / release.package / "testbed"
        self._unpack(folder / release.package)
        whole = self.read(release.source), self.read(release.tests)
        assert release.right in whole[0]
        self.fixed = whole[0]
        self.broken = self.fixed.replace(release.right, release.wrong, 1)
        # Eval scripts show the latest commit: it must not be the whole release.
        instance._commit(self.folder, {})
        self.write(release.source, self.broken)
        self.write(release.tests, _without(whole[1], release.test))
        instance._git(self.folder, "commit", "-qam", "Break it")
        self.base = instance._git(self.folder, "rev-parse", "HEAD").strip()
        self.gold = self.change({release.source: whole[0]})
        self.hidden = self.change({release.tests: whole[1]})
        self.image = f"mcode-tests/sweb.eval.x86_64.{release.package.lower()}:{self.base[:12]}"

    def read(self, path: str) -> str:
        """Return a file of the repository."""
        return (self.folder / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Write one."""
        instance._write(self.folder, {path: text})

    def change(self, files: dict[str, str]) -> str:
        """Return git's patch that writes files; the repository stays as it is."""
        instance._write(self.folder, files)
        return self.diff()

    def diff(self, *options: str) -> str:
        """Return git's patch of what was done to the repository, and undo that."""
        instance._git(self.folder, "add", "-A")
        patch = instance._git(self.folder, "diff", "--cached", "--binary", *options)
        instance._git(self.folder, "reset", "-q", "--hard")
        instance._git(self.folder, "clean", "-fdq")
        return patch

    def row(self, lists: dict[str, list[str]]) -> dict:
        """Return the row; `lists` are the tests."""
        release, own = self.release, instance.eval_script()
        script = own.replace(instance.hidden_tests(), self.hidden).replace(instance.base_commit(), self.base)
        script = script.replace("pytest -rA tests/test_core.py", release.command)
        script = script.replace("tests/test_core.py", release.tests)
        script = script.replace("python3 -m pip install -e .", "true")
        named = {"repo": f"{release.package}/{release.package}", "instance_id": release.task_id}
        return instance.row(
            **named, base_commit=self.base, patch=self.gold, test_patch=self.hidden, image=self.image,
            eval_script=script, log_parser=release.parser,
            **{name: json.dumps(tests) for name, tests in lists.items()},
        )  # fmt: skip

    def archive(self) -> bytes:
        """Return a tar of what the image adds."""
        buffer = io.BytesIO()
        activate = f"{instance.ACTIVATE}export PYTHONPATH={self.release.path}:/{SITE}\n"
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(self.folder, "testbed", filter=instance._as_root)
            site = self.folder.parent / "site"
            site.mkdir(exist_ok=True)
            tar.add(site, SITE, filter=instance._as_root)
            for path, content in instance.tools(activate).items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o755
                tar.addfile(entry, io.BytesIO(content.encode()))
        return buffer.getvalue()

    def _unpack(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
        pinned = f"{self.release.package}=={self.release.version}"
        subprocess.run([*pip, "--no-binary", ":all:", pinned], check=True, capture_output=True)
        if self.release.needs:
            subprocess.run([*pip, *self.release.needs], check=True, capture_output=True)
        for wheel in folder.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder / "site")
        (source,) = folder.glob("*.tar.gz")
        with tarfile.open(source) as tar:
            tar.extractall(folder, filter="data")
        next(each for each in folder.iterdir() if each.is_dir() and each.name != "site").rename(self.folder)


def _without(text: str, name: str) -> str:
    """Return Python source without one function."""
    lines = text.splitlines(keepends=True)
    found = next(
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name == name
    )
    start = min([found.lineno, *(each.lineno for each in found.decorator_list)])
    return "".join([*lines[: start - 1], *lines[found.end_lineno :]])
