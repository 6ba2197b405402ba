"""Results in PostgreSQL: a real server, whose password is nowhere to be read."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.redaction import redacted
from pytest_mcode.store import Store, read_outcomes
from tests.cli.conftest import Mcode, Result, mcode  # noqa: F401  # a fixture
from tests.cli.test_bench import STUDY
from tests.session_support import GOLD, MCODE
from tests.store import postgres
from tests.store.builders import SETTINGS, outcome, run_info

SECRETS = (postgres.PASSWORD, postgres.QUOTED)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as made:
        yield made


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("XDG_STATE_HOME", str(pytester.path / "state"))
    monkeypatch.setenv("COLUMNS", "400")
    return pytester


def said(result: pytest.RunResult | Result) -> str:
    text = result.out + result.err if isinstance(result, Result) else f"{result.stdout}{result.stderr}"
    assert not [secret for secret in SECRETS if secret in text]
    return text


def test_session_and_commands_say_no_password(
    server: postgres.Server,
    pytester: pytest.Pytester,
    mcode: Mcode,  # noqa: F811
) -> None:
    url = server.new()
    given = url.replace("postgresql://", "postgres://")
    options = (*GOLD[:2], f"--mcode-db={given}", "--mcode-backend=gold", "-p", "no:cacheprovider")
    text = said(pytester.runpytest_subprocess(*options, "--mcode-limit=3", "-x", "-vv", "-n", "1"))
    assert f"in {redacted(given)}" in text
    assert "3/3 tasks" in text
    pytester.makepyfile("def test_own(mcode_task, mcode_plan):\n    assert 0")
    left = said(pytester.runpytest_subprocess(*options, "-l", "test_session_and_commands_say_no_password.py"))
    assert f"--mcode-db={redacted(given)}" in left.partition("resume")[2]
    planned = pytester.runpytest_subprocess(*options, "--mcode-plan")
    assert "planned    smoke, 12 tasks" in said(planned)
    for command in (
        ["results"], ["results", "--json"], ["show", "latest"], ["show", "latest", "--json"],
        ["export", "latest", "--format", "csv"], ["merge", given],
    ):  # fmt: skip
        said(mcode(*command, "--db", given))
    assert redacted(given) in said(mcode("merge", given, "--db", given))
    dump = server.psql("SELECT r::text FROM runs r", url)
    dump += server.psql("SELECT t::text FROM tasks t", url)
    dump += server.psql("SELECT a::text FROM attempts a", url)
    assert len(dump) > 20
    journals = [each.read_text() for each in (pytester.path / "state").rglob("*") if each.is_file()]
    assert not [text for text in [*dump, *journals] for secret in SECRETS if secret in text]


def test_password_in_the_ini_file_or_the_query(server: postgres.Server, pytester: pytest.Pytester) -> None:
    url = server.new()
    in_query = url.replace(f":{postgres.QUOTED}", "") + f"?password={postgres.QUOTED}&connect_timeout=3"
    pytester.makeini(f"[pytest]\nmcode_db = {in_query}")
    text = said(pytester.runpytest_subprocess(*GOLD[:2], "--mcode-backend=gold", "--mcode-limit=1"))
    assert "?password=***&connect_timeout=3" in text
    (settings,) = server.psql("SELECT settings FROM runs", url)
    assert "password=***" in settings


def test_study_skips_what_is_finished(server: postgres.Server, pytester: pytest.Pytester) -> None:
    url = server.new()
    pytester.path.joinpath("study.toml").write_text(STUDY.replace("results.db", url).replace("[1, 2]", "[2]"))
    first, again = (said(pytester.run(*MCODE, "study", "study.toml")) for _ in range(2))
    assert "finished as" not in first
    assert again.count("finished as") == 1
    assert server.psql("SELECT count(*) FROM runs", url) == ["1"]


ERRORS = {
    "s3cr%3At@": ("wrong@", 'password authentication failed for user "bench"'),
    "127.0.0.1": ("nowhere.invalid", "nowhere.invalid.*; is the server there, and are user"),
    "/results_": ("/missing_", 'database "missing_.*" does not exist'),
    "%3A": ("%3A@", "its password has an @; write it as %40, or leave it out; PostgreSQL's own PGPASSWORD"),
    ":s3cr%3At": (":***", "its password is hidden there; write it"),
    "postgresql:": ("postgresql+asyncpg:", "postgresql.asyncpg is not supported; results are"),
}  # fmt: skip


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("replaced", ERRORS)
def test_unusable_url_is_one_sentence(server: postgres.Server, replaced: str, read_only: bool) -> None:
    other, message = ERRORS[replaced]
    with pytest.raises(ConfigurationError, match=message) as caught:
        Store.open(server.new().replace(replaced, other, 1), read_only=read_only)
    assert not [secret for secret in (*SECRETS, "wrong", "s3cr") if secret in str(caught.value)]
    assert "\n" not in str(caught.value)


def test_store_that_cannot_be_written_is_refused_before_the_session(
    server: postgres.Server, pytester: pytest.Pytester
) -> None:
    url = server.new()
    server.psql("CREATE USER guest PASSWORD 'welcome'", url)
    guest = url.replace(f"bench:{postgres.QUOTED}", "guest:welcome")
    with pytest.raises(ConfigurationError, match=r"its user may not make tables; give a user who may"):
        Store.open(guest)
    with Store.open(url) as store:
        store.begin_run(run_info(), 1)
        store.record("run-1", outcome(0, "passed", "timeout"))
    server.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest", url)
    with Store.open(guest, read_only=True) as store:
        assert list(read_outcomes(store, "run-1")) == [outcome(0, "passed", "timeout")]
    options = (*GOLD[:2], "--mcode-backend=gold")
    refused = pytester.runpytest_subprocess(*options, f"--mcode-db={guest}")
    assert refused.ret == 4
    assert "its user may not write; give a user who may, or another database" in refused.stderr.str()
    server.psql("ALTER DATABASE " + url.rpartition("/")[2] + " SET default_transaction_read_only = on", url)
    with pytest.raises(ConfigurationError, match=r"the server is read-only"):
        Store.open(url)


BEGIN = """
import sys
from pytest_mcode.store import Store
from tests.store.builders import SETTINGS, outcome, run_info
name = sys.argv[1]
for db in sys.stdin:
    with Store.open(db.strip()) as store:
        store.begin_run(run_info(name), 2)
        store.record(name, outcome(0, "passed"))
        store.finish_run(name, "finished")
    print("done", flush=True)
"""


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_sessions_that_start_together_make_one_store(
    server: postgres.Server, engine: str, tmp_path: Path
) -> None:
    """Five rounds: a line lets four processes go, which have all they need."""
    with ExitStack() as stack:
        started = [
            subprocess.Popen(
                [sys.executable, "-c", BEGIN, f"run-{number}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
            )
            for number in range(4)
        ]  # fmt: skip
        processes = [stack.enter_context(process) for process in started]
        for round_ in range(5):
            db = server.new() if engine == "postgresql" else str(tmp_path / f"{round_}.db")
            for process in processes:
                assert process.stdin
                process.stdin.write(f"{db}\n")
                process.stdin.flush()
            assert [process.stdout and process.stdout.readline() for process in processes] == ["done\n"] * 4
            with Store.open(db, read_only=True) as store, store.engine.connect() as connection:
                found = connection.exec_driver_sql("SELECT count(*), count(finished_at) FROM runs").one()
                assert tuple(found) == (4, 4)
                assert connection.exec_driver_sql("SELECT count(*) FROM mcode_schema").scalar_one() == 1


def test_older_store_is_migrated_once_by_readers_that_come_together(server: postgres.Server) -> None:
    url = server.new()
    with Store.open(url) as store:
        command = {"command": f"pytest --mcode-db={url}"}
        store.begin_run(replace(run_info(), settings=SETTINGS | {"db": url}, environment=command), 1)
    assert postgres.QUOTED in server.psql("SELECT settings || environment FROM runs", url)[0]
    server.psql("DROP TABLE shards; UPDATE mcode_schema SET version = 6", url)
    script = "import sys; from pytest_mcode import results; results.open(sys.argv[1]).close()"
    readers = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(3)]
    assert [each.wait(60) for each in readers] == [0] * 3
    assert server.psql("SELECT count(*) FROM shards", url) == ["0"]
    (kept,) = server.psql("SELECT settings || environment FROM runs", url)
    assert kept.count(url.replace(postgres.QUOTED, "***")) == 2
    assert postgres.QUOTED not in kept


def test_driver_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('no psycopg here')")
    done = subprocess.run(
        [*MCODE, "results", "--db", "postgres://me:secret@host/db"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert done.stderr == (
        "ERROR: --mcode-db/--db: no driver for postgresql://me:***@host/db: no psycopg here; "
        "install it: pip install 'pytest-mcode[postgres]'\n"
    )
