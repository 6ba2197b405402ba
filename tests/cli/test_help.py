import subprocess
import sys

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
