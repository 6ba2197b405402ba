"""How a task and a verdict are worded: template files, whose hash is part of a run's configuration."""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Protocol

from pytest_mcode.harnesses.own_templates import Templates
from pytest_mcode.records import Message, Task, Verdict

__all__ = ["Prompt", "TemplatePrompt", "is_template", "retrieved"]

TEMPLATES = files("pytest_mcode.harnesses").joinpath("templates")
REPAIR_TEMPLATE = "repair.jinja"
DEMONSTRATIONS_TEMPLATE = "demonstrations.jinja"


class Prompt(Protocol):
    """Words a task for the model and, after a failed attempt, what the judge said.

    One that several threads may use at a time says so: ``concurrent = True``. Else tasks are done one by one.
    """

    def first(self, task: Task) -> list[Message]:
        """Return the messages that open a sample; the last one is the user's."""

    def repair(self, task: Task, verdict: Verdict | None) -> Message:
        """Return the user's turn that follows a failed attempt; no verdict: only that it failed."""

    @property
    def hash(self) -> str:
        """Changes whenever the words do; runs with different hashes are different configurations."""


def is_template(name: str) -> bool:
    """Whether a file of this name can word a task."""
    return TEMPLATES.joinpath(name).is_file()


def retrieved(prompt: Prompt, task: Task) -> Sequence[str]:
    """Return what `prompt` shows besides `task`, where it has a method `retrieved` that tells."""
    tell = getattr(prompt, "retrieved", None)
    return tell(task) if tell else ()


class TemplatePrompt:
    """`Prompt` from the Jinja templates of this package.

    `context` adds to what the first one knows of a task, and names under ``retrieved`` what was found
    for it in a `corpus` (its fingerprint). Templates in the directory `own` replace those of their names.
    """

    concurrent = True

    def __init__(
        self,
        first_template: str,
        repair_template: str = REPAIR_TEMPLATE,
        context: Callable[[Task], Mapping[str, Any]] = lambda task: {},
        corpus: str = "",
        own: str | None = None,
    ) -> None:
        names = (first_template, repair_template, DEMONSTRATIONS_TEMPLATE)
        self.templates = Templates(names, TEMPLATES, own)
        self._first = self.templates.environment.get_template(first_template)
        self._repair = self.templates.environment.get_template(repair_template)
        self._context = context
        self.hash = self.templates.hash(corpus)

    def first(self, task: Task) -> list[Message]:
        """Return one user message that states the task."""
        return [{"role": "user", "content": self._first.render(task=task, **self._context(task))}]

    def retrieved(self, task: Task) -> Sequence[str]:
        """Return what the first message shows besides the task: ids of solved tasks, paths of files."""
        found: Sequence[str] = self._context(task).get("retrieved", ())
        return found

    def repair(self, task: Task, verdict: Verdict | None) -> Message:
        """Return the user's turn that shows the verdict and asks for the whole corrected code."""
        return {"role": "user", "content": self._repair.render(task=task, verdict=verdict)}
