"""What runs a test again is refused for tasks, however it is asked for; a task is counted once."""

import importlib.util

import pytest

from .session_support import GOLD, rows

PLUGINS = ("flaky", "pytest_repeat", "pytest_rerunfailures")
needs_retry = pytest.mark.skipif(
    not importlib.util.find_spec("pytest_retry"),
    reason="pytest-retry is not installed: with it, no process can run two sessions, as other tests do",
)
TWO = (*GOLD, "--mcode-limit=2", "-p", "no:cacheprovider")
AGAIN = "would turn one try into the best of several"
MARKED = """
    import pytest

    def pytest_collection_modifyitems(items):
        for item in items:
            item.add_marker(pytest.mark.{mark})
"""
TWICE = """
    import pytest
    from _pytest.runner import runtestprotocol

    {impl}
    def pytest_runtest_protocol(item, nextitem):
        runtestprotocol(item, nextitem=item, log={log})
        runtestprotocol(item, nextitem=nextitem)
        return True
"""


@pytest.fixture(autouse=True)
def _plugins() -> None:
    missing = [name for name in PLUGINS if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed (dependency group dev)")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--reruns=2"], "--reruns"),
        (["--force-reruns=2"], "--force-reruns"),
        pytest.param(["--retries=2"], "--retries", marks=needs_retry),
        (["--force-flaky"], "--force-flaky"),
        (["--count=2"], "--count"),
        (["--dist=each", "--tx=2*popen"], "--dist=each"),
        (["-o", "reruns=2"], "reruns of the ini file"),
        pytest.param(["-o", "retries=2"], "retries of the ini file", marks=needs_retry),
    ],
)
def test_options_and_ini_are_refused(pytester, arguments, named):
    result = pytester.runpytest_subprocess(*TWO, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: {named} runs tasks again and {AGAIN}: leave it out; give --mcode-samples for more tries"]
    )


def test_options_that_do_not_repeat_are_let_pass(pytester):
    result = pytester.runpytest_subprocess(*TWO, "--reruns=0", "--count=1")
    result.assert_outcomes(passed=2)


def test_a_conftest_that_sets_the_option_is_refused(pytester):
    pytester.makeconftest("def pytest_configure(config): config.option.reruns = 2")
    result = pytester.runpytest_subprocess(*TWO)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --reruns runs tasks again and {AGAIN}: *"])


@pytest.mark.parametrize("mark", ["flaky(reruns=2)", "flaky", "repeat(2)"])
def test_marks_are_refused_before_anything_runs(pytester, mark):
    pytester.makeconftest(MARKED.format(mark=mark))
    result = pytester.runpytest_subprocess(*TWO)
    name = mark.partition("(")[0]
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: smoke::test_task[[]Smoke/1]: its mark '{name}' runs it again and {AGAIN}: *"]
    )
    assert not (pytester.path / "results.db").exists() or rows(pytester, "SELECT * FROM runs") == []


def test_marks_are_refused_under_xdist(pytester):
    pytester.makeconftest(MARKED.format(mark="flaky(reruns=2)"))
    result = pytester.runpytest_subprocess(*TWO, "-n1")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"*Interrupted: *its mark 'flaky' runs it again and {AGAIN}: *"])
    assert rows(pytester, "SELECT * FROM tasks") == []


@pytest.mark.parametrize(
    ("decorator", "named"),
    [
        ("flaky.flaky(max_runs=3)", "decorator @flaky"),
        ("pytest.mark.flaky(reruns=1)", "mark 'flaky'"),
        ("pytest.mark.repeat(3)", "mark 'repeat'"),
    ],
)
def test_a_test_of_ones_own_that_asks_for_it_is_refused(pytester, decorator, named):
    pytester.makepyfile(
        f"""
        import flaky
        import pytest

        @{decorator}
        def test_own(mcode_task, mcode_solver):
            mcode_solver(mcode_task)
        """
    )
    result = pytester.runpytest_subprocess(*TWO, "test_a_test_of_ones_own_that_asks_for_it_is_refused.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *::test_own[[]Smoke/1*]: its {named} runs it again and {AGAIN}: *"])


def test_tests_of_another_kind_may_be_run_again(pytester):
    pytester.makepyfile(
        """
        import pytest

        tries = []

        @pytest.mark.flaky(reruns=1)
        def test_other():
            tries.append(1)
            assert len(tries) == 2

        def test_own(mcode_task, mcode_solver):
            mcode_solver(mcode_task)
        """
    )
    file = "test_tests_of_another_kind_may_be_run_again.py"
    result = pytester.runpytest_subprocess(*TWO, "-p", "no:flaky", "-p", "no:pytest-retry", file)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*3 passed, 1 rerun*"])


def test_a_mark_that_no_plugin_heeds_is_but_a_word(pytester):
    pytester.makeconftest(MARKED.format(mark="flaky"))
    blocked = [each for name in ("rerunfailures", "flaky", "pytest-retry") for each in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess(*TWO, *blocked, "-o", "markers=flaky: a word")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("impl", ["", "@pytest.hookimpl(tryfirst=True)"])
def test_a_conftest_that_runs_items_twice_ends_the_session(pytester, impl, log, workers):
    pytester.makeconftest(TWICE.format(impl=impl, log=log))
    result = pytester.runpytest_subprocess(*TWO, "-n", workers)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = "reported twice" if log else "started a second time, by a plugin or a conftest.py: *"
    result.stdout.fnmatch_lines([f"*Interrupted: *Smoke/1*was {told}*give --mcode-samples for more tries*"])
    counts = rows(pytester, "SELECT count(*), count(DISTINCT task_id) FROM tasks")
    assert counts[0][0] == counts[0][1]


def test_without_xdist(pytester):
    result = pytester.runpytest_subprocess(*TWO, "-p", "no:xdist")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("name", ["mcode", "pytest_mcode.plugin"])
def test_without_autoload_it_is_a_plugin_like_another(pytester, monkeypatch, name):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", name, *TWO)
    result.assert_outcomes(passed=2)
