"""Gates, the step summary and progress lines."""

import pytest

from .session_support import GOLD, SMOKE, rows

FAILING = """
    import pytest
    from pytest_mcode import Completion

    class Forgetful:
        def generate(self, request):
            known = request.task.task_id in KNOWN
            return Completion(text=request.task.canonical_solution if known else "x = 1")
        def close(self):
            pass

    @pytest.fixture(scope="session")
    def mcode_model():
        return Forgetful()
"""
NONE = (*SMOKE, "--mcode-backend=none")


def forget_all_but(pytester, *known):
    pytester.makeconftest(FAILING.replace("KNOWN", repr(known)))


@pytest.mark.parametrize(("rate", "status", "word"), [("0.5", 0, "holds"), ("0.9", 1, "fails")])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_rate_alone_decides(pytester, rate, status, word, workers):
    forget_all_but(pytester, "Smoke/1", "Smoke/2")
    gate = f"--mcode-fail-under={rate}"
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=4", gate, "-n", workers)
    assert result.ret == status
    result.stdout.fnmatch_lines([f"gate       {word}: pass rate 50.0%, wanted {float(rate):.1%}"])


def test_a_regression_against_a_stored_run_fails(pytester):
    pytester.runpytest_subprocess(*GOLD)
    ((good,),) = rows(pytester, "SELECT run_id FROM runs")
    forget_all_but(pytester, "Smoke/1")
    worse = pytester.runpytest_subprocess(*NONE, f"--mcode-fail-under-run={good}")
    assert worse.ret == 1
    worse.stdout.fnmatch_lines(
        [f"gate       fails: -91.7 points [[]*], 95 % Tango score interval, to run {good} on 12 tasks, *"]
    )
    forgiven = pytester.runpytest_subprocess(*NONE, f"--mcode-fail-under-run={good}", "--mcode-margin=1")
    assert forgiven.ret == 0
    pytester.makeconftest("")
    same = pytester.runpytest_subprocess(*GOLD, f"--mcode-fail-under-run={good}")
    assert same.ret == 0


def test_a_gate_on_a_run_that_is_not_there_is_said_before_any_item(pytester):
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1")
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-fail-under-run=nobody")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: *nobody*"])
    assert len(rows(pytester, "SELECT 1 FROM runs")) == 1


def test_the_latest_run_is_the_one_before_this_one(pytester):
    pytester.runpytest_subprocess(*GOLD)
    ((good,),) = rows(pytester, "SELECT run_id FROM runs")
    forget_all_but(pytester, "Smoke/1")
    worse = pytester.runpytest_subprocess(*NONE, "--mcode-fail-under-run=latest")
    worse.stdout.fnmatch_lines([f"gate       fails: * to run {good} on *"])


def test_a_gate_on_the_run_that_is_resumed_is_refused(pytester):
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1")
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-resume", "--mcode-fail-under-run=latest")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-fail-under-run: run * is the one that this session *"])


def test_infra_fails_any_gate(pytester):
    pytester.makeconftest(FAILING.replace("request.task.task_id in KNOWN", "1 / 0"))
    result = pytester.runpytest_subprocess(*NONE, "--mcode-limit=2", "--mcode-fail-under=0")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["gate       fails: 2 infra outcomes are left"])


def test_the_step_summary_is_a_table(pytester, monkeypatch):
    path = pytester.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=2", "--mcode-fail-under=0.5")
    text = path.read_text()
    assert "| pass rate | 100.0%, 95 % in [34.2%, 100.0%] (2/2) |" in text
    assert "| gate | holds: pass rate 100.0%, wanted 50.0% |" in text


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-s",), ("-v",)])
def test_progress_lines_go_through_the_reporter(pytester, arguments):
    pytester.makeconftest(
        "import pytest_mcode.session.progress\npytest_mcode.session.progress.EVERY_SECONDS = 0"
    )
    result = pytester.runpytest_subprocess(*GOLD, *arguments)
    result.stdout.fnmatch_lines(["mcode: */12 done, 100.0%, 95 % in [[]*] (*), 0 infra, * attempts, * left"])
    result.assert_outcomes(passed=12)


@pytest.mark.parametrize("arguments", [("-q",), ("-p", "no:terminal")])
def test_no_progress_lines_where_nobody_wants_them(pytester, arguments):
    pytester.makeconftest(
        "import pytest_mcode.session.progress\npytest_mcode.session.progress.EVERY_SECONDS = 0"
    )
    result = pytester.runpytest_subprocess(*GOLD, *arguments)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("mcode: *done*")


def test_a_gate_on_a_run_of_other_tasks_is_refused_before_any_item(pytester):
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1")
    ((other,),) = rows(pytester, "SELECT run_id FROM runs")
    gate = f"--mcode-fail-under-run={other}"
    refused = pytester.runpytest_subprocess(*GOLD, "--mcode-task=Smoke/2", "--mcode-task=Smoke/3", gate)
    assert refused.ret == 4
    refused.stderr.fnmatch_lines(
        [
            f"ERROR: --mcode-fail-under-run: run {other} has none of this session's 2 tasks with the same "
            "content (it judged 1 such as Smoke/1): name a run of the same benchmark and tasks"
        ]
    )
    assert len(rows(pytester, "SELECT 1 FROM runs")) == 1
