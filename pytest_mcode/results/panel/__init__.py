"""One task of one run as HTML: what was asked, each attempt, and what changed from one to the next.

The report and ``mcode view`` show the same panel. It is HTML without scripts or styles of its own; a page
that shows it has `STYLE` among its styles, which needs the custom properties ``--line``, ``--raised``,
``--muted``, ``--accent``, ``--added`` and ``--removed``.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pytest_mcode.records import Attempt, Task, TaskOutcome, to_json
from pytest_mcode.results.inspection import new_messages
from pytest_mcode.results.panel.highlighting import code_lines, readable, side_by_side

__all__ = ["attempt_panel", "attempt_panels", "fragment", "statement_panel", "style", "task_panel"]

Address = Callable[[Attempt], str]
"""Returns where an attempt is shown."""


def style() -> Markup:
    """Return the style sheet of the panel."""
    return Markup(files(__package__).joinpath("templates", "panel.css").read_text(encoding="utf-8"))


def fragment(attempt: Attempt) -> str:
    """Return where an attempt stands within its task: ``2/1``, sample and iteration."""
    return f"{attempt.sample}/{attempt.iteration}"


def task_panel(
    outcome: TaskOutcome,
    *,
    task: Task | None = None,
    at: tuple[int, int] | None = None,
    address: Address | None = None,
    label: str = "",
) -> Markup:
    """Return a task of a run: its statement, a link for each attempt, and one attempt whole.

    `task` is the dataset's, for tests and reference: one of another fingerprint counts as none. `at` is the
    (sample, iteration) that is shown, the last attempt otherwise; `address` says where the link of an
    attempt leads, ``#HumanEval/7/2/1`` otherwise (task, sample, iteration). `label` names the panel where
    a page has several of one task.
    """
    made = outcome.attempts
    places = {(attempt.sample, attempt.iteration): place for place, attempt in enumerate(made)}
    shown = places.get(at, len(made) - 1) if at else len(made) - 1
    return _render(
        "task.html.jinja",
        outcome=outcome,
        statement=statement_panel(outcome, task),
        shown=shown,
        body=attempt_panel(made, shown) if made else None,
        label=label,
        address=address or (lambda attempt: f"#{outcome.task_id}/{fragment(attempt)}"),
    )


def statement_panel(outcome: TaskOutcome, task: Task | None = None) -> Markup:
    """Return what a task asks: prompt, and where `task` is that of the dataset, its tests and reference."""
    known = task if task is not None and task.fingerprint == outcome.task_fingerprint else None
    asked = next(
        (
            message["content"]
            for attempt in outcome.attempts
            for message in attempt.messages
            if message["role"] == "user"
        ),
        "",
    )
    return _render("statement.html.jinja", task=known, prompt=known.prompt if known else asked)


def attempt_panels(attempts: Sequence[Attempt]) -> Iterator[Markup]:
    """Yield `attempt_panel` of each attempt."""
    return (attempt_panel(attempts, place) for place in range(len(attempts)))


def attempt_panel(attempts: Sequence[Attempt], place: int) -> Markup:
    """Return one of a task's attempts: verdict, code, what changed since the attempt before, texts."""
    attempt = attempts[place]
    before = attempts[place - 1] if place and attempts[place - 1].sample == attempt.sample else None
    earlier = vars(before) if before else None
    changed = before and before.solution is not None and attempt.solution is not None
    messages = new_messages(vars(attempt), earlier)
    return _render(
        "attempt.html.jinja",
        attempt=attempt,
        facts=list(_facts(attempt)),
        messages=messages,
        known=len(attempt.messages) - len(messages),
        before=before,
        rows=side_by_side(before.solution or "", attempt.solution or "") if before and changed else [],
        same=bool(before and changed and before.solution == attempt.solution),
    )


def _facts(attempt: Attempt) -> Iterator[str]:
    verdict = attempt.verdict
    if attempt.seed is not None:
        yield f"seed {attempt.seed}"
    counts = (attempt.prompt_tokens, attempt.completion_tokens)
    yield " + ".join("?" if each is None else f"{each:,}" for each in counts) + " tokens"
    yield f"generated in {attempt.generation_seconds:.1f} s"
    yield f"ran {verdict.seconds:.2f} s"
    if attempt.finish_reason:
        yield readable(attempt.finish_reason)
    if attempt.is_repeat:
        yield f"the code of attempt {attempt.repeat_of}, not run again"
    if verdict.passed_in_process:
        yield "in one process with its tests: not proven"


def _render(template: str, **values: Any) -> Markup:
    return Markup(_environment().get_template(template).render(**values))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(readable=readable, code_lines=code_lines, to_json=to_json)
    environment.globals.update(fragment=fragment)
    return environment
