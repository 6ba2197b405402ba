"""What a run would have solved, and cost, within smaller budgets: fewer samples, fewer repairs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from pytest_mcode.analysis.costs import AXES, Axis, mean_cost, spent
from pytest_mcode.analysis.passk import pass_at_k
from pytest_mcode.analysis.repair import passes
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.figures import UNPRICED
from pytest_mcode.results.prices import price_in
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, attempt_rows, task_rows

__all__ = ["STEPS", "Budget", "History", "history", "mean_if_known", "pooled", "strategy_of"]

STEPS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Numbers of samples at which a curve has points."""
NOT_MEASURED = "the model's time was not measured, as of replayed answers; match by attempts or by tokens"
UNKNOWN = {
    "tokens": "not all tokens were reported; match by attempts or by seconds",
    "model_seconds": NOT_MEASURED,
    "seconds": NOT_MEASURED,
    "price": "no price is known: give --price IN,OUT per million tokens, or --price-per-hour where not all "
    "tokens were reported",
}
"""Why a cost is unknown, and what to do, by axis."""
Sample = Sequence[Row]
"""Attempts by iteration, without texts."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """At most so many samples a task, each with at most so many repairs; sampling stops at a pass."""

    samples: int
    repairs: int
    strategy: str
    """What ``repairs`` are: ``repair``, or with ``resample`` fresh attempts without feedback."""
    scores: Mapping[str, float]
    """By task: the chance that it is solved within the budget; 0 or 1 where samples stopped at a pass."""
    draws: int
    """Independent draws behind a score: ⌊n/k⌋."""
    costs: Mapping[str, float | None]
    """Mean of a task, by axis of `costs.AXES`; None where that is unknown."""

    def amount(self, by: str) -> float:
        """Return how large the budget is: in samples, repairs, or on an axis on which its cost is known."""
        found = _amount(self, by)
        if found is None:
            raise ValueError(f"the cost in {by} is unknown")
        return found

    @property
    def rate(self) -> float:
        """The mean over tasks."""
        return sum(self.scores.values()) / len(self.scores)


class _Costed(NamedTuple):
    """A sample."""

    passed: bool
    costs: Mapping[str, float | None]
    """By axis."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The attempts of the tasks that a run judged."""

    run: Figures
    axes: Mapping[str, Axis]
    """What costs are counted in: `costs.AXES`, and the price where there is one."""
    tasks: Mapping[str, Sequence[Sample]]
    solved: Mapping[str, bool]

    @cached_property
    def is_fixed(self) -> bool:
        """Whether every sample was made of every task, so that any k of them are as good as the first k."""
        n = self.run["samples"]
        made = all(len(samples) == n for samples in self.tasks.values())
        return bool(self.run["all_samples"]) and bool(self.tasks) and made and self._is_any_pass

    @property
    def has_parts(self) -> bool:
        """Whether smaller budgets can be told: not of a solver of one's own, which does as it likes."""
        return self._is_any_pass and "mcode_solver" not in self.run["overridden"]

    @property
    def _is_any_pass(self) -> bool:
        """Whether a sample that passes solves its task, and a repair can only mend."""
        return bool(self.run["settings"].get("feedback") != "public")

    def over(self, tasks: Iterable[str]) -> "History":
        """Return the same of some tasks alone."""
        kept = list(tasks)
        return replace(
            self,
            tasks={task: self.tasks[task] for task in kept},
            solved={task: self.solved[task] for task in kept},
        )

    def whole(self) -> Budget:
        """Return the run as it was, every sample that it made paid for."""
        every = [[attempt for made in samples for attempt in made] for samples in self.tasks.values()]
        return Budget(
            samples=self.run["samples"],
            repairs=self.run["debug_iters"],
            strategy=strategy_of(self.run),
            scores={task: float(passed) for task, passed in self.solved.items()},
            draws=1,
            costs={
                name: mean_if_known([spent(attempts, axis) for attempts in every])
                for name, axis in self.axes.items()
            },
        )

    def within(self, k: int, repairs: int | None = None) -> Budget:
        """Return the run with at most `k` samples of at most so many repairs, all of them by default.

        Of fixed samples each score is pass@k, else whether one of the first k samples passed.
        """
        most = self.run["debug_iters"] if repairs is None else repairs
        draws = self._draws(most)
        passed = {task: [each.passed for each in samples] for task, samples in draws.items()}
        n = self.run["samples"]
        if self.is_fixed:
            scores = {task: pass_at_k(n, sum(each), k) for task, each in passed.items()}
        else:
            scores = {task: float(any(each[:k])) for task, each in passed.items()}
        return Budget(
            samples=k,
            repairs=most,
            strategy=strategy_of(self.run),
            scores=scores,
            draws=n // k if self.is_fixed else 1,
            costs={name: self._cost(draws.values(), k, name) for name in self.axes},
        )

    @cached_property
    def _drawn(self) -> dict[int, Mapping[str, Sequence[_Costed]]]:
        return {}

    def _draws(self, repairs: int) -> Mapping[str, Sequence[_Costed]]:
        """Return what each sample came to within so many repairs, by task; told once for all its uses."""
        if repairs not in self._drawn:
            self._drawn[repairs] = {
                task: [_costed(_cut(sample, repairs), self.axes) for sample in samples]
                for task, samples in self.tasks.items()
            }
        return self._drawn[repairs]

    def _cost(self, tasks: Iterable[Sequence[_Costed]], k: int, axis: str) -> float | None:
        if self.is_fixed:
            return mean_cost(([(each.passed, each.costs[axis]) for each in samples] for samples in tasks), k)
        whole = ([each.costs[axis] for each in samples[:k]] for samples in tasks)
        return mean_if_known([None if None in costs else sum(filter(None, costs)) for costs in whole])

    def budgets(self, by: str) -> list[Budget]:
        """Return the budgets that grow along an axis, the smallest first.

        By ``samples`` each with all its repairs, by ``repairs`` those of one sample, else `chain`. Raises
        `ConfigurationError` where a cost on the axis is unknown.
        """
        repairs, found = self.run["debug_iters"], self.chain()
        if len(found) > 1 and by == "samples":
            found = [each for each in found if each.repairs == repairs]
        if len(found) > 1 and by == "repairs":
            found = [each for each in found if each.samples == 1]
        if any(_amount(each, by) is None for each in found):
            raise ConfigurationError(f"--by={by}: of run {self.run['run_id']} {self._why_unknown(by)}")
        return found

    def _why_unknown(self, by: str) -> str:
        prices = self.run.get("prices")
        if by != "price" or prices is None:
            return UNKNOWN.get(by, "that is unknown")
        has_time = self.whole().costs["model_seconds"] is not None
        return UNPRICED if has_time or not prices["per_hour"] else NOT_MEASURED

    def chain(self, steps: Sequence[int] | None = None) -> list[Budget]:
        """Return budgets that grow one from the other: repairs of one sample first, then more samples.

        Only the whole run where it has no parts.
        """
        if not self.has_parts:
            return [self.whole()]
        n, repairs = self.run["samples"], self.run["debug_iters"]
        first = [self.within(1, most) for most in range(repairs + 1)]
        return first + [self.within(k) for k in (steps or _every(n)) if 1 < k <= n]


def pooled(repeats: Sequence[History]) -> History:
    """Return repeats of one configuration as one run, whose samples are theirs: each is a draw at its task.

    So runs of single samples, with seeds of their own, give a curve too. Of each task as many samples count
    as of the one that has the fewest. Raises `ConfigurationError` where sampling went by the outcome.
    """
    first, ids = repeats[0].run, ", ".join(each.run["run_id"] for each in repeats)
    if len(repeats) == 1:
        return repeats[0]
    if not repeats[0].has_parts:
        raise ConfigurationError(f"runs {ids} have no smaller budgets to be cut to: name one of them")
    if first["samples"] > 1 and not first["all_samples"]:
        raise ConfigurationError(
            f"runs {ids} stopped sampling at the first pass, so that their samples cannot be taken together: "
            "name one of them, or make them with --all-samples"
        )
    samples: dict[str, list[Sample]] = {}
    for each in repeats:
        for task, made in each.tasks.items():
            samples.setdefault(task, []).extend(made)
    fewest = min(map(len, samples.values()))
    run = {**first, "samples": fewest, "all_samples": True, "prices": _mean_price(repeats)}
    return History(
        run=run,
        axes=price.axes if (price := price_in(run)) else AXES,
        tasks={task: made[:fewest] for task, made in samples.items()},
        solved={task: any(map(passes, made[:fewest])) for task, made in samples.items()},
    )


def _mean_price(repeats: Sequence[History]) -> dict[str, Any] | None:
    """Return the price of the first, with the machine's time by that of the requests over all of them."""
    first: dict[str, Any] | None = repeats[0].run["prices"]
    asked = [each.run["generation_seconds"] for each in repeats]
    if first is None or not sum(asked):
        return first
    shares = [each.run["prices"]["machine_share"] for each in repeats]
    busy = sum(share * each for share, each in zip(shares, asked, strict=True))
    return {**first, "machine_share": busy / sum(asked)}


def strategy_of(run: Mapping[str, Any]) -> str:
    """Return how a run spent the attempts after a sample's first one."""
    return str(run["settings"].get("strategy", "repair"))


def _amount(budget: Budget, by: str) -> float | None:
    own = {"samples": budget.samples, "repairs": budget.repairs}
    return own[by] if by in own else budget.costs.get(by)


def _every(n: int) -> list[int]:
    """Return all numbers of samples up to 20, beyond in steps of a tenth at most, and the last."""
    found, k = [], 1
    while k < n:
        found.append(k)
        k += max(1, k // 10) if k >= 20 else 1
    return [*found, n]


def history(store: Store, run: Figures) -> History:
    """Load the attempts of a run's judged tasks; one of which there is no attempt solved nothing."""
    attempts = attempt_rows(store, run["run_id"], run["test"])
    rows = [row for row in task_rows(store, [run["run_id"]], run["test"]) if row["status"] != "infra"]
    return History(
        run=run,
        axes=price.axes if (price := price_in(run)) else AXES,
        tasks={row["task_id"]: attempts.get(row["task_id"], []) for row in rows},
        solved={row["task_id"]: row["status"] == "solved" for row in rows},
    )


def _cut(sample: Sample, repairs: int) -> Sample:
    return [attempt for attempt in sample if attempt["iteration"] <= repairs]


def _costed(sample: Sample, axes: Mapping[str, Axis]) -> _Costed:
    return _Costed(passes(sample), {name: spent(sample, axis) for name, axis in axes.items()})


def mean_if_known(costs: Sequence[float | None]) -> float | None:
    """Return the mean; None where one of them is unknown, or there is none."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) / len(known) if known and len(known) == len(costs) else None
