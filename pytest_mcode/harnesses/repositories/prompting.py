"""What the model receives: a repository's issue, and what it sees of the repository."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from pytest_mcode.harnesses.lengths import CHARACTERS_PER_TOKEN
from pytest_mcode.harnesses.prompting import TEMPLATES, TemplatePrompt
from pytest_mcode.harnesses.repositories.options import SINGLE
from pytest_mcode.harnesses.repositories.patches import changed_files
from pytest_mcode.harnesses.repositories.retrieval import excerpts, tree
from pytest_mcode.records import Message, Task, fingerprint

__all__ = ["repository_prompt"]

WORDINGS = {
    "single": ("swebench.jinja", "swebench_repair.jinja"),
    "mini": ("swebench_mini.jinja", "swebench_mini_repair.jinja"),
    "bash": ("swebench_mini.jinja", "swebench_mini_repair.jinja"),
}
SYSTEM = "swebench_mini_system.jinja"
USUAL_WINDOW = 16384
USUAL_ANSWER = 2048
"""Tokens, where the session says nothing."""
INSTRUCTIONS = 2000
LEAST = 2000
"""Characters."""
TASKS_KEPT = 256

Files = Callable[[Task], Mapping[str, str]]


def repository_prompt(
    files: Files | None,
    *,
    agent: str = SINGLE,
    retrieval: bool = False,
    source: str = "bm25",
    context_window: int | None = None,
    max_tokens: int | None = None,
    own: str | None = None,
) -> TemplatePrompt:
    """Return the prompt of an agent; `files` reads a task's repository (None: only the hash is needed).

    With `retrieval`, excerpts from files that match the issue, or from those that the reference solution
    changes (`source` ``oracle``), packed to `context_window` less `max_tokens` (tokens); else their names.
    """

    def show(task: Task) -> Mapping[str, Any]:
        assert files is not None
        if agent != SINGLE:
            return {}
        characters = _room(task, context_window, max_tokens)
        if not retrieval:
            return {"excerpts": [], "tree": tree(files(task), characters)}
        only = changed_files(task.canonical_solution or "") if source == "oracle" else []
        found = excerpts(files(task), task.prompt, characters, only)
        return {"excerpts": found, "tree": "", "retrieved": [each.name for each in found]}

    first, repair = WORDINGS[agent]
    return (TemplatePrompt if agent == SINGLE else AgentPrompt)(first, repair, _kept(show), own=own)


class AgentPrompt(TemplatePrompt):
    """The prompt of an agent: a system message besides, as mini-swe-agent has it."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._system = TEMPLATES.joinpath(SYSTEM).read_text(encoding="utf-8").strip()
        self.hash = fingerprint([self.hash, self._system])[:16]

    def first(self, task: Task) -> list[Message]:
        """Return the system message, and the user's that states the task."""
        return [{"role": "system", "content": self._system}, *super().first(task)]


def _kept(show: Callable[[Task], Mapping[str, Any]]) -> Callable[[Task], Mapping[str, Any]]:
    """Have what is shown of a task found once for all of its samples; of tasks long done it is forgotten."""
    shown: dict[str, Mapping[str, Any]] = {}
    lock = Lock()

    def context(task: Task) -> Mapping[str, Any]:
        with lock:
            found = shown.pop(task.fingerprint, None)
        found = found or show(task)  # takes a container: other tasks need not wait
        with lock:
            shown[task.fingerprint] = found
            for oldest in list(shown)[:-TASKS_KEPT]:
                del shown[oldest]
        return found

    return context


def _room(task: Task, context_window: int | None, max_tokens: int | None) -> int:
    tokens = (context_window or USUAL_WINDOW) - (max_tokens or USUAL_ANSWER)
    return max(LEAST, int(tokens * CHARACTERS_PER_TOKEN) - len(task.prompt) - INSTRUCTIONS)
