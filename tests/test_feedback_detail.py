"""How much of a verdict a repair sees, which tests of the prompt a solution passes, and where repairs go."""

import json

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.functions.single_tests import single_tests
from pytest_mcode.harnesses.lengths import cut
from pytest_mcode.session.plan import build_settings
from pytest_mcode.solving.examples import TOKENS, Example, told

from .servers import OllamaServer
from .session_support import SMOKE, rows
from .solving_support import fenced, solve

TASK = "Smoke/1"
FAILS_BOTH = "def gap(a, b):\n    return 'no'"
FAILS_FIRST = "def gap(a, b):\n    return a - b"
RIGHT = "def gap(a, b):\n    return abs(a - b)"
FIRST, SECOND = "assert gap(3, 10) == 7", "assert gap(10, 3) == 7"
TURN = """\
Your code fails a test:

```
{message}
```

Find the mistake and answer with the whole corrected code in one ```python code block."""


def repair(code, **settings):
    """Return the turn that asked for the repair of `code`, and the failed attempt."""
    found = solve([fenced(code), fenced(RIGHT)], task=TASK, debug_iters=1, **settings)
    return found.asked[1][-1][1], found.attempts[0]


def test_first_is_what_it_was():
    turn, attempt = repair(FAILS_FIRST, feedback="public")
    assert turn == TURN.format(message=attempt.public_verdict.message)
    assert SECOND not in turn


def test_verdict_tells_that_it_failed():
    turn, _ = repair(FAILS_FIRST, feedback="public", feedback_detail="verdict")
    assert turn == (
        "Your code is wrong: it does not pass the tests.\n\n"
        "Find the mistake and answer with the whole corrected code in one ```python code block."
    )
    turn, _ = repair("no code at all", feedback_detail="verdict")
    assert turn.startswith("Your answer holds no Python code that can be parsed.")


def test_all_tells_which_fail_and_which_pass():
    turn, attempt = repair(FAILS_FIRST, feedback="public", feedback_detail="all")
    assert turn == TURN.format(
        message=f"These fail:\n\n{FIRST}\n    left: -7\n    right: 7\n    gap(3, 10) returned -7\n\n"
        f"These pass:\n\n{SECOND}"
    )
    assert attempt.examples == "-+"
    turn, attempt = repair(FAILS_BOTH, feedback="public", feedback_detail="all")
    assert turn == TURN.format(
        message="These fail:\n\n"
        f"{FIRST}\n    left: 'no'\n    right: 7\n    gap(3, 10) returned 'no'\n"
        f"{SECOND}\n    left: 'no'\n    right: 7\n    gap(10, 3) returned 'no'"
    )
    assert attempt.examples == "--"


def test_all_stands_beside_the_judges_own_verdict():
    turn, attempt = repair("def gap(a, b):\n    return 7", feedback_detail="all")
    assert turn == TURN.format(
        message=f"{attempt.verdict.message}\n\nOf the examples in the task:\n\n"
        f"These pass:\n\n{FIRST}\n{SECOND}"
    )


def test_an_example_that_hangs_ends_them():
    hangs = "def gap(a, b):\n    while a < b: pass\n    return 0"
    found = solve(
        [fenced(hangs), fenced(RIGHT)],
        task=TASK,
        debug_iters=1,
        feedback="public",
        feedback_detail="all",
        timeout=0.5,
    )
    first, second = found.attempts
    assert (first.public_verdict.kind, first.examples) == ("timeout", "..")
    assert "too slow or does not end" in found.asked[1][-1][1]
    assert second.examples == "++"


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("assert f(1) == 1\nassert f(2) == 2", ["assert f(1) == 1", "assert f(2) == 2"]),
        ("import math\nassert f(1) == math.pi", ["assert f(1) == math.pi"]),
        ("for n in (1, 2):\n    assert f(n)", []),
        ("def check(f):\n    assert f(1)\ncheck(f)", []),
        ("assert f(", []),
        ("", []),
    ],
)
def test_tests_are_told_apart_where_each_stands_alone(test, found):
    assert list(single_tests(test)) == found


def test_what_prepares_a_test_runs_before_each():
    sources = single_tests("x = [1]\nassert f(x) == 1\ny = 2\nassert f(y) == 2")
    assert list(sources.values()) == [
        "x = [1]\nassert f(x) == 1",
        "x = [1]\ny = 2\nassert f(y) == 2",
    ]


def test_what_is_told_is_bounded_in_tokens_and_says_what_is_missing():
    assert cut("short", 10) == "short"
    assert cut("x" * 90, 10) == f"{'x' * 22}\n[... about 20 tokens left out ...]\n{'x' * 7}"
    many = [
        Example(example=f"assert f({n}) == {n}", verdict="assertion", message="m" * 999) for n in range(20)
    ]
    assert len(told(many)) < 3 * TOKENS + 60
    assert "tokens left out" in told(many)


def test_a_task_that_shows_no_single_tests_falls_back_and_says_so(pytester):
    task = {
        "task_id": "mine/1",
        "prompt": "Write plus(a, b).",
        "test": "assert plus(1, 2) == 3",
        "public_test": "for n in (1, 2):\n    assert plus(n, n) == 2 * n",
    }
    pytester.path.joinpath("mine.jsonl").write_text(json.dumps(task))
    right = fenced("def plus(a, b):\n    return a + b")
    with OllamaServer([fenced("def plus(a, b):\n    return 0"), right]) as server:
        result = pytester.runpytest_subprocess(
            "--mcode-benchmark=mine.jsonl",
            *SMOKE[1:],
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-debug-iters=1",
            "--mcode-feedback=public",
            "--mcode-feedback-detail=all",
        )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["loop *feedback public (all)*"])
    [(examples, extra)] = rows(pytester, "SELECT examples, extra FROM attempts WHERE iteration = 1")
    assert examples is None
    assert json.loads(extra)["fell_back"] == ["feedback detail all: the prompt shows no single tests"]


def spent(answers, **settings):
    found = solve(answers, task=TASK, feedback="public", **settings)
    return [(each.sample, each.iteration, each.examples) for each in found.attempts]


def test_breadth_makes_all_first_attempts_then_a_repair_of_each_and_stops():
    wrong = [fenced(f"def gap(a, b):\n    return {number}.5") for number in range(5)]
    made = spent([*wrong, fenced(RIGHT)], strategy="breadth", samples=3, debug_iters=2)
    assert [each[:2] for each in made] == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    found = solve([*wrong, fenced(RIGHT)], task=TASK, strategy="breadth", samples=3, debug_iters=2)
    assert [message for _, message in found.asked[4]][:2] == [found.problem, wrong[1]]


def test_best_repairs_the_sample_that_passes_most():
    answers = [FAILS_BOTH, FAILS_FIRST, FAILS_BOTH + "  #", "def gap(a, b):\n    return a - b + 0"]
    answers += ["def gap(a, b):\n    return None", "def gap(a, b):\n    return 1.5", RIGHT]
    made = spent([fenced(each) for each in answers], strategy="best", samples=3, debug_iters=2)
    assert made == [
        (0, 0, "--"),
        (1, 0, "-+"),
        (2, 0, "--"),
        (1, 1, "-+"),
        (1, 2, "--"),
        (0, 1, "--"),
        (2, 1, "++"),
    ]


def test_every_order_spends_the_same_budget():
    for strategy in ("repair", "breadth", "best"):
        made = spent([fenced(FAILS_BOTH)], strategy=strategy, samples=2, debug_iters=1)
        assert sorted(each[:2] for each in made) == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"strategy": "best"},
            "--mcode-strategy=best goes by the tests that the prompt shows: give --mcode-feedback=public",
        ),
        (
            {"strategy": "resample", "feedback_detail": "all"},
            "--mcode-feedback-detail=all: --mcode-strategy=resample repairs nothing; leave one out",
        ),
        (
            {"feedback": "none", "feedback_detail": "all"},
            "--mcode-feedback-detail=all: --mcode-feedback=none shows nothing; leave one out",
        ),
        (
            {"benchmark": "swebench-lite", "agent": "bash", "strategy": "breadth", "backend": "none"},
            "--mcode-strategy=breadth: the bash agent only repairs, sample by sample; leave one out",
        ),
    ],
)
def test_bad_values_are_said(given, message):
    with pytest.raises(ConfigurationError) as caught:
        build_settings({"benchmark": "smoke", "backend": "gold", **given})
    assert str(caught.value) == message
