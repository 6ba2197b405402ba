import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from pytest_mcode.cli import main


class Result(NamedTuple):
    status: int
    out: str
    err: str


Mcode = Callable[..., Result]


@pytest.fixture
def mcode(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the console script with these arguments, on a terminal of 80 columns unless others are given."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object, columns: int = 80) -> Result:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["mcode", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return Result(int(stopped.value.code or 0), captured.out, captured.err)

    return run
