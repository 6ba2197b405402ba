"""Apptainer's provider, against a stand-in for the program: it checks its arguments and runs the runner."""

import sys
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.apptainer import ApptainerSandbox
from pytest_mcode.sandboxes.trial import TRIAL, try_sandbox

STAND_IN = """#!{python}
import os, sys
if sys.argv[1] == "--version":
    sys.exit(print("apptainer version 1.4.0"))
options = ["exec", "--containall", "--cleanenv", "--no-privs", "--net", "--network", "none", "--pwd", "/"]
assert sys.argv[1:10] == options, sys.argv
image, program, *rest = sys.argv[10:]
if "{said}":
    sys.exit("{said}")
assert image.endswith("python.sif") and program == "python3"
inside = {{name[13:]: value for name, value in os.environ.items() if name.startswith("APPTAINERENV_")}}
assert inside["PYTHONHASHSEED"] == "0" and inside["HOME"] == "/tmp" and "SECRET" not in os.environ
rest[-1] = rest[-1].replace('"scratch": "/tmp"', '"scratch": "{scratch}"').replace("/dev/shm", "")
os.execve("{python}", ["{python}", *rest], inside)
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str = "") -> ApptainerSandbox:
    for name in ("bin", "scratch"):
        (folder / name).mkdir()
    program = folder / "bin" / "apptainer"
    program.write_text(STAND_IN.format(python=sys.executable, said=said, scratch=folder / "scratch"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("SECRET", "token")
    image = folder / "python.sif"
    image.touch()
    return ApptainerSandbox(str(image), Limits())


def test_its_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(stand_in(tmp_path, monkeypatch)) as sandbox:
        assert sandbox.run(TRIAL).passed
        described = sandbox.describe()
    assert described["engine"] == "apptainer version 1.4.0"
    assert described["container"] == f"{tmp_path}/python.sif"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (
            "FATAL: exec: \\'python3\\': not found in $PATH",
            "has no python3 (3.8 or later): name another with",
        ),
        (
            "FATAL: network requires allow net networks",
            "Apptainer is not allowed to make a network of its own",
        ),
    ],
)
def test_what_it_may_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        try_sandbox(stand_in(tmp_path, monkeypatch, said))
    assert remedy in str(error.value)


def test_it_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigurationError, match=r"there is no SIF or directory .*none\.sif: make one with `app"
    ):
        try_sandbox(ApptainerSandbox(f"{tmp_path}/none.sif", Limits()))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ConfigurationError, match=r"there is no Apptainer on this machine: on a cluster `module"
    ):
        try_sandbox(ApptainerSandbox(str(tmp_path), Limits()))
