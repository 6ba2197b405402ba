"""What every task must hold, whatever it asks for: its id becomes a pytest item's, its tags become marks."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pytest_mcode.records import Task

__all__ = ["are_names", "check_id", "check_tags", "check_task", "repeated"]

MARKS_OF_PYTEST = ("filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail")
TEXTS = ("task_id", "prompt", "test", "setup")
TEXTS_OR_NONE = ("canonical_solution", "public_test")


def check_task(task: Any) -> None:
    """Raise ValueError where `task` is not a `Task`, or a field of it is of another type than declared."""
    if not isinstance(task, Task):
        raise ValueError(f"it is a {type(task).__name__}, not a pytest_mcode.Task")
    for name in (*TEXTS, *(name for name in TEXTS_OR_NONE if getattr(task, name) is not None)):
        if not isinstance(getattr(task, name), str):
            raise ValueError(f"{name} must be a text, not {type(getattr(task, name)).__name__}")
    check_id(task.task_id)
    check_tags(task.tags)


def check_id(task_id: str) -> None:
    """Raise ValueError where an id cannot be the id of a pytest item."""
    if not task_id.isascii() or not task_id.isprintable() or set(task_id) & set("[]") or "::" in task_id:
        raise ValueError(f"task_id {task_id!r}: give printable ASCII without brackets and '::'")
    if not task_id.strip():
        raise ValueError("task_id is empty")


def are_names(values: Any) -> bool:
    """Whether `values` is a list or tuple of Python's identifiers."""
    return isinstance(values, list | tuple) and all(
        isinstance(value, str) and value.isidentifier() for value in values
    )


def check_tags(tags: Any) -> None:
    """Raise ValueError where tags cannot become marks."""
    if not are_names(tags):
        raise ValueError(f"tags must be a list of names that can be pytest marks, not {tags!r}")
    if taken := set(tags) & set(MARKS_OF_PYTEST) or {tag for tag in tags if tag.startswith("_")}:
        raise ValueError(f"tag {taken.pop()!r} means something else to pytest; take another word")


def repeated(tasks: Iterable[Task]) -> dict[str, int]:
    """Return the ids that several tasks have, and how many have them."""
    counts = Counter(task.task_id for task in tasks)
    return {task_id: count for task_id, count in counts.items() if count > 1}
