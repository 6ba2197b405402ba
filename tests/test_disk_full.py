"""Sessions whose disk fills while they run: the results database's, the journal's."""

import contextlib
import os
import subprocess

import pytest

from tests.servers import OllamaServer

from .session_support import rows
from .test_resume import STATUSES, answering, arguments, solutions, start, stored, wait_until

__all__ = ["solutions"]


class SmallDisk:
    """A file system of half a megabyte."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(b"x" * 512)

    def free(self):
        (self.folder / "ballast").unlink()


@pytest.fixture
def disk(pytester):
    folder = pytester.mkdir("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small file system")
    yield SmallDisk(folder)
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_a_full_disk_under_the_database_stops_the_session_which_is_resumed(
    pytester, solutions, disk, workers
):
    db = "disk/results.db"
    with OllamaServer(answering(solutions, delay=0.3)) as server:
        more = (f"--mcode-db={db}", "-n", workers)
        process = start(pytester, server, *more)
        wait_until(lambda: stored(pytester, db) >= 2)
        disk.fill()
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "INTERNALERROR" not in output
        reason = "database or disk is full; what was recorded before is safe"
        assert f"could not write to {pytester.path / db}: {reason}" in output
        assert "--mcode-resume" in output
        recorded = rows(pytester, STATUSES, db)
        assert 2 <= len(recorded) < 12
        assert f"judged     {len(recorded)}/12 tasks, {12 - len(recorded)} not reached" in output
        assert rows(pytester, "PRAGMA integrity_check", db) == [("ok",)]
        disk.free()
        result = pytester.runpytest_subprocess(*arguments(server, *more, "--mcode-resume"))
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"note       resumed: {len(recorded)} tasks *"])
    assert [row[1:] for row in rows(pytester, STATUSES, db)] == [("solved", 1)] * 12
    assert rows(pytester, "PRAGMA integrity_check", db) == [("ok",)]


def test_a_full_disk_under_the_journal_is_not_the_models_fault(pytester, solutions, disk, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(disk.folder))
    # One task at a time: no journal that goes makes room for another.
    pytester.makeconftest("from pytest_mcode.models import mellea\nmellea.MelleaModel.concurrent = False")
    journals = disk.folder / "pytest-mcode"

    def filling(body):
        if len(server.requests) == 2:
            disk.fill()
        return answering(solutions)(body)

    with OllamaServer(filling) as server:
        result = pytester.runpytest_subprocess(*arguments(server, "--mcode-limit=3"))
        assert rows(pytester, "SELECT status FROM tasks ORDER BY task_id") == [
            ("solved",),
            ("infra",),
            ("infra",),
        ]
        said = f"2 x could not keep an attempt in {journals}/*: No space left on device; free some space *"
        result.stdout.fnmatch_lines([f"*{said}"])
        disk.free()
        resumed = pytester.runpytest_subprocess(*arguments(server, "--mcode-limit=3", "--mcode-resume"))
    assert resumed.ret == 0
    assert not list(journals.iterdir())


def test_a_journal_that_cannot_be_made_is_said_before_anything_runs(pytester, solutions, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(pytester.makefile(".txt", "a file")))
    with OllamaServer(answering(solutions)) as server:
        result = pytester.runpytest_subprocess(*arguments(server))
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: cannot keep a journal in *: Not a directory; *XDG_STATE_HOME*"])
    assert server.requests == []
