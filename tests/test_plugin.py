"""The plugin as a user of pytest meets it: selection, reports, ids, exit status, xdist."""

import json
import subprocess
import sys

import pytest

from .session_support import GOLD, MCODE, SMOKE, rows

HEAVY = ("mellea", "docker", "datasets", "swebench", "sqlalchemy", "scipy", "jinja2", "typer", "rich")


def solver_that_answers(expression: str) -> str:
    """A conftest whose model answers `expression`, which may use `request`."""
    return f"""
        import pytest
        from pytest_mcode.models import Completion

        class Scripted:
            def generate(self, request):
                return Completion(text={expression})
            def close(self):
                pass

        @pytest.fixture(scope="session")
        def mcode_model():
            return Scripted()
    """


NONE = (*SMOKE, "--mcode-backend=none")
WRONG = "'def nothing(): pass'"


def ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line and "[" in line]


def test_inactive_plugin_imports_nothing_heavy(pytester):
    pytester.makepyfile(
        f"""
        import sys
        def test_nothing_heavy():
            assert not set({HEAVY!r}) & set(sys.modules)
            ours = {{name for name in sys.modules if name.startswith("pytest_mcode.")}}
            assert {{name for name in ours if not name.startswith("pytest_mcode.harnesses")}} <= {{
                "pytest_mcode." + name
                for name in (
                    "plugin settings errors hookspecs command_line options options.declarations"
                    " options.groups options.loop options.price options.sandbox options.shard"
                    " options.export options.output options.workers"
                ).split()
            }}
            assert {{name for name in ours if name.count(".") == 3}} <= {{
                "pytest_mcode.harnesses.functions.options", "pytest_mcode.harnesses.repositories.options"
            }}
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_options_without_a_benchmark_are_refused(pytester):
    result = pytester.runpytest_subprocess("--mcode-samples=3")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-samples: give --mcode-benchmark=NAME as well*"])


def test_gold_solves_smoke_and_is_stored(pytester):
    result = pytester.runpytest_subprocess(*GOLD)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mcode: smoke@*: 12 tasks",
            "*= mcode: smoke@* =*",
            "judged     12/12 tasks",
            "pass rate  100.0%, 95 % in [[]75.*%, 100.0%] (12/12)",
            "next       mcode results --run * --db results.db",
        ]
    )
    assert rows(pytester, "SELECT status, tasks_planned, tasks_total, backend FROM runs") == [
        ("finished", 12, 12, "gold")
    ]
    assert rows(pytester, "SELECT status, test, count(*) FROM tasks GROUP BY 1, 2") == [
        ("solved", "smoke::test_task", 12)
    ]


def test_workers_store_the_same_rows(pytester):
    query = (
        "SELECT task_id, status, attempts.verdict, solution FROM tasks "
        "JOIN attempts ON attempts.task = tasks.id ORDER BY 1"
    )
    pytester.runpytest_subprocess(*GOLD, "--mcode-db=one.db")
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-db=two.db", "-n", "2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["judged     12/12 tasks"])
    assert rows(pytester, query, "two.db") == rows(pytester, query, "one.db")
    assert rows(pytester, "SELECT tasks_planned FROM runs", "two.db") == [(12,)]


def test_failures_show_the_verdict_and_no_traceback(pytester):
    pytester.makeconftest(solver_that_answers(WRONG))
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=2")
    assert result.ret == 1
    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert "exception: " in text
    assert "Traceback" not in text
    assert "UnsolvedError" not in text
    result.stdout.fnmatch_lines(["judged     2/2 tasks, a subset: 2/12", "failed     exception 2"])


def test_infra_is_a_category_of_its_own_and_outside_the_pass_rate(pytester):
    pytester.makeconftest(
        """
        import pytest
        from pytest_mcode import InfraError
        from pytest_mcode.models import Completion

        class Falling:
            asked = 0
            def generate(self, request):
                Falling.asked += 1
                if Falling.asked > 1:
                    raise InfraError("the server is gone")
                return Completion(text=request.task.canonical_solution)
            def close(self):
                pass

        @pytest.fixture(scope="session")
        def mcode_model():
            return Falling()
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=3", "-v")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*INFRA*",
            "*1 passed, 2 infra*",
            "judged     1/3 tasks, a subset: 3/12",
            "pass rate  100.0%, * (1/1)",
            "infra      2 outside the pass rate, which leaves 33.3% to 100.0%",
            "*2 x the server is gone",
            "               Smoke/2, Smoke/3",
        ]
    )
    assert rows(pytester, "SELECT status, error FROM tasks ORDER BY id") == [
        ("solved", ""),
        ("infra", "the server is gone"),
        ("infra", "the server is gone"),
    ]


def test_infra_in_a_row_stops_the_session(pytester):
    pytester.makeconftest(solver_that_answers("1 / 0"))
    for workers in ("0", "2"):
        result = pytester.runpytest_subprocess(*NONE, "--mcode-max-infra=3", "-n", workers)
        assert result.ret == 2
        result.stdout.fnmatch_lines(
            ["*3 infra outcomes in a row (--mcode-max-infra); the last: ZeroDivisionError*"]
        )
    assert rows(pytester, "SELECT DISTINCT status FROM runs") == [("stopped",)]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_configuration_error_in_mid_run_stops_with_its_remedy(pytester, workers):
    pytester.makeconftest(
        """
        import pytest
        from pytest_mcode import ConfigurationError

        class Refused:
            def generate(self, request):
                raise ConfigurationError("the key was refused: set OPENAI_API_KEY")
            def close(self):
                pass

        @pytest.fixture(scope="session")
        def mcode_model():
            return Refused()
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "-n", workers)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*the key was refused: set OPENAI_API_KEY*"])
    assert rows(pytester, "SELECT DISTINCT status FROM tasks") == [("infra",)]


def test_a_fixture_that_fails_is_infra(pytester):
    pytester.makeconftest(
        """
        import pytest
        @pytest.fixture(scope="session")
        def mcode_model():
            raise OSError("no such adapter")
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=2")
    result.stdout.fnmatch_lines(
        ["infra      2 outside the pass rate*", "*2 x OSError: no such adapter (conftest.py, line 4)"]
    )


def test_backend_none_without_a_part_of_ones_own_says_what_to_write(pytester):
    result = pytester.runpytest_subprocess(*NONE)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*--mcode-backend=none has no model of ours: override the fixture*"])


def test_a_crashed_worker_is_infra(pytester):
    pytester.makeconftest(solver_that_answers("__import__('os')._exit(3)"))
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=2", "-n", "1", "--max-worker-restart=5")
    result.stdout.fnmatch_lines(["infra      2 outside the pass rate*", "*2 x the pytest worker crashed*"])


def test_ids_are_the_same_wherever_one_stands(pytester):
    expected = ["smoke::test_task[Smoke/1]", "smoke::test_task[Smoke/2]"]
    pytester.mkdir("deep")
    pytester.makeini("[pytest]\ntestpaths = deep")
    where = {
        "project root": [],
        "subdirectory": ["--rootdir=."],
        "another rootdir": ["--rootdir", str(pytester.mkdir("elsewhere"))],
    }
    for name, arguments in where.items():
        cwd = pytester.path / ("deep" if name == "subdirectory" else ".")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *GOLD, "--collect-only", "-q", "--mcode-limit=2", *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        shown = [line for line in done.stdout.splitlines() if "test_task" in line]
        assert [line[line.index("smoke::") :] for line in shown] == expected, (name, done.stdout)


def test_collect_only_needs_no_model_and_writes_nothing(pytester):
    result = pytester.runpytest_subprocess(
        "--mcode-benchmark=smoke",
        "--mcode-model=unreachable",
        "--mcode-db=results.db",
        "--collect-only",
        "-q",
    )
    assert result.ret == 0
    assert len(ids(result)) == 12
    assert not (pytester.path / "results.db").exists()


def test_selection_with_k_task_limit_and_deselect(pytester):
    def selected(*arguments):
        result = pytester.runpytest_subprocess(*GOLD, "--collect-only", "-q", *arguments)
        return [line.partition("[")[2].rstrip("]") for line in ids(result)]

    assert selected("-k", "Smoke/1") == ["Smoke/1", "Smoke/10", "Smoke/11", "Smoke/12"]
    assert selected("--mcode-task=Smoke/1", "--mcode-task=Smoke/3") == ["Smoke/1", "Smoke/3"]
    assert selected("--mcode-limit=2") == ["Smoke/1", "Smoke/2"]
    assert "Smoke/1" not in selected("--deselect", "smoke::test_task[Smoke/1]")


def test_last_failed_runs_again_what_was_not_solved(pytester):
    pytester.makeconftest(
        solver_that_answers("request.task.canonical_solution if '3' not in request.task.task_id else 'x = 1'")
    )
    assert pytester.runpytest_subprocess(*NONE).ret == 1
    result = pytester.runpytest_subprocess(*NONE, "--lf", "-v")
    result.assert_outcomes(failed=1, deselected=11)
    assert rows(pytester, "SELECT tasks_planned FROM runs ORDER BY started_at, rowid") == [(12,), (1,)]


@pytest.mark.parametrize("flag", ["-x", "--maxfail=1"])
def test_stopping_early_leaves_an_interrupted_run(pytester, flag):
    pytester.makeconftest(solver_that_answers(WRONG))
    result = pytester.runpytest_subprocess(*NONE, flag)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["judged     1/12 tasks, 11 not reached"])
    assert rows(pytester, "SELECT status FROM runs") == [("interrupted",)]


def test_junit_carries_outcome_and_attempts(pytester):
    pytester.makeconftest(solver_that_answers(WRONG))
    pytester.runpytest_subprocess(*NONE, "--mcode-limit=1", "--junitxml=junit.xml", "-n", "1")
    text = (pytester.path / "junit.xml").read_text()
    assert '<property name="mcode_outcome" value="unsolved"' in text
    assert '<property name="mcode_attempts" value="1"' in text
    assert 'message="exception: ' in text


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_line_a_failure_names_the_task_and_none_of_our_files(pytester, workers):
    pytester.makeconftest(solver_that_answers(WRONG))
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=1", "--tb=line", "-n", workers)
    result.stdout.fnmatch_lines(["smoke::test_task[[]Smoke/1]: exception: NameError: *"])
    result.stdout.no_fnmatch_line("*items.py*")


def test_own_test_function_judges_by_hand(pytester):
    pytester.makepyfile(
        test_agent="""
        def test_agent(mcode_task):
            assert mcode_task.task.entry_points
            first = mcode_task.judge("x = 1")
            assert first.kind == "exception"
            assert mcode_task.judge(mcode_task.task.canonical_solution).passed

        def test_unrelated():
            pass
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "test_agent.py", "--mcode-limit=2", "-n", "2")
    result.assert_outcomes(passed=3)
    assert rows(pytester, "SELECT tasks_planned FROM runs") == [(2,)]
    assert rows(
        pytester,
        "SELECT test, sample, iteration, attempts.verdict "
        "FROM tasks JOIN attempts ON attempts.task = tasks.id "
        "WHERE task_id = 'Smoke/1' ORDER BY iteration",
    ) == [
        ("test_agent.py::test_agent", 0, 0, "exception"),
        ("test_agent.py::test_agent", 0, 1, "passed"),
    ]
    result.stdout.no_fnmatch_line("*1 sample*")
    result.stdout.fnmatch_lines(
        ["loop       own solver test_agent.py::test_agent (source *); *", "cost       4 attempts, *"]
    )
    table = pytester.run(*MCODE, "results", "--db=results.db").stdout
    table.fnmatch_lines(
        ["*a subset: 2/12 tasks", "model *configuration * pass@1 *", "*own solver *2 of 2*100.0%*0.0%*"]
    )
    table.fnmatch_lines(["own *mcode_solver: test_agent.py::test_agent *", "cost *4 attempts; *"])
    table.no_fnmatch_line("*n=1*")


def test_own_test_function_that_judges_nothing_is_infra(pytester):
    pytester.makepyfile(test_lazy="def test_lazy(mcode_task): pass")
    result = pytester.runpytest_subprocess(*NONE, "test_lazy.py", "--mcode-limit=1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*1 x the solver returned without judging a solution: call mcode_task.judge()"]
    )


def test_ini_twins_and_their_bad_values(pytester):
    pytester.makepyprojecttoml(
        """
        [tool.pytest]
        mcode_benchmark = "smoke"
        mcode_backend = "gold"
        mcode_sandbox = "process"
        mcode_limit = 2
        mcode_db = "ini.db"
        """
    )
    result = pytester.runpytest_subprocess("--mcode-limit=3")
    result.assert_outcomes(passed=3)
    assert (pytester.path / "ini.db").exists()
    pytester.makepyprojecttoml(
        '[tool.pytest]\nmcode_benchmark = "smoke"\nmcode_backend = "gold"\nmcode_samples = 0'
    )
    result = pytester.runpytest_subprocess()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-samples: 0 is not allowed; give a whole number, 1 or more"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mcode-benchmark=smok", "--mcode-backend=gold"], "*smok*smoke*"),
        (
            ["--mcode-benchmark=smoke", "--mcode-backend=golden"],
            "*'golden' is not a backend; *near: gold*",
        ),
        (["--mcode-benchmark=smoke"], "*--mcode-model is needed*"),
        ([*GOLD, "--mcode-task=Smoke/99"], "*--mcode-task: no task 'Smoke/99' in smoke*Smoke/*"),
        ([*GOLD, "--mcode-split=nowhere"], "*nowhere*"),
        ([*GOLD, "--mcode-samples=-3"], "*--mcode-samples: '-3'*1 or more*"),
        ([*GOLD, "--mcode-db=/proc/nowhere/results.db"], "*proc/nowhere*"),
        ([*GOLD, "--mcode-model=m"], "*--mcode-model: gold answers with reference solutions*; leave it out"),
        ([*GOLD, "--mcode-temperature=0"], "*--mcode-temperature: gold * asks no model; leave it out"),
        ([*GOLD, "--mcode-model-option=top_k=1"], "*--mcode-model-option: gold * asks no model; *"),
        ([*SMOKE, "--mcode-model=m", "--mcode-base-url=http://127.0.0.1:9"], "*127.0.0.1:9*"),
    ],
)
def test_bad_input_is_one_message_and_exit_4(pytester, arguments, message):
    result = pytester.runpytest_subprocess(*arguments)
    assert result.ret == 4
    errors = [line for line in result.errlines if line.strip()]
    assert errors[0].startswith("ERROR: ")
    result.stderr.fnmatch_lines([message])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert not (pytester.path / "results.db").exists()


def test_gold_leaves_out_what_an_ini_file_says_of_the_model(pytester):
    pytester.makepyprojecttoml('[tool.pytest]\nmcode_model = "m:7b"\nmcode_temperature = 0.5')
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1").assert_outcomes(passed=1)
    ((model, settings),) = rows(pytester, "SELECT model, settings FROM runs")
    assert (model, json.loads(settings)["temperature"]) == (None, None)


def test_quiet_and_no_summary_are_honoured(pytester):
    result = pytester.runpytest_subprocess(*GOLD, "-q")
    result.stdout.fnmatch_lines(["smoke@*: 100.0%, * (12/12); run *"])
    result.stdout.no_fnmatch_line("*= mcode: *")
    result = pytester.runpytest_subprocess(*GOLD, "--no-summary")
    result.stdout.no_fnmatch_line("*= mcode: *")


def test_n_auto_means_cores_as_xdists_own(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "3")
    result = pytester.runpytest_subprocess(*GOLD, "-n", "auto")
    result.stdout.fnmatch_lines(["created: 3/3 workers", "*12 passed*"])
    fewer = pytester.runpytest_subprocess(*GOLD, "-n", "auto", "--mcode-concurrency=2")
    fewer.stdout.fnmatch_lines(
        ["created: 2/2 workers", "*12 passed*", "in flight  at most 2 requests at a time, by worker 1 + 1 (*"]
    )


def test_plan_survives_the_trip_to_a_worker():
    from pytest_mcode.session.plan import Plan, build_settings, make_plan

    plan = make_plan(build_settings({"benchmark": "smoke", "backend": "gold"}))
    assert json.loads(Plan.from_json(plan.to_json()).to_json()) == json.loads(plan.to_json())


def test_a_root_directory_elsewhere_is_noted(pytester):
    elsewhere = pytester.mkdir("elsewhere")
    here = pytester.mkdir("here")
    command = [sys.executable, "-m", "pytest", *GOLD, "--mcode-limit=1", f"--rootdir={elsewhere}"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    assert f"pytest's root directory is {elsewhere}, so no ini and no conftest.py" in done.stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--mcode-sampels=3", "--mcode-sampels: there is no such option; did you mean --mcode-samples"),
        (
            "--mcode-debug_iters=2",
            "--mcode-debug_iters: there is no such option; did you mean --mcode-debug-iters?",
        ),
        ("--no-mcode-retreival", "did you mean --no-mcode-retrieval"),
        ("--mcode-xyzzy", "--mcode-xyzzy: there is no such option; `pytest --help` lists them"),
    ],
)
def test_a_mistyped_option_names_the_one_that_was_meant(
    pytester: pytest.Pytester, given: str, message: str
) -> None:
    result = pytester.runpytest_subprocess("--mcode-benchmark=smoke", given)
    assert result.ret == 4
    assert message in result.stderr.str()
