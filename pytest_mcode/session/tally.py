"""Counts over the outcomes of one session, for its summary and its exit status."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mcode.records import REFUSALS, Choice, TaskOutcome

if TYPE_CHECKING:
    from pytest_mcode.analysis.figure import Interval, Withheld

__all__ = ["Tally"]


@dataclass
class Tally:
    """Grows as outcomes arrive."""

    solved: int = 0
    solved_in_process: int = 0
    """Those of them that passed in one process with their tests."""
    solved_flagged: int = 0
    """Those of them that were solved by what could decide its own verdict."""
    unsolved: int = 0
    infra: int = 0
    infra_in_a_row: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    """Why attempts of agents ended."""
    steps: int = 0
    """Of agents."""
    attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    helper_prompt_tokens: int = 0
    helper_completion_tokens: int = 0
    """Of the helper model: in none of the others."""
    repeats: int = 0
    """Attempts whose solution an earlier one at the task had."""
    repeat_tokens: int = 0
    attempts_without_tokens: int = 0
    """Those whose server did not report all of them: what is summed up is too little."""
    generation_seconds: float = 0.0
    execution_seconds: float = 0.0
    """Of all verdicts, also those given at the same time by several workers."""
    failures: Counter[str] = field(default_factory=Counter)
    """Verdict of the last attempt of each unsolved task."""
    infra_causes: list[tuple[str, str]] = field(default_factory=list)
    """Of each such task its id and the cause."""
    by_test: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Solved and judged tasks of each test function."""
    cluster: Callable[[str], str | None] = lambda task_id: None
    """Which tasks go together, by the harness."""
    _results: list[tuple[str | None, bool]] = field(default_factory=list)
    """Of each judged task its cluster, and whether it was solved."""
    overridden: dict[str, dict[str, str]] = field(default_factory=dict)
    """By test function: what took the place of our fixtures, by their names."""

    chosen: dict[str, list[tuple[Choice, bool]]] = field(default_factory=dict)
    """By way of choosing, of each task: the choice, and whether some sample passes."""

    def add(self, outcome: TaskOutcome) -> None:
        """Count one task."""
        for choice in outcome.choices:
            able = any(attempt.verdict.passed for attempt in outcome.attempts)
            self.chosen.setdefault(choice.by, []).append((choice, able))
        self.overridden[outcome.test] = self.overridden.get(outcome.test, {}) | outcome.overridden
        self.attempts += len(outcome.attempts)
        self.prompt_tokens += sum(attempt.prompt_tokens or 0 for attempt in outcome.attempts)
        self.completion_tokens += sum(attempt.completion_tokens or 0 for attempt in outcome.attempts)
        self.generation_seconds += sum(attempt.generation_seconds for attempt in outcome.attempts)
        for attempt in outcome.attempts:
            if "agent" in attempt.extra:
                self.ended[str(attempt.extra.get("ended", "not told"))] += 1
                self.steps += len(attempt.extra.get("steps", ()))
            self.helper_prompt_tokens += attempt.helper_tokens("prompt_tokens") or 0
            self.helper_completion_tokens += attempt.helper_tokens("completion_tokens") or 0
        repeats = [attempt for attempt in outcome.attempts if attempt.is_repeat]
        self.repeats += len(repeats)
        self.repeat_tokens += sum(
            (each.prompt_tokens or 0) + (each.completion_tokens or 0) for each in repeats
        )
        sent = [attempt for attempt in outcome.attempts if attempt.verdict.kind not in REFUSALS]
        self.attempts_without_tokens += sum(
            None in (attempt.prompt_tokens, attempt.completion_tokens) for attempt in sent
        )
        self.execution_seconds += sum(attempt.verdict.seconds for attempt in outcome.attempts)
        if outcome.status == "infra":
            self.infra += 1
            self.infra_in_a_row += 1
            self.infra_causes.append((outcome.task_id, outcome.error))
            return
        self.infra_in_a_row = 0
        self._results.append((self.cluster(outcome.task_id), outcome.status == "solved"))
        solved, judged = self.by_test.get(outcome.test, (0, 0))
        self.by_test[outcome.test] = (solved + (outcome.status == "solved"), judged + 1)
        if outcome.status == "solved":
            self.solved += 1
            self.solved_in_process += any(each.verdict.passed_in_process for each in outcome.attempts)
            self.solved_flagged += any(each.passed_flagged for each in outcome.attempts)
        else:
            self.unsolved += 1
            self.failures[outcome.attempts[-1].verdict.kind if outcome.attempts else "not judged"] += 1

    def with_ahead(self, solved: int, unsolved: int) -> "Tally":
        """Return the counts of tasks, with those that were judged and not added yet."""
        results = [*self._results, *[(None, True)] * solved, *[(None, False)] * unsolved]
        return Tally(solved=self.solved + solved, unsolved=self.unsolved + unsolved, _results=results)

    @property
    def own_solvers(self) -> set[str]:
        """The files or test functions that took the place of our solver."""
        return {each["mcode_solver"] for each in self.overridden.values() if "mcode_solver" in each}

    @property
    def judged(self) -> int:
        """Tasks that count: infra outcomes are outside the denominator."""
        return self.solved + self.unsolved

    @property
    def interval(self) -> "Interval | Withheld":
        """The pass rate's, over clusters of tasks where there are any; see `clusters.rate_interval`."""
        from pytest_mcode.analysis.clusters import rate_interval

        return rate_interval([float(solved) for _, solved in self._results], self._clusters)

    @property
    def rate(self) -> dict[str, Any]:
        """The pass rate with its interval, as a `live.Picture` has them."""
        from pytest_mcode.results.picture import interval_of

        return interval_of([solved for _, solved in self._results], self._clusters)

    @property
    def _clusters(self) -> list[str] | None:
        found = [cluster for cluster, _ in self._results]
        known = [cluster for cluster in found if cluster is not None]
        return known if known and len(known) == len(found) else None

    @property
    def pass_rate(self) -> float | None:
        """Solved / judged; None where nothing was judged."""
        return self.solved / self.judged if self.judged else None
