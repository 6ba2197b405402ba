"""What decides between exit status 0 and 1, when a session is asked to decide by its results."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.tally import Tally
from pytest_mcode.settings import Settings

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["Decision", "check", "decide", "resolve"]


@dataclass(frozen=True)
class Decision:
    """Whether the gates hold, and why."""

    holds: bool
    reason: str


def resolve(settings: Settings, store: "Store") -> Settings:
    """Return `settings` with the run of ``--mcode-fail-under-run`` by its whole id.

    At the end ``latest`` would be the session's own. Raises `ConfigurationError` where there is no such run.
    """
    from pytest_mcode.store.queries import find_run

    if settings.fail_under_run is None:
        return settings
    return replace(settings, fail_under_run=find_run(store, settings.fail_under_run)["run_id"])


def check(settings: Settings, run_id: str) -> None:
    """Raise `ConfigurationError` where the gate would compare the run with itself."""
    if settings.fail_under_run == run_id:
        raise ConfigurationError(
            f"--mcode-fail-under-run: run {run_id} is the one that this session goes on with; name another"
        )


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
    from pytest_mcode.results import Results

    found = Results(store).compare(run_id, other)
    difference, decisive = found["difference"], found["decisive"]
    if "reason" in decisive:
        return Decision(
            False, f"{100 * difference:+.1f} points to run {other}, undecided: {decisive['reason']}"
        )
    low, high = decisive["low"], decisive["high"]
    span = f"[{100 * low:+.1f}, {100 * high:+.1f}], 95 % {decisive['method']} interval,"
    return Decision(
        high >= -margin,
        f"{100 * difference:+.1f} points {span} to run {other} on {found['tasks']} tasks, "
        f"margin {100 * margin:.1f}",
    )
