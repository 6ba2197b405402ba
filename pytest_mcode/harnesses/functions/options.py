"""Options that mean something to functions to write alone."""

from dataclasses import dataclass
from typing import Literal

from pytest_mcode.options import choice, count, option
from pytest_mcode.settings import DEFAULT_IMAGE

__all__ = ["FunctionOptions"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FunctionOptions:
    """What solutions run in, and which solved tasks a prompt shows."""

    image: str = option("Image of the sandbox.", metavar="IMAGE", default=DEFAULT_IMAGE, changes_result=True)
    isolation: str = option(
        "fork: one container a worker, new processes for every attempt; fresh: a container an attempt.",
        choice("fork", "fresh"),
        metavar="HOW",
        default="fork",
    )
    extract: Literal["standard", "whole"] = option(
        "What of a completion is judged: standard (without the model's own examples: bare asserts, calls, "
        "prints, a main guard), whole (as it stands).",
        choice("standard", "whole"),
        metavar="WHAT",
        default="standard",
        changes_result=True,
    )
    retrieval_k: int = count(
        "Solved tasks that --mcode-retrieval shows, the most similar ones by BM25.",
        1,
        metavar="K",
        default=3,
        changes_result=True,
    )
    retrieval_dataset: str | None = option(
        "Where those solved tasks come from: as --mcode-dataset.", metavar="PATH|ID"
    )
