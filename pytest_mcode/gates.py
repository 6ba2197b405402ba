"""What decides between exit status 0 and 1, when a session is asked to decide by its results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mcode.settings import Settings
from pytest_mcode.tally import Tally

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["Decision", "check", "decide"]


@dataclass(frozen=True)
class Decision:
    """Whether the gates hold, and why."""

    holds: bool
    reason: str


def check(settings: Settings, store: "Store") -> None:
    """Raise `ConfigurationError` before the first item where a gate can't be decided at the end."""
    if settings.fail_under_run:
        from pytest_mcode.store.queries import find_run

        find_run(store, settings.fail_under_run)


def decide(settings: Settings, tally: Tally, store: "Store", run_id: str) -> Decision | None:
    """Return what the gates say; None where none is set. An infra outcome that is left fails any gate."""
    if settings.fail_under is None and settings.fail_under_run is None:
        return None
    if tally.infra:
        return Decision(False, f"{tally.infra} infra outcomes are left")
    decisions = []
    if settings.fail_under is not None:
        decisions.append(_rate(tally.pass_rate or 0.0, settings.fail_under))
    if settings.fail_under_run is not None:
        decisions.append(_regression(store, run_id, settings.fail_under_run, settings.margin))
    return Decision(all(each.holds for each in decisions), "; ".join(each.reason for each in decisions))


def _rate(rate: float, wanted: float) -> Decision:
    return Decision(rate >= wanted, f"pass rate {rate:.1%}, wanted {wanted:.1%}")


def _regression(store: "Store", run_id: str, other: str, margin: float) -> Decision:
    from pytest_mcode.cli.compare import load_comparison

    found = load_comparison(store, run_id, other)
    difference, low, high = found["difference"], found["low"], found["high"]
    span = f"[{100 * low:+.1f}, {100 * high:+.1f}], 95 % {found['interval']} interval,"
    return Decision(
        high >= -margin,
        f"{100 * difference:+.1f} points {span} to run {other} on {found['tasks']} tasks, "
        f"margin {100 * margin:.1f}",
    )
