"""A harness of one's own, from a conftest.py: its sessions, its options, and what can be wrong with it."""

import json

import pytest

from pytest_mcode import benchmarks, harnesses
from pytest_mcode.options.declarations import forget_options

from .own_harness import CONFTEST, GOLD, MODEL, NONE
from .session_support import MCODE, rows


def test_gold(pytester):
    pytester.makeconftest(CONFTEST)
    result = pytester.runpytest_subprocess(*GOLD, "-n", "1")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["loop * sandbox none", "judged     3/3 tasks"])


def test_a_model(pytester):
    pytester.makeconftest(CONFTEST + MODEL)
    result = pytester.runpytest_subprocess(*NONE, "--mcode-debug-iters=1")
    result.assert_outcomes(passed=1, failed=2)
    made = rows(pytester, "SELECT iteration, solution, verdict, message, messages FROM attempts ORDER BY id")
    assert [each[:4] for each in made] == [
        (0, "2", "passed", ""),
        (0, "5", "assertion", "1 off"),
        (1, "5", "assertion", "1 off"),
        (0, None, "no_solution", "the completion holds no number"),
        (1, None, "no_solution", "the completion holds no number"),
    ]
    assert json.loads(made[0][4]) == [{"role": "user", "content": "What is 1 + 1?"}]
    assert json.loads(made[2][4])[-1]["content"] == (
        "Your answer is wrong:\n\n```\n1 off\n```\n\nFind the mistake and answer again."
    )


def test_its_option_is_one_like_the_others(pytester):
    pytester.makeconftest(CONFTEST + MODEL)
    pytester.runpytest_subprocess(*NONE, "--mcode-tolerance=0.5", "-n", "1").assert_outcomes(
        passed=1, failed=2
    )
    pytester.makeini("[pytest]\nmcode_tolerance = 1")
    pytester.runpytest_subprocess(*NONE).assert_outcomes(passed=2, failed=1)
    runs = rows(pytester, "SELECT settings, config_key FROM runs")
    assert {json.loads(settings)["tolerance"] for settings, _ in runs} == {0.5, 1}
    assert len({config_key for _, config_key in runs}) == 2


def test_its_options_are_a_group_of_help(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.runpytest_subprocess("--help").stdout.fnmatch_lines(
        [
            "Model, code benchmarks (pytest-mcode):",
            "SWE-bench, code benchmarks (pytest-mcode):",
            "numbers, code benchmarks (pytest-mcode):",
            "  --mcode-tolerance=*",
            "*How far a number may be off. Default: 0.0.",
        ]
    )


def doctor(pytester, conftest):
    pytester.makeconftest(conftest)
    return pytester.run(*MCODE, "doctor", "functions-swebench", "--gold", "--json")


def test_doctor_judges_its_tasks(pytester):
    found = doctor(pytester, CONFTEST)
    assert found.ret == 0
    findings = {each["check"]: each for each in json.loads(found.stdout.str())["findings"]}
    assert findings["gold"]["message"] == "3 reference solutions pass"
    assert findings["empty"]["message"] == "idle solutions fail on all 3 tasks"
    assert not {"engine", "image", "limits"} & {*findings}


def test_doctor_finds_that_it_passes_what_is_empty(pytester):
    found = doctor(pytester, CONFTEST.replace('kind="syntax"', 'kind="passed"'))
    assert found.ret == 1
    assert "3 tasks are passed by a solution that does nothing" in found.stdout.str()


@pytest.fixture
def refused(pytester):
    """Run a session in this process that must end with one message."""

    def run(conftest, message, *arguments):
        pytester.makeconftest(conftest)
        result = pytester.runpytest_inprocess(*(arguments or NONE))
        assert result.ret == 4
        result.stderr.fnmatch_lines([f"ERROR: {message}"])

    yield run
    forget_options()
    harnesses.offer([])
    benchmarks.offer({})


def changed(*changes):
    source = CONFTEST
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


JUDGE = "    def judge("
TAKEN = "option --mcode-timeout of the harness 'numbers' is there already: give its field another name"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("tolerance: float", "timeout: float")], TAKEN),
        (
            [("add_options(parser, Numbers)", "pass")],
            "*conftest.py: benchmark Sums: harness Numbers: its options are not declared; call "
            "pytest_mcode.add_options(parser, Numbers) in pytest_addoption() of this conftest.py",
        ),
        (
            [("add_options(parser, Numbers)", "add_options(parser, Numbers); add_options(parser, Numbers)")],
            "the options of the harness 'numbers' are declared already: call add_options() once, *",
        ),
        (
            [('name = "numbers"', 'name = "functions"')],
            "the options of the harness 'functions' are declared already: * a name of its own",
        ),
        (
            [("add_options(parser, Numbers)", "add_options(parser, NumberOptions)")],
            "add_options() was given 'NumberOptions', which lacks a name or options: give a class that *",
        ),
        (
            [("def load(", "def __init__(self, more): ...\n\n    def load(")],
            "*conftest.py: Sums() failed (TypeError: *); a benchmark's class takes no arguments",
        ),
        (
            [("options = NumberOptions", "options = dict")],
            "the options of the harness 'numbers' are not a dataclass with fields that *",
        ),
        (
            [('name = "numbers"', 'name = "functions"'), ("add_options(parser, Numbers)", "pass")],
            "harness Numbers has the name 'functions', which is one of pytest-mcode's: rename it",
        ),
        (
            [(JUDGE, "    def jugde(")],
            "*: benchmark Sums: harness Numbers does not say how to judge: write judge()",
        ),
        (
            [("harness = Numbers()", "harness = Numbers")],
            "*: benchmark Sums: harness is the class Numbers; give an object of it: Numbers()",
        ),
        (
            [("harness = Numbers()", "")],
            "*: benchmark Sums lacks harness; pytest_mcode.FunctionJudge has all but name, summary and "
            "load(), pytest_mcode.Benchmark all but these and a harness",
        ),
        ([("def load(", "def laod(")], "*: benchmark Sums lacks load(); *"),
        (
            [("class Numbers(Harness)", "class Numbers")],
            "*: harness Numbers lacks *; inherit from pytest_mcode.Harness: *",
        ),
        (
            [('name = "numbers"', 'name = "all numbers"')],
            "*: harness Numbers: name 'all numbers' is not a name; give letters, digits and underscores",
        ),
    ],
)
def test_a_bad_harness_is_named(refused, changes, message):
    refused(changed(*changes), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (*NONE, "--mcode-tolerance=-1"),
            "--mcode-tolerance: '-1' is not allowed; give a number, 0 or more",
        ),
        (
            (*NONE, "--mcode-image=x"),
            "--mcode-image: functions-swebench has numbers to find, and runs nothing; leave it out",
        ),
        (
            ("--mcode-benchmark=smoke", "--mcode-backend=gold", "--mcode-tolerance=1"),
            "--mcode-tolerance is an option of the harness 'numbers', which does not judge this benchmark; "
            "leave it out",
        ),
        (
            (*NONE, "--mcode-judge=smoke"),
            "--mcode-judge: smoke has no numbers to swap tests of",
        ),
    ],
)
def test_options_that_mean_nothing_are_refused(refused, arguments, message):
    refused(CONFTEST, message, *arguments)


PROMPT = """
class Words:
    hash = "1"

    def first(self, task):
        return FIRST

    def repair(self, task, verdict):
        return REPAIR


@pytest.fixture(scope="session")
def mcode_prompt():
    return Words()
"""
OPENING = "[{'role': 'user', 'content': 'Go.'}]"
MESSAGES = "a prompt returns a list of messages: {'role': 'user', 'content': '…'}"
MESSAGE = "a prompt returns one message: {'role': 'user', 'content': '…'}"


@pytest.mark.parametrize(
    ("changes", "prompt", "message"),
    [
        ([], ("'Go.'", "None"), f"first() of Words returned 'Go.'; {MESSAGES}"),
        ([], ("None", "None"), f"first() of Words returned None; {MESSAGES}"),
        ([], (OPENING, "'Again.'"), f"repair() of Words returned 'Again.'; {MESSAGE}"),
        ([], (OPENING, "None"), f"repair() of Words returned None; {MESSAGE}"),
        (
            [(JUDGE, "    def open_sandbox(self, settings, session_id):\n        return 3\n\n" + JUDGE)],
            None,
            "open_sandbox() of Numbers returned an object of type int, which has no close(); give it one, or "
            "leave open_sandbox() out: then `sandbox.settings` are the session's settings",
        ),
        (
            [("return found[-1]", "return float(found[-1])")],
            None,
            "extract() of Numbers returned an object of type float; it returns the solution as a str, or "
            "None where the completion holds none",
        ),
        (
            [('return Verdict(kind="passed")', "return True")],
            None,
            "judge() of Numbers returned an object of type bool; it returns a pytest_mcode.Verdict",
        ),
        (
            [('kind="assertion"', 'kind="wrong"'), ('kind="passed"', 'kind="right"')],
            None,
            "judge() of Numbers returned a Verdict of kind 'right'; known are passed, assertion, *",
        ),
    ],
)
def test_what_is_wrong_while_tasks_run_stops_the_session(pytester, changes, prompt, message):
    own_prompt = PROMPT.replace("FIRST", prompt[0]).replace("REPAIR", prompt[1]) if prompt else ""
    pytester.makeconftest(changed(*changes) + MODEL + own_prompt)
    result = pytester.runpytest_subprocess(*NONE, "--mcode-debug-iters=1")
    assert result.ret != 0
    result.stdout.fnmatch_lines([f"!* {message.replace('[', '[[]')} !*"])
    assert rows(pytester, "SELECT DISTINCT status FROM runs") == [("stopped",)]


def test_an_error_of_a_judge_is_infra_and_says_where(pytester):
    pytester.makeconftest(changed(("try:", "1 / 0\n        try:")))
    result = pytester.runpytest_subprocess(*GOLD)
    result.stdout.fnmatch_lines(["*3 x ZeroDivisionError: division by zero (conftest.py, line *)"])
    found = doctor(pytester, changed(("try:", "1 / 0\n        try:")))
    assert found.ret == 1
    assert "ZeroDivisionError: division by zero (conftest.py, line" in found.stdout.str()
