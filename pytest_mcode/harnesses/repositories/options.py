"""Options that mean something to repositories and their issues alone."""

from dataclasses import dataclass
from typing import ClassVar

from pytest_mcode.options import choice, count, number, option, size, switch

__all__ = ["SINGLE", "RepositoryOptions"]

SINGLE = "single"
"""The agent that answers once; the others type commands."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RepositoryOptions:
    """Who resolves an issue, what is shown of the repository, and which image it is in."""

    TITLE: ClassVar[str] = "SWE-bench"

    retrieval_source: str = option(
        "What matches in repositories: bm25, or oracle (the files that the reference solution changes).",
        choice("bm25", "oracle"),
        metavar="SOURCE",
        default="bm25",
        changes_result=True,
    )
    agent: str = option(
        "Who resolves a repository's issue: single (one completion) or mini (command by command, as "
        "mini-swe-agent; bash is another name of it).",
        choice("single", "mini", "bash"),
        metavar="NAME",
        default="single",
        changes_result=True,
    )
    max_steps: int = count(
        "Most answers of one attempt of the agent.", 1, default=250, changes_result=True, first_default=50
    )
    agent_timeout: float | None = number(
        "Seconds that one attempt of the agent may take, the model's included; default: no limit.",
        1,
        metavar="SECONDS",
        changes_result=True,
        came_later=True,
    )
    max_price: float | None = number(
        "Most that one attempt of the agent may cost, by --mcode-price and its kin; default: no limit.",
        0,
        metavar="PRICE",
        changes_result=True,
        came_later=True,
    )
    judge_unsubmitted: bool = switch(
        "Judge what an agent has changed when a limit ends it before it submits.",
        changes_result=True,
        came_later=True,
    )
    leave_scratch: bool = switch(
        "Leave an agent's new files that no tracked file refers to out of its patch.",
        changes_result=True,
        came_later=True,
    )
    network: bool = switch("Let a repository's tests reach the network.", changes_result=True)
    strict: bool = switch(
        "Judge a patch that passes once more without its edits to tests and to what runs them.",
        changes_result=True,
        came_later=True,
    )
    namespace: str | None = option(
        "Registry namespace of the tasks' images; `none` for images built here; default: the dataset's own.",
        metavar="NAME",
        changes_result=True,
    )
    arch: str = option(
        "Architecture of the tasks' images: auto (the Docker engine's), x86_64, arm64.",
        choice("auto", "x86_64", "arm64"),
        metavar="ARCH",
        default="auto",
        changes_result=True,
    )
    image_cache: str | None = option(
        "Disk that pulled images may take, such as 60g: the least recently used go first; default: all stay.",
        size,
        metavar="SIZE",
    )
    max_workers: int = count("Images of tasks that are pulled or built at the same time.", 1, default=4)
    task_repo: str | None = option(
        "Checkout of SWE-bench's task repository: build the tasks' images instead of pulling them.",
        metavar="PATH",
    )
    force_rebuild: bool = switch("Build images anew that are there already.")
