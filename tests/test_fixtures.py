"""Fixtures that a session overrides: they work, they are told, and wrong ones are refused."""

import hashlib
import json

import pytest

from pytest_mcode.results.configuration import configuration_key
from pytest_mcode.results.summaries import figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import find_runs

from .servers import OllamaServer
from .session_support import GOLD, MCODE, SMOKE, rows

WRONG_MODEL = """
    import pytest
    from pytest_mcode import Completion

    class Mine:
        def generate(self, request):
            return Completion(text="def nothing(): pass")

    @pytest.fixture(scope="session")
    def mcode_model():
        return Mine()
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_gold_with_another_model_is_told_apart(pytester, workers):
    pytester.makeconftest(WRONG_MODEL)
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=2", "-n", workers)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["note *fixture mcode_model is overridden by conftest.py (source *)"])
    extras = [json.loads(extra) for (extra,) in rows(pytester, "SELECT extra FROM attempts")]
    assert extras == [{"overridden": {"mcode_model": source_of("conftest.py", pytester)}}] * 2


def source_of(name, pytester):
    return f"{name} (source {hashlib.sha256((pytester.path / name).read_bytes()).hexdigest()[:8]})"


def keys(pytester):
    """Return what tells the configurations of the stored runs apart, oldest first."""
    with Store.open(str(pytester.path / "results.db"), read_only=True) as store:
        return [configuration_key(each) for each in figures(store, find_runs(store))]


@pytest.mark.parametrize("workers", ["0", "1"])
def test_runs_with_another_fixture_are_no_repeats(pytester, workers):
    arguments = (*GOLD, "--mcode-limit=2", "-n", workers)
    pytester.runpytest_subprocess(*arguments)
    pytester.makeconftest(WRONG_MODEL.replace("nothing", "less"))
    pytester.runpytest_subprocess(*arguments)
    pytester.makeconftest(WRONG_MODEL)
    for _ in range(2):
        pytester.runpytest_subprocess(*arguments)
    plain, edited, other, repeat = keys(pytester)
    assert plain != edited != other == repeat
    (environment,) = rows(pytester, "SELECT environment FROM runs ORDER BY started_at, run_id")[-1]
    source = source_of("conftest.py", pytester)
    assert json.loads(environment)["overridden"] == {"smoke::test_task": {"mcode_model": source}}
    shown = pytester.run(*MCODE, "results", "--grouped", "--db=results.db")
    shown.stdout.fnmatch_lines(
        ["gold  *1 * 100.0% *", "gold  *1 * 0.0% *", "*own model*", "gold  *2 * 0.0% *", "*own model*"]
    )
    (run, *_), (other_run, *_) = rows(pytester, "SELECT run_id FROM runs ORDER BY started_at, run_id")[:2]
    compared = pytester.run(*MCODE, "compare", run, other_run, "--db=results.db")
    compared.stdout.fnmatch_lines(["differ in *mcode_model None and conftest.py (source *"])


def test_a_run_is_not_resumed_with_another_fixture(pytester):
    pytester.runpytest_subprocess(*GOLD, "-k", "Smoke/1]")
    pytester.makeconftest(WRONG_MODEL)
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-resume")
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["! *cannot go on with run *: * overridden none, this session mcode_model (conftest.py *); *"]
    )
    assert rows(pytester, "SELECT task_id, status FROM tasks") == [("Smoke/1", "solved")]
    pytester.makeconftest("")
    pytester.runpytest_subprocess(*GOLD, "--mcode-resume").assert_outcomes(passed=12)


def test_nothing_is_said_where_nothing_is_overridden(pytester):
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1")
    result.stdout.no_fnmatch_line("*fixture * is overridden*")


def test_model_options_extend_what_the_command_line_gave(pytester):
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def mcode_model_options(mcode_model_options):
            return {**mcode_model_options, "top_p": 0.5, "stop": ["END"]}
        """
    )
    with OllamaServer("none") as server:
        result = pytester.runpytest_subprocess(
            *SMOKE,
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-model-option=top_k=7",
            "--mcode-limit=1",
        )
    assert {"top_k": 7, "top_p": 0.5, "stop": ["END"]}.items() <= server.requests[0]["options"].items()
    result.stdout.fnmatch_lines(
        ["note *fixture mcode_model_options is overridden by conftest.py (source *): {*0.5*}"]
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "mcode_model",
            "None",
            "fixture mcode_model (conftest.py) returned None, which has no generate(request) *; *",
        ),
        (
            "mcode_prompt",
            "'words'",
            "* returned an object of type str, which has no first(task) -> messages, *hash; *",
        ),
        (
            "mcode_solver",
            "3",
            "fixture mcode_solver * returned an object of type int, which cannot be called with a task; *",
        ),
        (
            "mcode_sandbox",
            "object()",
            "fixture mcode_sandbox * returned an object of type object, which has no run(); *",
        ),
        (
            "mcode_model_options",
            "['top_p']",
            "* returned an object of type list, which is not a dict of names and JSON values; *",
        ),
        (
            "mcode_model_options",
            "{'a': object()}",
            "* returned an object of type dict, which is not a dict of names*",
        ),
        ("mcode_model_options", "{'top_q': 1}", "*top_q is not known to ollama*"),
    ],
)
def test_a_fixture_that_returns_the_wrong_thing(pytester, name, value, message):
    pytester.makeconftest(
        f"""
        import pytest

        @pytest.fixture(scope="session")
        def {name}():
            return {value}
        """
    )
    with OllamaServer("none") as server:
        result = pytester.runpytest_subprocess(
            *SMOKE, f"--mcode-model={server.model}", f"--mcode-base-url={server.url}"
        )
    assert not rows(pytester, "SELECT * FROM tasks WHERE status != 'infra'")
    result.stdout.fnmatch_lines([f"*{message}"])
    result.stdout.fnmatch_lines(["! Interrupted: *", "*1 infra in *"])


def test_a_model_that_returns_a_text(pytester):
    pytester.makeconftest(WRONG_MODEL.replace("Completion(text=", "str("))
    result = pytester.runpytest_subprocess(*GOLD)
    result.stdout.fnmatch_lines(
        ["*generate() of Mine (conftest.py, line 5) returned str; a model returns a pytest_mcode.Completion*"]
    )
