from dataclasses import replace
from typing import Any

import pytest

from pytest_mcode.records import Task, TaskOutcome, Verdict
from pytest_mcode.results.panel import attempt_panel, statement_panel, style, task_panel
from pytest_mcode.results.panel.highlighting import code_lines, side_by_side
from tests.store.builders import attempt, outcome

HOSTILE = "</pre><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
FIRST = "def f(x):\n    # Add.\n    return x + 1\n"
REPAIRED = "def f(x):\n    # Add.\n    return x - 1\n"
TASK = Task(task_id="HumanEval/0", prompt="Write f.", test="assert f(1) == 0", canonical_solution=REPAIRED)


def made(*solutions: str | None, **changes: Any) -> TaskOutcome:
    """A task whose only sample has these solutions, one an attempt."""
    attempts = tuple(
        replace(attempt(0, iteration), solution=each, **changes) for iteration, each in enumerate(solutions)
    )
    return outcome(0, attempts=attempts, status="unsolved", task_fingerprint=TASK.fingerprint)


def test_task_shows_one_attempt_and_leads_to_the_others() -> None:
    found = made(FIRST, REPAIRED, REPAIRED)
    page = task_panel(found, at=(0, 1))
    assert page.count("<article") == 1
    assert 'data-at="0/1"' in page
    assert '<a rel="prev" href="#HumanEval/0/0/0">previous</a>' in page
    assert '<a rel="next" href="#HumanEval/0/0/2">next</a>' in page
    assert 'href="/runs/a/0-2" data-kind="assertion" aria-current="true"' in task_panel(
        found, address=lambda each: f"/runs/a/{each.sample}-{each.iteration}"
    )
    assert "No attempt was made." in task_panel(outcome(0, status="infra", error="gone", attempts=()))


def test_statement_has_tests_and_reference_of_that_very_task() -> None:
    assert ">reference<" not in statement_panel(made(FIRST))
    page = statement_panel(made(FIRST), TASK)
    assert "<summary>tests</summary>" in page
    assert "<summary>reference</summary>" in page
    other = statement_panel(made(FIRST), replace(TASK, test="assert True"))
    assert ("Write f." in other, "reference" in other) == (True, False)


def test_repair_stands_beside_what_it_repairs() -> None:
    rows = side_by_side(FIRST, REPAIRED)
    assert [(row.kind, row.before_line, row.after_line) for row in rows] == [
        ("equal", 1, 1),
        ("equal", 2, 2),
        ("changed", 3, 3),
    ]
    assert rows[2].before == '    <span class="tk">return </span>x + <span class="tn">1</span>'
    page = attempt_panel(made(FIRST, REPAIRED).attempts, 1)
    assert ('class="removed"' in page, 'class="added"' in page) == (True, True)
    assert "The code of attempt 0/0, unchanged." in attempt_panel(made(FIRST, FIRST).attempts, 1)
    assert "changed since" not in attempt_panel(made(FIRST).attempts, 0)
    assert "No code was found" in attempt_panel(made(FIRST, None).attempts, 1)


def test_lines_far_from_a_change_are_counted() -> None:
    before = "".join(f"a{number} = {number}\n" for number in range(20))
    rows = side_by_side(before, before.replace("a9 = 9", "a9 = 8") + "b = 1\n")
    assert [str(row.before) for row in rows if row.kind == "skipped"] == [
        "6 lines as before",
        "4 lines as before",
    ]
    assert (rows[-1].before_line, rows[-1].after_line, rows[-1].kind) == (None, 21, "changed")


def test_what_models_wrote_is_text() -> None:
    verdict = Verdict(kind="exception", message=HOSTILE, stdout=HOSTILE, stderr=HOSTILE)
    texts = {"completion": f"{HOSTILE}\ud800\0", "reasoning": HOSTILE, "finish_reason": HOSTILE}
    message = {"role": HOSTILE, "content": HOSTILE, "tool_calls": [{"name": HOSTILE}]}
    found = made(f"x = '{HOSTILE}'\n", HOSTILE, verdict=verdict, messages=[message], **texts)
    page = task_panel(replace(found, error=HOSTILE, task_id=HOSTILE))
    assert page.count("&lt;script&gt;") >= 9
    assert "<script" not in page
    assert "<img" not in page
    assert "\\ud800\\x00" in page


@pytest.mark.parametrize("code", ["", "\n", "def f(:\n  '''", "a\r\nb", "\t", "é = '\ud800'"])
def test_broken_code_keeps_its_lines(code: str) -> None:
    wanted = code.replace("\r\n", "\n").replace("\ud800", "\\ud800").split("\n")
    shown = [line.striptags() if "<" in line else str(line) for line in code_lines(code)]
    assert len(shown) == max(1, len(wanted) - (wanted[-1] == ""))


def test_patch_is_read_as_one() -> None:
    lines = code_lines("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n")
    assert lines[-2:] == ('<span class="removed">-x</span>', '<span class="added">+y</span>')


def test_style_colours_every_token() -> None:
    from pytest_mcode.results.panel.highlighting import CLASSES

    assert not [name for name in CLASSES.values() if f".{name} {{" not in style()]
