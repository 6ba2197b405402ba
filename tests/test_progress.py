"""What a session shows while it runs: a footer on a terminal, lines elsewhere, by time and not by event."""

import re
import sys

import pytest

from pytest_mcode.results.picture import Picture
from pytest_mcode.session.footer import duration, footer, line
from tests.servers import HANG, OpenAIServer, status
from tests.session_support import SMOKE
from tests.terminal import Terminal

HEAD = re.compile(r"(?m)^mcode smoke@\w+.* (\d+)/12 done, ")
"""The first line of the footer, where the window has room for it."""


def answering(first, then):
    """Return a script that answers `first` to the first of smoke's tasks, and `then` to the others."""
    return lambda body: first if "def gap" in body["messages"][-1]["content"] else then


def session(server, *arguments):
    given = (f"--mcode-model={server.model}", "--mcode-backend=openai", f"--mcode-base-url={server.url}")
    return [sys.executable, "-m", "pytest", *SMOKE, *given, "--mcode-concurrency=4", *arguments]


@pytest.mark.parametrize(
    ("columns", "arguments", "told"),
    [
        (80, (), ["smoke F"]),
        (140, ("-n", "2", "-v"), ["[gw", "FAILED smoke::test_task[Smoke/1]"]),
        (80, ("-q", "-n", "2"), ["F"]),
    ],
)
def test_a_server_that_hangs_is_seen_and_the_result_comes_last(pytester, columns, arguments, told):
    with OpenAIServer(answering("```python\ndef gap(a, b): return 0\n```", HANG)) as server:
        command = session(server, *arguments)
        with Terminal(command, columns=columns, lines=24, cwd=pytester.path) as terminal:
            terminal.wait_for("1/12 done", "pass rate 0.0%", "Smoke/2 (sample 0, iteration 0) model", *told)
            assert len(HEAD.findall(terminal.text)) == 1
            assert "in flight (" in terminal.text
            terminal.interrupt()
            terminal.end()
    assert not HEAD.search(terminal.text)
    assert "in flight (" not in terminal.text
    if "-q" in arguments:
        last = terminal.text.rpartition("\nsmoke@")[2].replace("\n", "")
        assert re.fullmatch(r"\w+: 0\.0%, 95 % in .* \(0/1\), .*11 not reached; run [-\w]+", last)
    else:
        assert terminal.text.index("= 1 failed") < terminal.text.index("\npass rate  0.0%")
        assert terminal.text.index("\npass rate  0.0%") < terminal.text.index("\nresume     pytest")


def test_retries_are_counted_down_and_a_window_may_change(pytester):
    busy = status(503, {"Retry-After": "200"}, message="overloaded")
    script = answering("```python\ndef gap(a, b): return 0\n```", busy)
    with (
        OpenAIServer(script) as server,
        Terminal(session(server), columns=80, lines=24, cwd=pytester.path) as terminal,
    ):
        terminal.wait_for("retry in 3 min", "HTTP 503: overloaded", "1/12 done", "retries")
        terminal.resize(60, 24)
        terminal.wait_until(
            lambda: any("1/12 done" in each and len(each) == 59 for each in terminal.shown),
            "a smaller footer",
        )
        assert len(HEAD.findall(terminal.text)) == 1
        assert "Smoke/2 (sample 0, iteration 0) retry in " in terminal.text
        terminal.interrupt()
        terminal.end()


def test_a_small_window_gets_the_gist(pytester):
    script = answering("```python\ndef gap(a, b): return 0\n```", HANG)
    with (
        OpenAIServer(script) as server,
        Terminal(session(server, "-q"), columns=30, lines=5, cwd=pytester.path) as terminal,
    ):
        terminal.wait_for("F\nmcode: 1/12, 0.0%")
        assert "iteration" not in "\n".join(terminal.shown)
        terminal.interrupt()
        terminal.end()


def test_what_tests_print_stands_above_the_footer(pytester):
    pytester.makepyfile(
        """
        import sys, time
        def test_mine(mcode_task):
            print("one line")
            print("a part", end="", flush=True)
            time.sleep(2)
            print(" and its end")
            print("an error", file=sys.stderr)
            mcode_task.judge("pass")
        """
    )
    command = [sys.executable, "-m", "pytest", *SMOKE, "--mcode-backend=none", "--mcode-limit=1", "-s", "."]
    with Terminal(command, columns=80, lines=24, cwd=pytester.path) as terminal:
        terminal.wait_for("a part", "0/1 done", "Smoke/1 (sample 0, iteration 0) working")
        below = terminal.shown[terminal.shown.index("a part") + 1]
        assert re.match(r"mcode smoke@\w+.*0/1 done", below)
        assert terminal.end() == 1
    assert "one line\na part and its end\nan error\n" in terminal.text
    assert "working" not in terminal.text


@pytest.mark.parametrize(
    ("arguments", "environment", "shows"),
    [
        ((), {}, "footer"),
        ((), {"CI": "true"}, "lines"),
        (("--mcode-progress=live",), {"CI": "true"}, "footer"),
        (("--mcode-progress=plain",), {}, "lines"),
        ((), {"TERM": "dumb"}, "lines"),
        (("--mcode-progress=off",), {}, "nothing"),
        (("-qq",), {}, "nothing"),
        (("-q", "--mcode-progress=plain"), {}, "lines"),
    ],
)
def test_who_asks_and_where_one_stands_decide_what_is_shown(pytester, arguments, environment, shows):
    pytester.makeconftest(
        "import pytest_mcode.session.progress\npytest_mcode.session.progress.EVERY_SECONDS = 0"
    )
    command = [sys.executable, "-m", "pytest", *SMOKE, "--mcode-backend=gold", *arguments]
    painted = []
    with Terminal(command, cwd=pytester.path, environment=environment) as terminal:
        while terminal.read():
            painted.append(bool(HEAD.search(terminal.text)))
        assert terminal.end() == 0
    found = "footer" if any(painted) else "lines" if "/12 done" in terminal.text else "nothing"
    assert found == shows
    assert not HEAD.search(terminal.text)


def test_a_line_comes_by_time_where_nothing_ends(pytester):
    pytester.makeconftest(
        "import pytest_mcode.session.progress\npytest_mcode.session.progress.EVERY_SECONDS = 0.2\n"
        "import pytest_mcode.session.footer\npytest_mcode.session.footer.QUIET_SECONDS = 1\n"
    )
    with OpenAIServer(answering("```python\ndef gap(a, b): return 0\n```", HANG)) as server:
        command = session(server, "--mcode-progress=plain")
        with Terminal(command, columns=200, cwd=pytester.path) as terminal:
            terminal.wait_for("8 in flight", "nothing for 2 s: Smoke/2 (sample 0, iteration 0) model ")
            terminal.interrupt()
            terminal.end()
    lines = [each for each in terminal.text.splitlines() if "/12 done" in each]
    assert all(each.startswith("mcode: ") for each in lines)
    assert "F\nmcode: 1/12 done, 0.0%, 95 % in [0.0%, 79.3%] (0/1), 0 infra, " in terminal.text


def test_a_bad_value_is_refused(pytester):
    result = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=gold", "--mcode-progress=loud")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: --mcode-progress: 'loud' is not allowed; give one of live, plain, off"]
    )


SHOWN = Picture(
    run_id="r",
    benchmark="humaneval@0123456",
    model="m" * 60,
    status="running",
    planned=164,
    solved=40,
    unsolved=40,
    infra=3,
    rate=0.5,
    low=0.393,
    high=0.607,
    tokens_per_second=1234.5,
    retries=2,
    infra_causes=[{"count": 3, "cause": "HTTP 500: " + "x" * 200, "tasks": ["HumanEval/3"]}],
    seconds=125.0,
    seconds_left=4000.0,
    in_flight=40,
    waits={"model": 30, "slot": 10},
    tasks=[
        {
            "task_id": f"HumanEval/{n}",
            "sample": 0,
            "iteration": 2,
            "waits_for": "model",
            "why": "",
            "seconds": 60.0,
            "retry_in": None,
        }
        for n in range(24)
    ],
)


@pytest.mark.parametrize("columns", [10, 20, 40, 80, 140, 250])
@pytest.mark.parametrize("height", [0, 1, 2, 3, 4, 6, 12])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_footer_fits_its_window(columns, height, encoding):
    painted = footer(SHOWN, columns=columns, height=height, colour=False, encoding=encoding)
    assert len(painted) <= height
    assert all(len(each) < max(columns, 11) for each in painted)
    assert all(each.encode(encoding) for each in painted)


def test_a_picture_in_words():
    assert line(SHOWN) == (
        "83/164 done, 50.0%, 95 % in [39.3%, 60.7%] (40/80), 3 infra, 40 in flight, 0 attempts, 2 retries, "
        "1234 tokens/s, 1 h 7 min left"
    )
    painted = footer(SHOWN, columns=81, height=6, colour=False, encoding="ascii")
    assert painted[0].startswith(f"mcode humaneval@0123456, {'m' * 15} ####")
    assert painted[0].endswith("---- 83/164 done, 2 min 5 s")
    assert painted[1:3] == [
        "pass rate 50.0%, 95 % in [39.3%, 60.7%] (40/80), 3 infra, 2 retries",
        "40 in flight (30 model, 10 its turn), 1234 tokens/s, 1 h 7 min left",
    ]
    assert painted[-1] == "and 39 more"
    assert [duration(each) for each in (0.4, 59.4, 60, 125, 700, 3600, 9000)] == [
        "0 s",
        "59 s",
        "1 min",
        "2 min 5 s",
        "12 min",
        "1 h 0 min",
        "2 h 30 min",
    ]
