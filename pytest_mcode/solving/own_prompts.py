"""Templates of one's own, ``--mcode-prompts``: checked before anything runs, refused where they leak."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import jinja2
from jinja2 import meta, nodes

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.own_templates import Templates, own_names
from pytest_mcode.harnesses.prompting import TEMPLATES, Prompt
from pytest_mcode.records import Task, Verdict, VerdictKind
from pytest_mcode.solving.styles import Style
from pytest_mcode.solving.styles.wording import HOME

__all__ = ["check_prompts"]

OF_A_TASK = frozenset({"task", "verdict", "demonstrations", "retrieved", "excerpts", "tree"})
OF_A_FAILURE = frozenset({"problem", "code", "verdict", "turn"})
STATES_THE_TASK = frozenset({"task", "problem"})
"""Variables of which a template of ours uses one where its words must state the task."""
HIDDEN = frozenset({"test", "canonical_solution"})
"""Fields of a task that no model may see unless the judge guides it."""


def check_prompts(directory: str, feedback: str, prompt: Prompt, style: Style, task: Task | None) -> None:
    """Raise `ConfigurationError` for what is wrong with a template in `directory`, with its file.

    They are rendered for the sample `task`, and for every verdict that an attempt at it can have.
    """
    homes = {path.name: home for home in (TEMPLATES, HOME) for path in home.iterdir()}
    for name in own_names(directory):
        if name not in homes and not name.startswith("_"):
            known = sorted(each for each in homes if each.endswith(".jinja"))
            raise _bad(directory, name, f"it replaces none of ours, which are {', '.join(known)}")
    sets = [
        (templates, allowed)
        for templates, allowed in ((_templates(prompt), OF_A_TASK), (_templates(style), OF_A_FAILURE))
        if templates
    ]
    replaced = [
        (name, templates, allowed, homes[name]) for templates, allowed in sets for name in templates.replaced
    ]
    if not replaced:
        used = [name for templates, _ in sets for name in templates.sources]
        raise ConfigurationError(
            f"--mcode-prompts={directory}: this session uses none of its templates, but {', '.join(used)}"
        )
    for name, templates, allowed, home in replaced:
        for problem in _problems(name, templates, allowed, home, feedback):
            raise _bad(directory, name, problem)
    if task:
        _render(directory, prompt, style, task, [name for name, *_ in replaced])


def _templates(part: Any) -> Templates | None:
    """Return the templates of a prompt or of a style, where they are made of any."""
    found = getattr(getattr(part, "wording", part), "templates", None)
    return found if isinstance(found, Templates) else None


def _problems(
    name: str, templates: Templates, allowed: frozenset[str], home: Any, feedback: str
) -> Iterator[str]:
    ours = _variables(jinja2.Environment().parse(home.joinpath(name).read_text(encoding="utf-8")))
    parts = [name, *(each for each in templates.sources if each.startswith("_"))]
    trees = [templates.environment.parse(templates.sources[each]) for each in parts]
    used = frozenset[str]().union(*map(_variables, trees))
    if unknown := sorted(used - allowed - ours):
        yield f"there is no {', '.join(unknown)}; it may use {', '.join(sorted(allowed | ours))}"
    if ours & STATES_THE_TASK and not used & STATES_THE_TASK:
        yield f"it does not state the task: use {' or '.join(sorted(ours & STATES_THE_TASK))}"
    if feedback != "judge":
        for tree in trees:
            if hidden := _hidden(tree):
                yield (
                    f"it shows {hidden}, which --mcode-feedback={feedback} hides from the model; "
                    "leave it out, or give --mcode-feedback=judge"
                )


def _variables(tree: nodes.Template) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(tree))


def _hidden(tree: nodes.Template) -> str:
    """Return what of a task a template shows that is hidden, also by the task as a whole; empty: nothing."""
    read: dict[int, str | None] = {}
    parts: Any = tree.find_all((nodes.Getattr, nodes.Getitem))
    for node in parts:
        if isinstance(node.node, nodes.Name) and node.node.name == "task":
            of_item = getattr(getattr(node, "arg", None), "value", None)
            read[id(node.node)] = node.attr if isinstance(node, nodes.Getattr) else of_item
    for name in tree.find_all(nodes.Name):
        if name.name == "task" and name.ctx == "load":
            field = read.get(id(name))
            if field is None or field.startswith("_"):
                return "the task as a whole"
            if field in HIDDEN:
                return f"task.{field}"
    return ""


def _render(directory: str, prompt: Prompt, style: Style, task: Task, names: Sequence[str]) -> None:
    kinds = [kind for kind in get_args(VerdictKind) if kind != "passed"]
    verdicts = [None, *(Verdict(kind=kind, message="what was found") for kind in kinds)]
    words = _templates(style)
    try:
        problem = _first(prompt, task)
        for verdict in verdicts:
            turn = prompt.repair(task, verdict)["content"]
            for name in words.sources if words else ():
                if words and not name.startswith("_"):
                    words.render(
                        name,
                        problem=problem,
                        code="code",
                        verdict=verdict,
                        turn=turn,
                        lessons=["lesson"],
                        hint="hint",
                        trace="trace",
                    )
    except jinja2.TemplateError as error:
        raise _bad(directory, " or ".join(names), f"task {task.task_id} cannot be worded: {error}") from error


def _first(prompt: Prompt, task: Task) -> str:
    try:
        return prompt.first(task)[-1]["content"]
    except AssertionError:  # A repository's files are not read before its sandbox is open.
        return task.prompt


def _bad(directory: str, name: str, problem: str) -> ConfigurationError:
    return ConfigurationError(f"--mcode-prompts={directory}: {name}: {problem}")
