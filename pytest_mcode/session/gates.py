"""What decides between exit status 0 and 1, when a session is asked to decide by its results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task
from pytest_mcode.session.tally import Tally
from pytest_mcode.settings import Settings

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["Decision", "check", "decide", "decide_of", "resolve"]


@dataclass(frozen=True)
class Decision:
    """Whether the gates hold, and why."""

    holds: bool
    reason: str


def resolve(settings: Settings, store: "Store", tasks: Sequence[Task]) -> Settings:
    """Return `settings` with the run of ``--mcode-fail-under-run`` by its whole id.

    At the end ``latest`` would be the session's own. Raises `ConfigurationError` where there is no such run,
    or it judged none of the session's `tasks`.
    """
    from pytest_mcode.results.sides import load_side

    if settings.fail_under_run is None:
        return settings
    side = load_side(store, settings.fail_under_run)
    if all(side.fingerprints.get(task.task_id) != task.fingerprint for task in tasks):
        judged = f"it judged {len(side.scores)}" + (f" such as {min(side.scores)}" if side.scores else "")
        raise ConfigurationError(
            f"--mcode-fail-under-run: run {side.runs[0]['run_id']} has none of this session's {len(tasks)} "
            f"tasks with the same content ({judged}): name a run of the same benchmark and tasks"
        )
    return replace(settings, fail_under_run=settings.fail_under_run.replace("latest", side.runs[0]["run_id"]))


def check(settings: Settings, run_id: str) -> None:
    """Raise `ConfigurationError` where the gate would compare the run with itself."""
    if settings.fail_under_run == run_id:
        raise ConfigurationError(
            f"--mcode-fail-under-run: run {run_id} is the one that this session goes on with; name another"
        )


def decide(settings: Settings, tally: Tally, store: "Store", run_id: str) -> Decision | None:
    """Return what the gates say of a session's run; None where none is set."""
    return decide_of(
        store,
        run_id,
        infra=tally.infra,
        pass_rate=tally.pass_rate,
        fail_under=settings.fail_under,
        fail_under_run=settings.fail_under_run,
        margin=settings.margin,
    )


def decide_of(
    store: "Store",
    run: str,
    *,
    infra: int,
    pass_rate: float | None,
    fail_under: float | None,
    fail_under_run: str | None,
    margin: float,
) -> Decision | None:
    """Return what the gates say; None where none is set. An infra outcome that is left fails any gate."""
    if fail_under is None and fail_under_run is None:
        return None
    if infra:
        return Decision(False, f"{infra} infra outcomes are left")
    decisions = []
    if fail_under is not None:
        decisions.append(_rate(pass_rate or 0.0, fail_under))
    if fail_under_run is not None:
        decisions.append(_regression(store, run, fail_under_run, margin))
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
