"""Ways to choose one of a task's samples, each a function of what can be found out about them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.records import Choice
from pytest_mcode.selection.evidence import Evidence

__all__ = ["SELECTIONS", "choose"]


@dataclass(frozen=True)
class Pick:
    """A sample, and why it."""

    sample: int | None
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


def choose(by: str, evidence: Evidence) -> Choice:
    """Return the sample that the way `by` chooses, and what choosing took; raises as its parts do."""
    evidence.start()
    pick = SELECTIONS[by](evidence)
    passed = pick.sample is not None and evidence.samples[pick.sample].verdict.passed
    return Choice(
        by=by,
        sample=pick.sample,
        passed=passed,
        reason=pick.reason,
        details=pick.details,
        **evidence.cost,
    )


def first(evidence: Evidence) -> Pick:
    """Choose the first sample that has a solution: what one sample would have given."""
    sample = min(evidence.solutions, default=None)
    if sample is None:
        return Pick(None, "no sample has a solution")
    return Pick(sample, "the first" if sample == 0 else "the first that has a solution")


def public(evidence: Evidence) -> Pick:
    """Choose the first sample that passes what the prompt shows, as AlphaCode filters (arXiv:2203.07814)."""
    details = {"judging": True} if evidence.shows_judging_tests else {}
    for sample in evidence.solutions:
        passed = evidence.passes_publicly(sample)
        if passed is None:
            return _instead(evidence, "the prompt shows no test")
        if passed:
            return Pick(sample, "the first that passes what the prompt shows", details)
    return _instead(evidence, "none passes what the prompt shows", details)


def vote(evidence: Evidence) -> Pick:
    """Choose of the largest group of samples that give equal outputs on the same inputs.

    MBR-EXEC (Shi et al. 2022, arXiv:2204.11454): with a loss of 1 where any output differs, the sample of
    least Bayes risk is one of the largest group; AlphaCode clusters likewise (Li et al. 2022,
    arXiv:2203.07814, section 4.6). Samples that fail on every input that the prompt shows have no vote;
    derived inputs on which most samples raise do not count, since the task hardly allows them. Of groups of
    one size that of the earliest sample is taken.
    """
    shown, derived = evidence.harness.inputs(evidence.task, evidence.seed)
    if not shown:
        return _instead(evidence, "the prompt shows no input to run samples on")
    return _voted(evidence, shown, derived)


def vote_model(evidence: Evidence) -> Pick:
    """Choose as `vote`, also on inputs that the model proposes: those of the tests that it writes.

    AlphaCode has a model of its own for them (Li et al. 2022, arXiv:2203.07814, section 4.6). What the tests
    say of outputs is not looked at.
    """
    shown, derived = evidence.harness.inputs(evidence.task, evidence.seed)
    proposed = [each for each in evidence.proposed_inputs() if each not in {*shown, *derived}]
    if not shown and not proposed:
        return _instead(evidence, "neither the prompt nor the model has an input to run samples on")
    return _voted(evidence, shown, [*derived, *proposed])


def _voted(evidence: Evidence, shown: Sequence[str], derived: Sequence[str]) -> Pick:
    found, first_ones = evidence.values([*shown, *derived]), len(shown) or len(derived)
    voters = {
        sample: values
        for sample, values in found.items()
        if not all(_failed(each) for each in values[:first_ones])
    }
    if not voters:
        return _instead(evidence, "no sample runs on these inputs")
    failures = [sum(map(_failed, column)) for column in zip(*voters.values(), strict=True)]
    kept = [n for n, failed in enumerate(failures) if n < len(shown) or 2 * failed <= len(voters)]
    groups = _groups({sample: tuple(values[n] for n in kept) for sample, values in voters.items()})
    largest = max(groups, key=lambda samples: (len(samples), -samples[0]))
    return Pick(
        largest[0],
        f"{len(largest)} of {len(evidence.samples)} samples agree on {len(kept)} inputs",
        {"groups": groups, "inputs": len(kept)},
    )


def tests(evidence: Evidence) -> Pick:
    """Choose by tests that the model writes, as CodeT does (Chen et al. 2022, arXiv:2207.10397, section 2.2).

    Samples that pass the same tests are a consensus set; its score is the number of its samples times the
    number of these tests (the paper's product; the authors' code takes the root of the first).
    """
    written = evidence.written_tests()
    if not written:
        return _instead(evidence, "the model wrote no test that could be read")
    passed = evidence.passed_tests(written)
    groups = _groups(passed)
    scores = {samples[0]: len(samples) * len(passed[samples[0]]) for samples in groups}
    best = max(groups, key=lambda samples: (scores[samples[0]], -samples[0]), default=None)
    if best is None or not scores[best[0]]:
        return _instead(evidence, f"no sample passes any of {len(written)} written tests", {"tests": written})
    count = len(passed[best[0]])
    return Pick(
        best[0],
        f"{len(best)} of {len(evidence.samples)} samples pass the same {count} of {len(written)} tests",
        {"groups": groups, "scores": [scores[samples[0]] for samples in groups], "tests": written},
    )


SELECTIONS: Mapping[str, Callable[[Evidence], Pick]] = {
    "first": first,
    "public": public,
    "vote": vote,
    "vote-model": vote_model,
    "tests": tests,
}
"""Ways to choose by name."""


def _instead(evidence: Evidence, why: str, details: Mapping[str, Any] | None = None) -> Pick:
    """Take the first sample where a way says nothing."""
    return Pick(first(evidence).sample, f"{why}: the first sample", details or {})


def _groups(found: Mapping[int, Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for sample in sorted(found):
        groups.setdefault(found[sample], []).append(sample)
    return list(groups.values())


def _failed(value: str | None) -> bool:
    return value is None or value.startswith("!")
