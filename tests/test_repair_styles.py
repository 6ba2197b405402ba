"""Styles of repair: what the model receives, word for word, what a repair costs, and styles of one's own."""

import json

import pytest

from pytest_mcode.session.plan import build_settings, make_plan
from pytest_mcode.solving.asking import attempt_seed
from pytest_mcode.solving.styles import STYLES

from .servers import OllamaServer, Reply, status
from .session_support import SMOKE, rows

TASK = "Smoke/1"
WRONG = "def gap(a, b):\n    return a - b"
WORSE = "def gap(a, b):\n    return b - a"
RIGHT = "def gap(a, b):\n    return abs(a - b)"
FAILED = "AssertionError: -7 == 7, where -7 = gap(3, 10)"
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


def fenced(code):
    return f"```python\n{code}\n```"


def session(pytester, server, *arguments):
    return pytester.runpytest_subprocess(
        *SMOKE,
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-retries=0",
        f"--mcode-task={TASK}",
        *arguments,
    )


def sent(server):
    return [[(each["role"], each["content"]) for each in body["messages"]] for body in server.requests]


def messages_of(pytester):
    """Return the judge's message on each attempt, as it was stored."""
    return [message for (message,) in rows(pytester, "SELECT message FROM attempts ORDER BY id")]


def run(pytester, answers, style, *arguments):
    with OllamaServer(answers) as server:
        result = session(pytester, server, f"--mcode-repair={style}", *arguments)
    assert result.ret == 0
    [problem] = sent(server)[0]
    return sent(server), problem[1]


def test_conversation_is_the_default_and_shows_the_models_own_turns(pytester):
    asked, problem = run(
        pytester, [fenced(WRONG), fenced(WORSE), fenced(RIGHT)], "conversation", "--mcode-debug-iters=2"
    )
    first, second, _ = messages_of(pytester)
    assert asked[2] == [
        ("user", problem),
        ("assistant", fenced(WRONG)),
        ("user", TURN.format(message=first)),
        ("assistant", fenced(WORSE)),
        ("user", TURN.format(message=second)),
    ]
    assert "gap(" in first


def test_fresh_is_one_message_with_the_failing_code(pytester):
    asked, problem = run(
        pytester, [fenced(WRONG), fenced(WORSE), fenced(RIGHT)], "fresh", "--mcode-debug-iters=2"
    )
    for conversation, code, message in zip(asked[1:], (WRONG, WORSE), messages_of(pytester), strict=False):
        turn = TURN.format(message=message)
        assert conversation == [
            (
                "user",
                f"{problem}\n\nAn earlier answer was:\n\n```\n{code}\n```\n\n{turn}\n\n"
                "Rewrite it: the same code again would fail again.",
            )
        ]


def test_explain_asks_first_and_both_generations_count(pytester):
    answers = [
        fenced(WRONG),
        Reply("<think>hm</think>It subtracts.", prompt_tokens=100, completion_tokens=50),
        Reply(fenced(RIGHT), prompt_tokens=20, completion_tokens=5),
    ]
    asked, problem = run(pytester, answers, "explain", "--mcode-debug-iters=1")
    message = messages_of(pytester)[0]
    question = ASK.format(problem=problem, code=WRONG, message=message) + EXPLAIN
    rewrite = f"Now rewrite the code according to your explanation.\n\n{TURN.format(message=message)}"
    assert asked[1:] == [
        [("user", question)],
        [("user", question), ("assistant", "It subtracts."), ("user", rewrite)],
    ]
    [(prompt_tokens, completion_tokens, extra)] = rows(
        pytester, "SELECT prompt_tokens, completion_tokens, extra FROM attempts WHERE iteration = 1"
    )
    assert (prompt_tokens, completion_tokens) == (120, 55)
    [aside] = json.loads(extra)["asides"]
    assert aside["seed"] == attempt_seed(0, TASK, 0, 1, 1) != attempt_seed(0, TASK, 0, 1)
    assert aside["text"] == "<think>hm</think>It subtracts."
    assert rows(pytester, "SELECT prompt_tokens, completion_tokens FROM tasks") == [(131, 62)]


def test_reflect_carries_lessons_into_a_fresh_start(pytester):
    answers = [fenced(WRONG), "Mind the sign.", fenced(WORSE), "Mind both signs.", fenced(RIGHT)]
    asked, problem = run(pytester, answers, "reflect", "--mcode-debug-iters=2")
    first, second, _ = messages_of(pytester)
    head = f"{problem}\n\nEarlier answers failed. What was learned from them:\n\n"
    tail = "\n\nAnswer the task afresh, with this in mind."
    assert asked[1:] == [
        [("user", ASK.format(problem=problem, code=WRONG, message=first) + LESSON)],
        [("user", f"{head}- Mind the sign.{tail}")],
        [("user", ASK.format(problem=problem, code=WORSE, message=second) + LESSON)],
        [("user", f"{head}- Mind the sign.\n- Mind both signs.{tail}")],
    ]


@pytest.mark.parametrize("style", ["fresh", "explain", "reflect"])
def test_nothing_is_told_where_no_feedback_is_wanted(pytester, style):
    asked, _ = run(
        pytester, [fenced(WRONG), fenced(RIGHT)], style, "--mcode-debug-iters=1", "--mcode-feedback=none"
    )
    assert "verdict" not in str(asked)
    assert "-7" not in str(asked)


def test_a_question_that_does_not_fit_ends_the_sample_as_a_repair_would(pytester):
    too_long = status(400, message="prompt is too long: 9000 tokens exceed the context length 4096")
    with OllamaServer([fenced(WRONG), too_long]) as server:
        result = session(pytester, server, "--mcode-repair=explain", "--mcode-debug-iters=3")
    assert result.ret == 1
    assert len(server.requests) == 2
    assert rows(pytester, "SELECT verdict FROM attempts ORDER BY id") == [
        ("assertion",),
        ("context_overflow",),
    ]


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
    assert len({key(repair=style) for style in STYLES}) == len(STYLES)
    # Stored by the version before there were styles.
    assert key() == "c609103e0410ab7a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--mcode-repair=shout"],
            "ERROR: --mcode-repair: 'shout' is not allowed; give one of conversation, fresh, *",
        ),
        (
            ["--mcode-repair=fresh", "--mcode-strategy=resample"],
            "ERROR: --mcode-repair=fresh: --mcode-strategy=resample repairs nothing; leave one out",
        ),
    ],
)
def test_bad_values_are_said(pytester, arguments, message):
    result = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=gold", *arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines([message])
