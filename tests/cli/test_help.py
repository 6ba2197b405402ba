import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

HEAVY = {
    *("sqlalchemy", "scipy", "numpy", "pandas", "altair", "vl_convert", "jinja2"),
    *("rich", "mellea", "docker", "datasets", "pytest"),
}


@pytest.mark.parametrize("arguments", [["--help"], ["results", "--help"], ["report", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = f"""
import sys
from pytest_mcode.cli import main
sys.argv = ["mcode", *{arguments!r}]
try:
    main()
finally:
    print("loaded:", *sorted(sys.modules.keys() & {HEAVY!r}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: mcode")
    assert done.stderr == "loaded:\n"


Mcode = Callable[..., Any]


def test_options_stand_under_headings(mcode: Mcode) -> None:
    shown = mcode("bench", "--help").out
    headings = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        *("Arguments:", "Model:", "Tasks:", "Sandbox:", "Session and output:", "Budget:", "SWE-bench:"),
        "Options:",
    ]
    assert shown.index("SWE-bench:") < shown.index("--max-steps") < shown.index("Options:")
    assert shown.index("Sandbox:") < shown.index("--mem-limit") < shown.index("Session and output:")
    results = mcode("results", "--help").out
    assert results.index("Which runs:") < results.index("--since") < results.index("Output:")
    assert results.index("Output:") < results.index("--markdown")
    commands = mcode("--help").out
    assert commands.index("Ask what came out:") < commands.index("  results ") < commands.index("Prepare:")


def test_help_says_what_exit_statuses_mean(mcode: Mcode) -> None:
    for command in ((), ("bench",), ("show",)):
        assert "Exit status: 0 when it is done; 4 for" in " ".join(mcode(*command, "--help").out.split())


def test_version(mcode: Mcode) -> None:
    result = mcode("--version")
    assert result.status == 0
    assert result.out.startswith("pytest-mcode 0.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resutls"], "No such command 'resutls'. Did you mean 'results'?"),
        (["results", "--modle", "m"], "No such option: --modle"),
        (["results", "--modle", "m"], "--model"),
    ],
)
def test_what_is_mistyped_is_suggested(mcode: Mcode, arguments: list[str], message: str) -> None:
    result = mcode(*arguments)
    assert result.status == 2
    assert message in result.err


def test_a_shell_completes_commands_and_options() -> None:
    def completed(words: str) -> list[str]:
        environment = {
            **os.environ,
            "_MCODE_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        script = "from pytest_mcode.cli import main; main()"
        command = [sys.executable, "-c", f"import sys; sys.argv = ['mcode']; {script}"]
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.split()

    assert completed("mcode res") == ["results"]
    assert "--mem-limit" in completed("mcode bench --mem")
