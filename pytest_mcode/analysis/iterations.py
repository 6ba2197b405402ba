"""What came of the repairs of a run, iteration by iteration, and what they cost."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from pytest_mcode.analysis.costs import AXES, spent

__all__ = ["by_iteration"]

Attempt = Mapping[str, Any]
"""See `costs.Attempt`; ``repeat_of``, and ``examples`` (``+`` passed, ``-`` failed, ``.`` not run)."""


def by_iteration(samples: Sequence[Sequence[Attempt]], *, repeats_known: bool) -> list[dict[str, Any]]:
    """Return, for each iteration at which repairs were made, counts over the repairs of all samples.

    ``repaired`` passed, ``failing`` did not; ``repeated`` had the code of an earlier attempt at their task
    (None: older runs did not look), and ``newly_broken`` fail a test of the prompt that the attempt before
    passed (None where no pair was told apart). ``tokens`` is None where a server did not report them.
    """
    pairs: dict[int, list[tuple[Attempt, Attempt]]] = {}
    for sample in samples:
        for before, after in pairwise(sample):
            pairs.setdefault(after["iteration"], []).append((before, after))
    return [_iteration(number, pairs[number], repeats_known) for number in sorted(pairs)]


def _iteration(number: int, pairs: Sequence[tuple[Attempt, Attempt]], repeats_known: bool) -> dict[str, Any]:
    repairs = [after for _, after in pairs]
    repaired = sum(after["verdict"] == "passed" for after in repairs)
    broken = [each for each in (_is_newly_broken(*pair) for pair in pairs) if each is not None]
    repeated = sum(after.get("repeat_of") is not None for after in repairs)
    return {
        "iteration": number,
        "repairs": len(repairs),
        "repaired": repaired,
        "failing": len(repairs) - repaired,
        "repeated": repeated if repeats_known else None,
        "newly_broken": sum(broken) if broken else None,
        "tokens": spent(repairs, AXES["tokens"]),
    }


def _is_newly_broken(before: Attempt, after: Attempt) -> bool | None:
    one, other = before.get("examples"), after.get("examples")
    if not one or not other or len(one) != len(other):
        return None
    return any((was, now) == ("+", "-") for was, now in zip(one, other, strict=True))
