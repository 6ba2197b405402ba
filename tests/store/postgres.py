"""A PostgreSQL server of the tests' own: on a free port of the loopback, its user with a password."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401  # pytester drops what a test imported

with suppress(ImportError):
    import psycopg  # noqa: F401

USER, PASSWORD = "bench", "s3cr:t"
QUOTED = "s3cr%3At"
"""The password as a URL has it."""


class Server:
    """A running server; each test takes a database of its own."""

    def __init__(self, programs: Path, home: Path, port: int) -> None:
        self._programs, self._home, self.port = programs, home, port
        self._databases = 0

    def new(self) -> str:
        """Return the URL of a new, empty database, with its password."""
        self._databases += 1
        name = f"results_{self._databases}"
        self.psql(f"CREATE DATABASE {name}", "postgres")
        return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{self.port}/{name}"

    def psql(self, query: str, database: str) -> list[str]:
        """Return the lines that psql prints, columns parted by ``|``."""
        name = database.rpartition("/")[2].partition("?")[0]
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", name]
        done = subprocess.run(
            [self._programs / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *address, "-c", query],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def control(self, *arguments: str) -> None:
        """Call pg_ctl: ``stop``, ``start``, ``restart``."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        command = ["pg_ctl", "-w", "-D", str(self._home / "data"), "-l", str(self._home / "log")]
        starting = ["-o", options] if arguments[0] in ("start", "restart") else []
        self._as_user([*command, *starting, *arguments])

    def initialise(self) -> None:
        secret = self._home / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            for each in (self._home, secret):
                shutil.chown(each, "nobody")
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={USER}", "--no-sync"]
        self._as_user(["initdb", "-D", str(self._home / "data"), "--encoding=UTF8", "--locale=C", *options])

    def _as_user(self, command: list[str]) -> None:
        """Run a program of the server's, which refuses root."""
        drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        full = [*drop, str(self._programs / command[0]), *command[1:]]
        with (self._home / "commands").open("a+") as log:
            done = subprocess.run(full, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self._home)
            log.seek(0)
            assert done.returncode == 0, log.read()


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; None where there are none."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).resolve().parent if found else debian[-1].parent if debian else None


@contextmanager
def server() -> Iterator[Server]:
    """Start a server, or skip; with ``MCODE_REQUIRE_POSTGRES=1`` a missing one is a failure."""
    folder = programs()
    if folder is None or "psycopg" not in sys.modules:
        if os.environ.get("MCODE_REQUIRE_POSTGRES") == "1":
            pytest.fail("PostgreSQL's server or psycopg is missing")
        pytest.skip("no PostgreSQL server, or no psycopg")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="mcode-postgres-") as home:
        made = Server(folder, Path(home), port)
        made.initialise()
        made.control("start")
        try:
            yield made
        finally:
            made.control("stop", "-m", "immediate")
