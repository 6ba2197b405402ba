import subprocess
import sys

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.errors import ConfigurationError


def test_every_name_is_listed_with_a_line_about_it():
    assert list(benchmarks.summaries()) == benchmarks.names()
    assert {"smoke", "humaneval", "humaneval+", "mbpp", "mbpp+"} <= set(benchmarks.names())
    for name, summary in benchmarks.summaries().items():
        assert benchmarks.get(name).name == name
        assert summary
        assert "\n" not in summary


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigurationError) as caught:
        benchmarks.get("sudoku")
    known = ", ".join(benchmarks.names())
    assert str(caught.value).startswith(
        f"unknown benchmark 'sudoku'. Known are: {known}; one of your own is "
    )


@pytest.mark.parametrize(
    ("name", "near"), [("HumanEval", "humaneval or humaneval+"), ("mbp", "mbpp or mbpp+"), ("smok", "smoke")]
)
def test_a_near_miss_is_suggested(name, near):
    with pytest.raises(ConfigurationError, match=f"Did you mean {near.replace('+', '[+]')}[?]"):
        benchmarks.get(name)


def test_nothing_heavy_is_imported_for_local_tasks():
    code = (
        "import sys; from pytest_mcode import benchmarks;"
        "assert not [name for name in sys.modules if name.startswith('pytest_mcode.benchmarks.')];"
        "benchmarks.summaries(); benchmarks.get('smoke').load(benchmarks.Source());"
        "assert not {'datasets', 'huggingface_hub', 'pyarrow', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
