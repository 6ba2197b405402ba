"""Solvers, models and prompts of the user's own that go wrong: never the model's failure, and said where."""

import pytest

from .session_support import GOLD, SMOKE, rows

NONE = (*SMOKE, "--mcode-backend=none", "--mcode-limit=2")


def statuses(pytester):
    return rows(pytester, "SELECT task_id, status, attempts, error FROM tasks ORDER BY task_id")


def test_two_solvers_in_a_session_are_counted_apart(pytester):
    pytester.makepyfile(
        test_two="""
        def test_right(mcode_task):
            mcode_task.judge(mcode_task.task.canonical_solution)

        def test_wrong(mcode_task):
            mcode_task.judge("x = 1")
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "test_two.py")
    result.stdout.fnmatch_lines(
        [
            "judged     4/4 tasks, a subset: 4/24",
            "pass rate  50.0%*",
            "           test_two.py::test_right: 2/2",
            "           test_two.py::test_wrong: 0/2",
        ]
    )


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("assert 'key' in {}", "AssertionError: *key* (test_s.py, line 2)"),
        ("1 / 0", "ZeroDivisionError: division by zero (test_s.py, line 2)"),
        ("mcode_task.judge('x = 1', sample=-1)", "TypeError: judge() takes the number of a sample, 0 or *"),
        ("mcode_task.judge('x = 1', sample='b')", "TypeError: judge() takes the number of a sample, 0 or *"),
    ],
)
def test_an_error_before_a_verdict_is_infra_and_shown_whole(pytester, body, cause):
    pytester.makepyfile(test_s=f"def test_s(mcode_task):\n    {body}")
    result = pytester.runpytest_subprocess(*NONE, "test_s.py", "--mcode-limit=1")
    [(_, status, attempts, error)] = statuses(pytester)
    assert (status, attempts) == ("infra", 0)
    result.stdout.fnmatch_lines(["*mcode: unexpected errors*", "*test_s.py::test_s*", f"*1 x {cause}"])
    assert error.splitlines()[0] in result.stdout.str()
    quiet = pytester.runpytest_subprocess(*NONE, "test_s.py", "--tb=no")
    quiet.stdout.no_fnmatch_line("*unexpected errors*")


def test_an_async_test_judges_nothing(pytester):
    pytester.makepyfile(test_s="async def test_s(mcode_task): mcode_task.judge('x = 1')")
    pytester.runpytest_subprocess(*NONE, "test_s.py")
    assert {status for _, status, *_ in statuses(pytester)} == {"infra"}


def test_expected_failures_are_recorded(pytester):
    pytester.makepyfile(
        test_s="import pytest\n@pytest.mark.xfail\ndef test_s(mcode_task): mcode_task.judge('x = 1')"
    )
    result = pytester.runpytest_subprocess(*NONE, "test_s.py")
    result.stdout.fnmatch_lines(["judged     2/2 tasks*"])
    assert [each[1:3] for each in statuses(pytester)] == [("unsolved", 1)] * 2


def test_a_session_that_benchmarks_nothing_says_so(pytester):
    pytester.makepyfile(test_s="def test_s(): pass")
    result = pytester.runpytest_subprocess(*NONE, "test_s.py")
    result.stdout.fnmatch_lines(["mcode: no test takes mcode_task, so nothing was benchmarked"])


FIXTURE = """
    import pytest
    from pytest_mcode import Completion
    from pytest_mcode.harnesses.prompting import TemplatePrompt

    class Mine:
        def generate(self, request):
            return Completion(text="x = 1")

    class Words(TemplatePrompt):
        def first(self, task):
            return FIRST

    @pytest.fixture(scope="session")
    def NAME():
        return VALUE
"""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"NAME": "mcode_model", "VALUE": "Mine()", '(scope="session")': ""},
            "! *ScopeMismatch: * mcode_model *: give the fixture that overrides ours "
            '@pytest.fixture(scope="session") !',
        ),
        (
            {"NAME": "mcode_model", "VALUE": "Mine"},
            "! *fixture mcode_model (conftest.py) returned * which is a class: return an object of it; *",
        ),
        (
            {"NAME": "mcode_model", "VALUE": "Mine()", 'text="x = 1"': "text=None"},
            "! *generate() of Mine (conftest.py, line 6) returned a Completion whose text is a NoneType, *",
        ),
        (
            {"NAME": "mcode_model", "VALUE": "Mine()", 'text="x = 1"': "text='', prompt_tokens='7'"},
            "! *generate() of Mine (conftest.py, line *) returned a Completion whose prompt_tokens is a str, "
            "not int or NoneType !",
        ),
        (
            {"NAME": "mcode_model", "VALUE": "Mine()", 'text="x = 1"': '"x = 1"'},
            "! *generate() of Mine makes a wrong Completion (conftest.py, line 7: *takes 1 positional *); "
            "a model returns a pytest_mcode.Completion, its fields given by name: Completion(text=…) !",
        ),
        (
            {"NAME": "mcode_model", "VALUE": "Mine()", 'text="x = 1"': 'text="x = 1", tokens=7'},
            "! *makes a wrong Completion (conftest.py, line 7: *unexpected keyword argument 'tokens'); *",
        ),
        (
            {"NAME": "mcode_model", "VALUE": "Mine()", 'text="x = 1"': ""},
            "! *makes a wrong Completion (conftest.py, line 7: *missing *'text'); *",
        ),
        (
            {"NAME": "mcode_prompt", "VALUE": "Words('own.jinja')", "FIRST": "'do it'"},
            "! *first() of Words returned 'do it'; a prompt returns a list of messages: *",
        ),
        (
            {"NAME": "mcode_prompt", "VALUE": "Words('own.jinja')", "FIRST": "[{'role': 'boss'}]"},
            "! *first() of Words returned [[]{'role': 'boss'}[]]; a prompt returns a list of messages: *",
        ),
    ],
)
def test_a_wrong_fixture_stops_the_session(pytester, changes, message):
    source = FIXTURE
    for old, new in changes.items():
        source = source.replace(old, new)
    pytester.makeconftest(source)
    result = pytester.runpytest_subprocess(*GOLD)
    result.stdout.fnmatch_lines([message])
    assert [status for _, status, *_ in statuses(pytester)] == ["infra"]
