"""Templates of one's own: they word what is sent, are part of the configuration, and may not leak."""

from fnmatch import fnmatchcase

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.plan import build_settings, make_plan

from .solving_support import fenced, solve

TASK = "Smoke/1"
WRONG = "def gap(a, b):\n    return a - b"
RIGHT = "def gap(a, b):\n    return abs(a - b)"
FIRST = "humaneval.jinja"


def plan(directory, **given):
    return make_plan(
        build_settings({"benchmark": "smoke", "backend": "gold", "prompts": str(directory), **given})
    )


def test_they_replace_ours_by_name_and_may_include_parts(tmp_path):
    (tmp_path / FIRST).write_text('{% include "_rules.jinja" %}\n{{ task.prompt }}')
    (tmp_path / "_rules.jinja").write_text("Be brief.")
    (tmp_path / "fresh.jinja").write_text(
        "{{ problem }} AGAIN {{ code }} {% if verdict %}{{ verdict.kind }}{% endif %}"
    )
    found = solve(
        [fenced(WRONG), fenced(RIGHT)], task=TASK, repair="fresh", debug_iters=1, prompts=str(tmp_path)
    )
    assert found.problem.startswith("Be brief.\ndef gap(")
    assert found.asked[1] == [("user", f"{found.problem} AGAIN {WRONG} assertion")]


def test_their_words_are_part_of_the_configuration(tmp_path):
    (tmp_path / FIRST).write_text("{{ task.prompt }}")
    usual = make_plan(build_settings({"benchmark": "smoke", "backend": "gold"}))
    one = plan(tmp_path)
    (tmp_path / "repair.jinja").write_text("Wrong.")
    other = plan(tmp_path)
    assert len({each.config_key for each in (usual, one, other)}) == 3
    assert plan(tmp_path).config_key == other.config_key


@pytest.mark.parametrize(
    ("name", "text", "given", "problem"),
    [
        (
            "humanevil.jinja",
            "",
            {},
            "humanevil.jinja: it replaces none of ours, which are *",
        ),
        (
            "plain.jinja",
            "{{ task.prompt }}",
            {},
            "this session uses none of its templates, but humaneval*",
        ),
        (FIRST, "{{ task.prompt", {}, f"{FIRST}, line 1: unexpected end of template*"),
        (
            FIRST,
            "{{ tsak.prompt }}",
            {},
            f"{FIRST}: there is no tsak; it may use demonstrations, *",
        ),
        (FIRST, "{{ task.promt }}", {}, f"{FIRST}: task Smoke/1 cannot be worded: *has no attribute 'promt'"),
        (FIRST, "Write a function.", {}, f"{FIRST}: it does not state the task: use task"),
        (
            "fresh.jinja",
            "{{ code }}",
            {"repair": "fresh"},
            "fresh.jinja: it does not state the task: use problem",
        ),
        (
            "repair.jinja",
            "{{ verdict.kind }}",
            {},
            "repair.jinja: task Smoke/1 cannot be worded: 'None' has no attribute 'kind'",
        ),
        *(
            (
                FIRST,
                f"{{{{ task.prompt }}}} {leak}",
                {"feedback": "public"},
                f"{FIRST}: it shows {what}, which *",
            )
            for leak, what in (
                ("{{ task.test }}", "task.test"),
                ("{{ task['test'] }}", "task.test"),
                ("{{ task['te' ~ 'st'] }}", "task.test"),
                ("{{ task[verdict] }}", "the task as a whole"),
                ("{{ task|attr('test') }}", "the task as a whole"),
                ("{{ task }}", "the task as a whole"),
                ("{% set t = task %}{{ t.test }}", "the task as a whole"),
                ("{{ task.__dict__ }}", "the task as a whole"),
                ("{% if 0 %}{{ task.canonical_solution }}{% endif %}", "task.canonical_solution"),
            )
        ),
    ],
)
def test_what_cannot_serve_or_leaks_is_refused(tmp_path, name, text, given, problem):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        plan(tmp_path, **given)
    said = str(caught.value)
    assert said.startswith(f"--mcode-prompts={tmp_path}: ")
    assert fnmatchcase(said, f"*: {problem}"), said


def test_a_leak_in_an_included_part_is_refused(tmp_path):
    (tmp_path / FIRST).write_text('{{ task.prompt }}{% include "_part.jinja" %}')
    (tmp_path / "_part.jinja").write_text("{{ task.test }}")
    with pytest.raises(ConfigurationError, match=r"humaneval.jinja: it shows task.test, which --mcode-feed"):
        plan(tmp_path, feedback="none")
    assert plan(tmp_path, feedback="judge")


def test_an_empty_directory_is_said(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no file there ends in .jinja; give a dir"):
        plan(tmp_path)
