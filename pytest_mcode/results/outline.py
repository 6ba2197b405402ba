"""What samples of a run passed and cost, from sums that the store makes: enough for a curve over samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_mcode.analysis.costs import Price, reached
from pytest_mcode.analysis.passk import pass_at_k
from pytest_mcode.results.prices import price_in
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store
from pytest_mcode.store.sums import sample_sums, samples_by_task

__all__ = ["Outline", "outlines"]

Costs = Mapping[str, float | None]
"""Mean of a task, by axis of `analysis.costs.AXES`, and the price where there is one; None where unknown."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """The samples of the tasks that a run judged, those alike in one; `budgets.History` has each attempt.

    Both say the same of what both can tell.
    """

    run: Figures
    tasks: Mapping[str, tuple[bool, int, int]]
    """Whether solved, samples, samples passed; see `store.sums.samples_by_task`."""
    sums: Sequence[Mapping[str, Any]]
    """See `store.sums.sample_sums`."""

    @cached_property
    def is_fixed(self) -> bool:
        """Whether every sample was made of every task, so that any k of them are as good as the first k."""
        n = self.run["samples"]
        made = all(samples == n for _, samples, _ in self.tasks.values())
        is_any_pass = self.run["settings"].get("feedback") != "public"
        return bool(self.run["all_samples"]) and bool(self.tasks) and made and is_any_pass

    def scores(self, k: int | None = None) -> dict[str, float]:
        """Return each task's pass@k of fixed samples; whether it was solved where no `k` is given."""
        if k is None:
            return {task: float(solved) for task, (solved, _, _) in self.tasks.items()}
        n = self.run["samples"]
        chance = [pass_at_k(n, passed, k) for passed in range(n + 1)]
        return {task: chance[passed] for task, (_, _, passed) in self.tasks.items()}

    def costs(self, k: int | None = None) -> Costs:
        """Return what fixed samples cost when up to `k` are drawn, until one passes; all where none is given.

        See `analysis.costs.cost_until_pass`, which is a sum over samples: so those alike count together.
        """
        n = self.run["samples"]
        shares = [
            1.0 if k is None else reached(n, n - each["samples_passed"] - (not each["passed"]), k)
            for each in self.sums
        ]
        return {
            axis: None if None in amounts or not self.tasks else _mean(amounts, shares, len(self.tasks))
            for axis, amounts in self._amounts.items()
        }

    @cached_property
    def _amounts(self) -> Mapping[str, Sequence[float | None]]:
        price = price_in(self.run)
        found = {
            "attempts": [each["attempts"] for each in self.sums],
            "tokens": [_tokens(each) for each in self.sums],
            "model_seconds": [_if_timed(each, each["generation_seconds"]) for each in self.sums],
            "seconds": [
                _if_timed(each, each["generation_seconds"] + each["execution_seconds"]) for each in self.sums
            ],
        }
        return found | ({"price": [_price(each, price) for each in self.sums]} if price else {})


def outlines(store: Store, runs: Sequence[Figures]) -> list[Outline]:
    """Return the outline of each run's test function, in two queries for all of them."""
    ids = sorted({run["run_id"] for run in runs})
    tasks, sums = samples_by_task(store, ids), sample_sums(store, ids)
    keys = [(run["run_id"], run["test"]) for run in runs]
    return [
        Outline(run=run, tasks=tasks.get(key, {}), sums=sums.get(key, []))
        for run, key in zip(runs, keys, strict=True)
    ]


def _mean(amounts: Sequence[float | None], shares: Sequence[float], tasks: int) -> float:
    return sum(share * (amount or 0) for share, amount in zip(shares, amounts, strict=True)) / tasks


def _helped(each: Mapping[str, Any]) -> float:
    return float(each["helper_prompt_tokens"] + each["helper_completion_tokens"])


def _tokens(each: Mapping[str, Any]) -> float | None:
    return None if each["untold"] else each["prompt_tokens"] + each["completion_tokens"] + _helped(each)


def _if_timed(each: Mapping[str, Any], seconds: float) -> float | None:
    return None if each["untimed"] else seconds


def _price(each: Mapping[str, Any], price: Price) -> float | None:
    """Return what such samples cost; a helper's tokens have another price, see `analysis.costs.Price`."""
    if _helped(each) or (price.per_hour is not None and each["timeless"]):
        return None
    prompt, completion = (
        None if each["untold"] else each[name] for name in ("prompt_tokens", "completion_tokens")
    )
    return price.of(prompt, completion, each["generation_seconds"])
