"""`mcode bench` and `mcode study`: the same sessions, from the console script."""

import subprocess

import pytest

from tests.session_support import MCODE, rows

GOLD = ("--backend", "gold", "--sandbox", "process", "--db", "results.db")

FORGETFUL = """
import pytest
from pytest_mcode import Completion

class Forgetful:
    def generate(self, request):
        return Completion(text="x = 1")
    def close(self):
        pass

@pytest.fixture(scope="session")
def mcode_model():
    return Forgetful()
"""


def mcode(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.run(*MCODE, *arguments)


def test_bench_runs_the_session_with_every_option(pytester):
    result = mcode(
        pytester, "bench", "smoke", *GOLD, "--samples", "2", "--debug-iters", "1", "--timeout", "9",
        "--limit", "3", "--task", "Smoke/1", "--task", "Smoke/2", "--no-retrieval", "--all-samples", "-v",
        "--", "-n", "1",
    )  # fmt: skip
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["created: 1/1 worker", "*PASSED*Smoke/1*", "judged     2/2 tasks, a subset: 2/12"]
    )
    assert rows(pytester, "SELECT samples, debug_iters, timeout, all_samples, tasks_planned FROM runs") == [
        (2, 1, 9.0, 1, 2)
    ]


def test_a_model_that_misses_tasks_is_a_result_unless_a_gate_is_given(pytester):
    pytester.makeconftest(FORGETFUL)
    arguments = (
        "bench",
        "smoke",
        "--backend",
        "none",
        "--sandbox",
        "process",
        "--db",
        "results.db",
        "--limit",
        "2",
    )
    assert mcode(pytester, *arguments).ret == 0
    assert mcode(pytester, *arguments, "--fail-under", "0.5").ret == 1
    assert mcode(pytester, *arguments, "--fail-under", "0").ret == 0


def test_a_project_that_makes_warnings_errors_does_not_mind(pytester):
    pytester.makepyprojecttoml('[tool.pytest]\nfilterwarnings = ["error"]')
    assert mcode(pytester, "bench", "smoke", *GOLD, "--limit", "1").ret == 0


def test_infra_that_is_left_is_an_error(pytester):
    pytester.makeconftest(FORGETFUL.replace('Completion(text="x = 1")', "1 / 0"))
    result = mcode(pytester, "bench", "smoke", "--backend", "none", "--sandbox", "process", "--limit", "2")
    assert result.ret == 1


def test_bad_usage_is_one_message_and_exit_4(pytester):
    result = mcode(pytester, "bench", "smok", *GOLD)
    assert result.ret == 4
    assert "Did you mean smoke?" in result.stderr.str()
    result = mcode(pytester, "bench", "smoke", *GOLD, "--samples", "none")
    assert result.ret == 4
    assert "--mcode-samples: 'none' is not allowed; give a whole number, 1 or more" in result.stderr.str()


def test_help_teaches_every_option():
    text = subprocess.run([*MCODE, "bench", "--help"], capture_output=True, text=True, check=True).stdout
    for option in (
        "--samples",
        "--debug-iters",
        "--timeout",
        "--limit",
        "--db",
        "--backend",
        "--no-retrieval",
    ):
        assert option in text


def test_benchmarks_are_listed(pytester):
    result = mcode(pytester, "benchmarks")
    result.stdout.fnmatch_lines(["smoke*", "humaneval*", "mbpp*"])


STUDY = """
[options]
benchmark = "smoke"
backend = "gold"
sandbox = "process"
db = "results.db"
limit = 2

[grid]
samples = [1, 2]

[pytest]
arguments = ["-q"]
"""


def test_a_study_runs_its_grid_and_skips_what_is_finished(pytester):
    (pytester.path / "study.toml").write_text(STUDY)
    first = mcode(pytester, "study", "study.toml")
    assert first.ret == 0
    first.stdout.fnmatch_lines(
        ["[[]1/2] *--mcode-samples=1*", "2 passed*", "[[]2/2] *--mcode-samples=2*", "2 passed*"]
    )
    assert rows(pytester, "SELECT samples, status FROM runs ORDER BY samples") == [
        (1, "finished"),
        (2, "finished"),
    ]
    again = mcode(pytester, "study", "study.toml")
    assert again.ret == 0
    again.stdout.fnmatch_lines(["[[]1/2] finished as *", "[[]2/2] finished as *"])
    assert len(rows(pytester, "SELECT 1 FROM runs")) == 2
    for shown in (first, again):
        shown.stdout.fnmatch_lines(
            [
                "*what came of it*",
                "*#*samples*state*judged*pass rate*95 %*infra*run*",
                "*1*1*finished*2/2*100.0%*[[]34.2, 100.0]*0*",
                "*2*2*finished*2/2*100.0%*",
            ]
        )


def test_a_study_of_single_points(pytester):
    points = "[[points]]\nsamples = 2\n[[points]]\ndebug-iters = 1"
    for grid, sessions in (("", 2), ("[grid]\nsamples = [1, 3]\n", 4)):
        (pytester.path / "study.toml").write_text(STUDY.partition("[grid]")[0] + grid + points)
        result = mcode(pytester, "study", "study.toml", "--dry-run")
        assert result.ret == 0
        result.stdout.fnmatch_lines(
            [
                "*#*samples*debug-iters*state*",
                f"[[]{sessions - 1}/{sessions}] *--mcode-samples=2*",
                f"[[]{sessions}/{sessions}] *--mcode-debug-iters=1*",
            ]
        )


def test_a_study_goes_on_after_infra_in_the_same_run(pytester):
    pytester.makeconftest(
        """
        import pathlib, pytest
        from pytest_mcode import Completion, InfraError

        class Falling:
            def __init__(self):
                self.fell = pathlib.Path("fell")
            def generate(self, request):
                last = request.task.task_id == "Smoke/2"
                if last and (not self.fell.exists() or pathlib.Path("down").exists()):
                    self.fell.touch()
                    raise InfraError("the server is gone")
                return Completion(text=f"```python\\n{request.task.canonical_solution}\\n```")
            def close(self):
                pass

        @pytest.fixture(scope="session")
        def mcode_model():
            return Falling()
        """
    )
    study = STUDY.replace("gold", "none").replace("[1, 2]", "[1]")
    (pytester.path / "study.toml").write_text(study)
    (pytester.path / "down").touch()
    first = mcode(pytester, "study", "study.toml")
    assert first.ret == 1
    first.stdout.fnmatch_lines(
        [
            "[[]1/1] *",
            "[[]1/1] once more, 1 infra are left",
            "*what came of it*",
            "*finished*1/2*100.0%*1*",
        ]
    )
    (pytester.path / "down").unlink()
    second = mcode(pytester, "study", "study.toml")
    assert second.ret == 0
    second.stdout.fnmatch_lines(["[[]1/1] goes on with 20*", "*finished*2/2*100.0%*0*"])
    assert rows(pytester, "SELECT status FROM runs") == [("finished",)]
    (pytester.path / "fell").unlink()
    afresh = mcode(pytester, "study", "study.toml", "--afresh")
    afresh.stdout.fnmatch_lines(["[[]1/1] finished as 20*"])


def test_a_study_hears_the_ini_file_and_the_arguments_as_its_sessions_do(pytester):
    pytester.makepyprojecttoml('[tool.pytest]\nmcode_timeout = 9.0\nmcode_backend = "gold"')
    study = STUDY.replace('backend = "gold"\n', "").replace('"-q"', '"-q", "--mcode-debug-iters=1"')
    (pytester.path / "study.toml").write_text(study)
    assert mcode(pytester, "study", "study.toml").ret == 0
    again = mcode(pytester, "study", "study.toml")
    again.stdout.fnmatch_lines(["[[]1/2] finished as *", "[[]2/2] finished as *"])
    assert rows(pytester, "SELECT timeout, debug_iters, backend FROM runs") == [(9.0, 1, "gold")] * 2
    pytester.makepyprojecttoml('[tool.pytest]\nmcode_timeout = 8.0\nmcode_backend = "gold"')
    other = mcode(pytester, "study", "study.toml", "--dry-run")
    other.stdout.no_fnmatch_line("*finished as*")


def test_a_dry_run_only_lists(pytester):
    (pytester.path / "study.toml").write_text(STUDY)
    result = mcode(pytester, "study", "study.toml", "--dry-run")
    assert result.ret == 0
    assert not (pytester.path / "results.db").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "study.toml: No such file or directory"),
        ("grid = [", "study.toml: not a TOML file"),
        ("[gird]", "study.toml: no table [gird]; there are options, grid, points, pytest"),
        (
            "[options]\nsample = 3",
            "study.toml: [options] has no option 'sample'; `mcode bench --help` lists them",
        ),
        ("[points]\nsamples = 3", "study.toml: [points] is one table; write [[points]], once for each"),
        ("[[points]]\nsample = 3", "study.toml: [[points]] has no option 'sample'"),
        ("[grid]\nsamples = 3", "study.toml: [grid] samples is not a list of values"),
        (
            '[options]\nbenchmark = "smoke"\nbackend = "gold"\nsamples = 0',
            "--mcode-samples: '0' is not allowed",
        ),
    ],
)
def test_bad_studies(pytester, text, message):
    if text is not None:
        (pytester.path / "study.toml").write_text(text)
    result = mcode(pytester, "study", "study.toml")
    assert result.ret == 4
    assert message in result.stderr.str()


@pytest.mark.parametrize("addopts", ["", "-p mcode", "-p pytest_mcode.plugin"])
def test_bench_and_doctor_where_pytest_loads_no_plugin_by_itself(pytester, monkeypatch, addopts):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", addopts)
    result = mcode(pytester, "bench", "smoke", *GOLD, "--limit", "2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["judged     2/2 tasks, a subset: 2/12"])
    assert mcode(pytester, "benchmarks").ret == 0
    assert mcode(pytester, "doctor", "smoke", "--sandbox", "process").ret == 0
