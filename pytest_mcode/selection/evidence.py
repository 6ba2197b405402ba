"""What can be found out about samples without the judging tests, and what finding it out costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.deciding import answers
from pytest_mcode.errors import ContentFilterError, ContextOverflowError
from pytest_mcode.harnesses import checked
from pytest_mcode.harnesses.protocol import TRUE, Harness
from pytest_mcode.models import Model, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.records import Attempt, Task, Verdict, fingerprint

__all__ = ["TESTS_REQUESTS", "Evidence"]

TESTS_REQUESTS = 3
"""How often a model is asked for tests of one task."""


@dataclass
class Evidence:
    """One task's samples, the sandbox in which they run, and the model that may be asked."""

    task: Task
    harness: Harness
    sandbox: Any
    attempts: Sequence[Attempt]
    seed: int = 0
    """What derived inputs and requests for tests go by."""
    model: Model | None = None
    cost: dict[str, Any] = field(default_factory=dict)
    """Fields of a `Choice`."""

    def __post_init__(self) -> None:
        """Take of each sample the attempt that it would hand in, by number."""
        handed_in = answers(self.attempts, unjudged=True)
        self.samples: Mapping[int, Attempt] = {attempt.sample: attempt for attempt in handed_in}
        self._values: dict[tuple[str, ...], dict[str, tuple[str | None, ...]]] = {}
        self._public: dict[str, Verdict | None] = {}
        self.start()

    def start(self) -> None:
        """Count costs anew: a choice is charged for all that it would have needed alone."""
        self.cost = {
            **{"executions": 0, "execution_seconds": 0.0},
            **{"prompt_tokens": 0, "completion_tokens": 0, "generation_seconds": 0.0},
        }
        self._values.clear()
        self._public.clear()

    @property
    def solutions(self) -> dict[int, str]:
        """The samples that have a solution."""
        return {number: each.solution for number, each in self.samples.items() if each.solution is not None}

    @property
    def shows_judging_tests(self) -> bool:
        """Whether the prompt shows all that judges, as MBPP's does."""
        shown = (self.task.public_test or "").splitlines()
        return bool(shown) and set(self.task.test.splitlines()) <= set(shown)

    def passes_publicly(self, sample: int) -> bool | None:
        """Whether a sample passes what the prompt shows; None where that shows nothing."""
        attempt = self.samples[sample]
        verdict = attempt.public_verdict
        if verdict is None and attempt.solution is not None:
            if attempt.solution not in self._public:
                found = checked.judge_publicly(self.harness, self.task, attempt.solution, self.sandbox)
                self._public[attempt.solution] = found
                self._executed(found.seconds if found else None)
            verdict = self._public[attempt.solution]
        return verdict.passed if verdict else None

    def values(self, expressions: Sequence[str]) -> dict[int, tuple[str | None, ...]]:
        """Return by sample what `expressions` are for its solution; equal solutions run once."""
        known = self._values.setdefault(tuple(expressions), {})
        for solution in dict.fromkeys(self.solutions.values()):
            if solution not in known:
                found = self.harness.evaluate(self.task, solution, expressions, self.sandbox)
                self._executed(found.seconds)
                known[solution] = found.values
        return {sample: known[solution] for sample, solution in self.solutions.items()}

    def passed_tests(self, tests: Sequence[str]) -> dict[int, frozenset[int]]:
        """Return by sample the numbers of the `tests` that its solution passes."""
        found = self.values([f"bool({test})" for test in tests])
        return {
            sample: frozenset(number for number, value in enumerate(values) if value == TRUE)
            for sample, values in found.items()
        }

    def written_tests(self) -> list[str]:
        """Return the tests that the model writes, each once."""
        assert self.model is not None
        messages, found = self.harness.tests_request(self.task), list[str]()
        for number in range(TESTS_REQUESTS):
            seed = int(fingerprint([self.seed, self.task.task_id, "tests", number])[:8], 16) & 0x7FFFFFFF
            request = Request(messages=messages, seed=seed, task=self.task)
            try:
                completion = ask(self.model, request)
            except (ContextOverflowError, ContentFilterError):
                continue
            self._generated(completion.prompt_tokens, completion.completion_tokens, completion.seconds)
            found += self.harness.find_tests(completion.text, self.task)
        return list(dict.fromkeys(found))

    def proposed_inputs(self) -> list[str]:
        """Return the calls in the tests that the model writes, whatever it says that they should give."""
        found = (each for test in self.written_tests() for each in self.harness.calls_in(test, self.task))
        return list(dict.fromkeys(found))

    def _executed(self, seconds: float | None) -> None:
        if seconds is not None:
            self.cost["executions"] += 1
            self.cost["execution_seconds"] += seconds

    def _generated(self, prompt: int | None, completion: int | None, seconds: float) -> None:
        for name, count in (("prompt_tokens", prompt), ("completion_tokens", completion)):
            total = self.cost[name]
            self.cost[name] = None if count is None or total is None else total + count
        self.cost["generation_seconds"] += seconds
