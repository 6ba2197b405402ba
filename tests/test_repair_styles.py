"""Styles of repair: what the model receives, word for word, what a repair costs, and styles of one's own."""

import threading
import time

import pytest

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.session import parts
from pytest_mcode.session.plan import build_settings, make_plan
from pytest_mcode.solving.asking import attempt_seed
from pytest_mcode.solving.styles import STYLES

from .servers import OllamaServer, Reply, status
from .session_support import SMOKE, rows
from .solving_support import fenced, sent, solve

TASK = "Smoke/1"
WRONG = "def gap(a, b):\n    return a - b"
WORSE = "def gap(a, b):\n    return b - a"
RIGHT = "def gap(a, b):\n    return abs(a - b)"
TURN = """\
Your code fails a test:

```
{message}
```

Find the mistake and answer with the whole corrected code in one ```python code block."""
ASK = """\
{problem}

This answer was given, and it fails:

```
{code}
```

The verdict is assertion:

```
{message}
```

"""
EXPLAIN = (
    "Do not write any code yet. Explain in a few sentences what this code does, step by step, on the input "
    "on which it fails, and where that departs from what the task asks."
)
LESSON = (
    "Do not write any code. In one or two sentences, give the lesson for whoever tries next without seeing "
    "this answer: what was wrong with it, and what to do instead."
)


def session(pytester, server, *arguments):
    return pytester.runpytest_subprocess(
        *SMOKE,
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-retries=0",
        f"--mcode-task={TASK}",
        *arguments,
    )


def run(answers, style, iterations, **settings):
    found = solve(answers, task=TASK, repair=style, debug_iters=iterations, **settings)
    assert found.solved
    return found.asked, found.problem, found.attempts


def test_conversation_is_the_default_and_shows_the_models_own_turns():
    asked, problem, attempts = run([fenced(WRONG), fenced(WORSE), fenced(RIGHT)], None, 2)
    assert asked[2] == [
        ("user", problem),
        ("assistant", fenced(WRONG)),
        ("user", TURN.format(message=attempts[0].verdict.message)),
        ("assistant", fenced(WORSE)),
        ("user", TURN.format(message=attempts[1].verdict.message)),
    ]
    assert "gap(" in attempts[0].verdict.message


def test_fresh_is_one_message_with_the_failing_code():
    asked, problem, attempts = run([fenced(WRONG), fenced(WORSE), fenced(RIGHT)], "fresh", 2)
    for conversation, attempt in zip(asked[1:], attempts[:2], strict=True):
        turn = TURN.format(message=attempt.verdict.message)
        text = (
            f"{problem}\n\nAn earlier answer was:\n\n```\n{attempt.solution}\n```\n\n{turn}\n\n"
            "Rewrite it: the same code again would fail again."
        )
        assert conversation == [("user", text)]


def test_explain_asks_first_and_both_generations_count():
    answers = [
        fenced(WRONG),
        Reply("<think>hm</think>It subtracts.", prompt_tokens=100, completion_tokens=50),
        Reply(fenced(RIGHT), prompt_tokens=20, completion_tokens=5),
    ]
    asked, problem, (first, second) = run(answers, "explain", 1)
    question = ASK.format(problem=problem, code=WRONG, message=first.verdict.message) + EXPLAIN
    turn = TURN.format(message=first.verdict.message)
    rewrite = f"Now rewrite the code according to your explanation.\n\n{turn}"
    assert asked[1:] == [
        [("user", question)],
        [("user", question), ("assistant", "It subtracts."), ("user", rewrite)],
    ]
    assert (second.prompt_tokens, second.completion_tokens) == (120, 55)
    [aside] = second.extra["asides"]
    assert aside["seed"] == attempt_seed(0, TASK, 0, 1, 1) != second.seed
    assert aside["text"] == "<think>hm</think>It subtracts."


def test_a_count_that_is_unknown_in_part_is_unknown():
    answers = [fenced(WRONG), Reply("It subtracts.", prompt_tokens=None), fenced(RIGHT)]
    _, _, (_, second) = run(answers, "explain", 1)
    assert (second.prompt_tokens, second.completion_tokens) == (None, 14)


def test_reflect_carries_the_last_three_lessons_into_a_fresh_start():
    wrong = [f"def gap(a, b):\n    return {number}" for number in range(4)]
    lessons = [f"Mind number {number}." for number in range(4)]
    answers = [each for pair in zip(map(fenced, wrong), lessons, strict=True) for each in pair]
    asked, problem, attempts = run([*answers, fenced(RIGHT)], "reflect", 4)
    head = f"{problem}\n\nEarlier answers failed. What was learned from them:\n\n"
    tail = "\n\nAnswer the task afresh, with this in mind."
    for number in range(4):
        question, answer = asked[1 + 2 * number : 3 + 2 * number]
        message = attempts[number].verdict.message
        assert question == [
            ("user", ASK.format(problem=problem, code=wrong[number], message=message) + LESSON)
        ]
        known = "\n".join(f"- {lesson}" for lesson in lessons[: number + 1][-3:])
        assert answer == [("user", f"{head}{known}{tail}")]


@pytest.mark.parametrize("style", ["fresh", "explain", "reflect"])
def test_nothing_is_told_where_no_feedback_is_wanted(style):
    asked, _, attempts = run(
        [fenced(WRONG), "why", fenced(RIGHT)] if style != "fresh" else [fenced(WRONG), fenced(RIGHT)],
        style,
        1,
        feedback="none",
    )
    assert "verdict" not in str(asked)
    assert "-7" not in str(asked)
    assert "-7" in attempts[0].verdict.message


HINT = (
    "Explain to its author in a few sentences what this code does on the input on which it fails, where that "
    "departs from what the task asks, and how to mend it. Do not write the corrected code."
)


def test_hint_asks_the_helper_whose_tokens_are_counted_apart():
    with OllamaServer(Reply("Mind the sign.", prompt_tokens=900, completion_tokens=80)) as helper:
        asked, problem, (first, second) = run(
            [fenced(WRONG), Reply(fenced(RIGHT), prompt_tokens=20, completion_tokens=5)],
            "hint",
            1,
            helper_model=helper.model,
            helper_base_url=helper.url,
        )
    message = first.verdict.message
    assert sent(helper) == [[("user", ASK.format(problem=problem, code=WRONG, message=message) + HINT)]]
    rewrite = (
        f"{problem}\n\nAn earlier answer was:\n\n```\n{WRONG}\n```\n\n{TURN.format(message=message)}\n\n"
        "A reviewer says of it:\n\nMind the sign.\n\nRewrite the code according to this."
    )
    assert asked[1:] == [[("user", rewrite)]]
    assert (second.prompt_tokens, second.completion_tokens) == (20, 5)
    assert [second.helper_tokens(name) for name in ("prompt_tokens", "completion_tokens")] == [900, 80]


def test_a_helper_that_fails_is_infra(pytester):
    with OllamaServer(status(500)) as helper, OllamaServer(fenced(WRONG)) as server:
        result = session(
            pytester,
            server,
            "--mcode-repair=hint",
            f"--mcode-helper-model={helper.model}",
            f"--mcode-helper-base-url={helper.url}",
            "--mcode-debug-iters=1",
        )
    assert rows(pytester, "SELECT status FROM tasks") == [("infra",)]
    result.stdout.fnmatch_lines(["*1 x the helper model: *scripted failure*", "helper *"])


def test_a_helper_takes_its_turn_among_the_requests_of_the_session(pytester):
    counted, lock, most = set(), threading.Lock(), []

    def slowly(text, seconds):
        def answer(_):
            mark = object()
            with lock:
                counted.add(mark)
                most.append(len(counted))
            time.sleep(seconds)
            with lock:
                counted.remove(mark)
            return text

        return answer

    with OllamaServer(slowly("Mind it.", 0.3)) as helper, OllamaServer(slowly(fenced(WRONG), 0.05)) as server:
        session(
            pytester,
            server,
            "--mcode-repair=hint",
            f"--mcode-helper-model={helper.model}",
            f"--mcode-helper-base-url={helper.url}",
            "--mcode-debug-iters=1",
            "--mcode-concurrency=1",
            *(f"--mcode-task=Smoke/{number}" for number in range(2, 7)),
        )
        assert len(sent(helper)) == 6
    assert max(most) == 1


@pytest.mark.parametrize("answer", [status(400, message="prompt is too long: exceeds the context length")])
def test_what_the_helper_refuses_is_no_fault_of_the_model(answer):
    with OllamaServer(answer) as helper, pytest.raises(InfraError, match="the helper model: "):
        solve(
            [fenced(WRONG)],
            task=TASK,
            repair="hint",
            debug_iters=1,
            helper_model=helper.model,
            helper_base_url=helper.url,
        )


def test_a_helper_is_looked_for_before_anything_runs():
    with OllamaServer() as server:
        given = {"model": server.model, "base_url": server.url, "repair": "hint", "helper_model": "nobody"}
        with pytest.raises(ConfigurationError, match=r"^--mcode-helper-model=nobody: .*nobody"):
            parts.check_model(build_settings({"benchmark": "smoke", **given}))


def test_a_question_that_does_not_fit_ends_the_sample_as_a_repair_would():
    too_long = status(400, message="prompt is too long: 9000 tokens exceed the context length 4096")
    found = solve([fenced(WRONG), too_long], task=TASK, repair="explain", debug_iters=3)
    assert len(found.requests) == 2
    assert [attempt.verdict.kind for attempt in found.attempts] == ["assertion", "context_overflow"]


def test_a_resumed_session_asks_no_question_twice(pytester):
    answers = [fenced(WRONG), "It subtracts.", fenced(WORSE), status(500)]
    arguments = ("--mcode-repair=explain", "--mcode-debug-iters=2")
    with OllamaServer([*answers, "Still signed.", fenced(RIGHT)]) as server:
        session(pytester, server, *arguments)
        assert rows(pytester, "SELECT status FROM tasks") == [("infra",)]
        result = session(pytester, server, *arguments, "--mcode-resume")
    assert result.ret == 0
    assert len(server.requests) == 6
    assert rows(pytester, "SELECT iteration, verdict FROM attempts ORDER BY iteration") == [
        (0, "assertion"),
        (1, "assertion"),
        (2, "passed"),
    ]


OWN = """
    import pytest
    from pytest_mcode import Failure

    class Shout:
        hash = "shout-1"

        def messages(self, failure: Failure):
            plan = failure.ask([{"role": "user", "content": "A plan for " + failure.code}])
            return [*failure.opening, {"role": "assistant", "content": plan}, failure.turn]

    @pytest.fixture(scope="session")
    def mcode_repair():
        return Shout()
"""


def test_a_style_of_ones_own(pytester):
    pytester.makeconftest(OWN)
    with OllamaServer([fenced(WRONG), "use abs", fenced(RIGHT)]) as server:
        result = session(pytester, server, "--mcode-debug-iters=1")
    assert result.ret == 0
    assert sent(server)[1] == [("user", f"A plan for {WRONG}")]
    assert [role for role, _ in sent(server)[2]] == ["user", "assistant", "user"]
    result.stdout.fnmatch_lines(
        ["note *fixture mcode_repair is overridden by conftest.py (source *) (hash shout-1)*"]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("return Shout()", "return 7"),
            "*fixture mcode_repair (conftest.py) returned an object of type int, which has no "
            "messages(failure) -> messages, hash; pytest_mcode.fixtures.mcode_repair says what *",
        ),
        (
            ("return [*failure.opening", "return failure.turn  # ["),
            "*messages() of Shout returned {'role': 'user'*; a style of repair returns a list of messages: *",
        ),
    ],
)
def test_a_style_of_ones_own_that_cannot_serve_is_named(pytester, change, message):
    pytester.makeconftest(OWN.replace(*change))
    with OllamaServer([fenced(WRONG), "use abs"]) as server:
        result = session(pytester, server, "--mcode-debug-iters=1")
    result.stdout.fnmatch_lines([message])


def test_another_style_is_another_configuration_and_the_default_is_what_it_was():
    def key(**changes):
        return make_plan(build_settings({"benchmark": "smoke", "backend": "gold", **changes})).config_key

    assert key(repair="conversation") == key()
    helped = {"hint": {"helper_model": "large"}}
    assert len({key(repair=style, **helped.get(style, {})) for style in STYLES}) == len(STYLES)
    # Stored by the version before there were styles, when agents had 50 steps.
    assert key() == "c609103e0410ab7a"
    # When a repeated answer was followed by a repair like any other.
    assert key(debug_iters=1, on_repeat="keep") == "29c59ec313b160cb"
    assert key(debug_iters=1) == key(debug_iters=1, on_repeat="restart") != "29c59ec313b160cb"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"repair": "shout"},
            "--mcode-repair: 'shout' is not allowed; give one of conversation, fresh, explain, trace, "
            "reflect, hint",
        ),
        (
            {"repair": "fresh", "strategy": "resample"},
            "--mcode-repair=fresh: --mcode-strategy=resample repairs nothing; leave one out",
        ),
        (
            {"repair": "hint"},
            "--mcode-repair=hint and --mcode-helper-model go together: give both, or neither",
        ),
        (
            {"helper_backend": "openai"},
            "--mcode-helper-backend, --mcode-helper-base-url: give --mcode-helper-model",
        ),
        (
            {"benchmark": "swebench-lite", "agent": "bash", "repair": "fresh", "backend": "none"},
            "--mcode-repair=fresh: the bash agent goes on in its own shell; leave one out",
        ),
    ],
)
def test_bad_values_are_said(given, message):
    with pytest.raises(ConfigurationError) as caught:
        build_settings({"benchmark": "smoke", "backend": "gold", **given})
    assert str(caught.value) == message
