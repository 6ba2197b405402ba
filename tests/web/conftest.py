"""A store that `mcode view` serves, in a process of its own, to all tests of this folder."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE

import httpx
import pytest

from pytest_mcode.records import Message
from tests.session_support import MCODE
from tests.store.builders import attempt, outcome, run_info, write_run

HOSTILE = "</textarea></script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'><!--"
TORN = f"{HOSTILE} \ud800 \0 {{{{ 7 * 7 }}}}"
ASKED: Message = {"role": "user", "content": HOSTILE}
FIRST, SECOND, THIRD = "20260801-100000-aaaaaa", "20260802-100000-bbbbbb", "20260803-100000-cccccc"


@dataclass(frozen=True)
class Served:
    """A running `mcode view`."""

    db: Path
    address: str
    """With its token."""
    client: httpx.Client
    """Has the cookie."""

    @property
    def origin(self) -> str:
        return self.address.partition("/?")[0]


def make_store(db: Path) -> Path:
    hostile = attempt(
        messages=[ASKED],
        completion=TORN,
        reasoning=HOSTILE,
        solution=f"def f():\n    {HOSTILE}\n",
        verdict=replace(attempt().verdict, message=HOSTILE, stdout=HOSTILE, stderr=HOSTILE),
    )
    repair = attempt(0, 1, "passed", messages=[ASKED, ASKED], solution="def f():\n    return 2\n")
    debugged = outcome(0, attempts=(hostile, repair), status="solved", task_id=f"HumanEval/{HOSTILE}")
    fixed = run_info(FIRST, samples=2, all_samples=True, debug_iters=1, model=HOSTILE, tasks_total=4)
    made = [
        outcome(1, "passed", "assertion syntax"),
        outcome(2, "timeout timeout", "syntax memory"),
        outcome(3, status="infra", error=HOSTILE),
    ]
    write_run(db, fixed, [debugged, *made])
    one = run_info(SECOND, started_at="2026-08-02T10:00:00+00:00", tasks_total=4)
    write_run(db, one, [outcome(1, "passed"), outcome(2, "passed"), outcome(10, "syntax")])
    other = run_info(THIRD, benchmark="mbpp", model="tiny:1b", started_at="2026-08-03T10:00:00+00:00")
    write_run(db, other, [outcome(9, "passed", task_id="Mbpp/9")])
    return db


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("uvicorn", reason="needs the extra `view`")
    folder = tmp_path_factory.mktemp("view")
    with serve(str(make_store(folder / "results.db")), folder) as made:
        yield made


@contextmanager
def serve(db: str, folder: Path) -> Iterator[Served]:
    """Serve `db` within the block; then Ctrl-C must end it within seconds, with status 0 and no word."""
    errors = folder / "stderr"
    command = [*MCODE, "view", "--db", db, "--port", "0"]
    with errors.open("w") as stderr, subprocess.Popen(command, stdout=PIPE, stderr=stderr, text=True) as view:
        try:
            assert view.stdout
            address = view.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", address), errors.read_text()
            with httpx.Client(follow_redirects=True, timeout=30) as client:
                assert client.get(address).status_code == 200
                yield Served(Path(db), address, client)
            view.send_signal(signal.SIGINT)
            assert view.wait(10) == 0
            assert errors.read_text() == ""
        finally:
            view.kill()
