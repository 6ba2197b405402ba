"""Going on with a run: which one, whether it is the same configuration, and what is judged already."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Attempt, TaskOutcome
from pytest_mcode.session.plan import Plan
from pytest_mcode.settings import option_specs

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["Earlier", "find_earlier", "is_begun"]

Key = tuple[str, str]
"""Test function and task id."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A run to go on with."""

    run_id: str
    planned: int
    judged: Mapping[Key, TaskOutcome]
    """Outcomes that stand: solved and unsolved ones. Those that were ``infra`` run again."""

    @property
    def attempts(self) -> Mapping[str, Sequence[Attempt]]:
        """Those of the judged tasks, by task."""
        return {task_id: each.attempts for (_, task_id), each in self.judged.items()}

    @property
    def shown(self) -> Mapping[str, tuple[str, str]]:
        """What `Plan.judged` holds."""
        return {Plan.judged_key(*key): (each.status, each.last_message) for key, each in self.judged.items()}

    def refusal(self, outcome: TaskOutcome) -> str | None:
        """Say why `outcome` cannot join the run, where other fixtures were overridden in it.

        Only outcomes tell which were: fixtures are set up when the first item runs.
        """
        there = next(
            (each.overridden for (test, _), each in self.judged.items() if test == outcome.test), None
        )
        if there is None or not outcome.attempts or there == outcome.overridden:
            return None
        return (
            f"cannot go on with run {self.run_id}: of our fixtures it had overridden {_listed(there)}, this "
            f"session {_listed(outcome.overridden)}; nothing of it was recorded. Leave out --mcode-resume "
            "for a new run"
        )


def is_begun(plan: Plan) -> bool:
    """Whether another shard, or an earlier session, has begun the run that this session's options name.

    Raises `ConfigurationError` where a whole run of that name is there.
    """
    from pytest_mcode.store import Store
    from pytest_mcode.store.opening import is_new
    from pytest_mcode.store.reading import read_run

    settings = plan.settings
    if not (settings.run_id or settings.shard) or is_new(settings.db):
        return False
    with Store.open(settings.db, read_only=True) as store:
        there = read_run(store, plan.run_id) is not None
        if there and not settings.shard:
            raise ConfigurationError(
                f"--mcode-run-id: {store.place} holds a run {plan.run_id} already: give --mcode-resume "
                "as well to go on with it, or another name"
            )
    return there


def find_earlier(store: "Store", plan: Plan, model_digest: str | None) -> Earlier:
    """Return the run that the settings ask to resume.

    Raises `ConfigurationError` where there is none, or where it differs in what changes results.
    """
    from pytest_mcode.store.reading import read_outcomes

    row = _wanted_run(store, plan)
    differences = list(_differences(row, plan, model_digest))
    if differences:
        raise ConfigurationError(
            f"cannot go on with run {row['run_id']}, which differs in {'; '.join(differences)}. "
            f"Give the same options, or {_for_a_new_run(plan)}"
        )
    # Of a shard only its own count.
    tasks = {task.task_id for task in plan.tasks} if plan.settings.shard else None
    judged = {
        (outcome.test, outcome.task_id): outcome
        for outcome in read_outcomes(store, row["run_id"])
        if outcome.status != "infra" and (tasks is None or outcome.task_id in tasks)
    }
    return Earlier(run_id=row["run_id"], planned=row["tasks_planned"] or 0, judged=judged)


def _for_a_new_run(plan: Plan) -> str:
    if plan.settings.resumes:
        return "leave out --mcode-resume for a new run"
    return "another --mcode-run-id for a new run"


def _listed(overridden: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({origin})" for name, origin in sorted(overridden.items())) or "none"


def _wanted_run(store: "Store", plan: Plan) -> Mapping[str, Any]:
    from pytest_mcode.store.queries import RunFilter, find_run, find_runs

    settings = plan.settings
    named = settings.resume_run or settings.run_id or (settings.shard and not settings.resume and plan.run_id)
    if named:
        return find_run(store, named)
    runs = find_runs(store, RunFilter(benchmark=[plan.name]))
    same = [run for run in runs if run["config_key"] == plan.config_key]
    # Without an equal one, the latest shows by its differences why it is none.
    return (same or runs)[-1]


def _differences(run: Mapping[str, Any], plan: Plan, model_digest: str | None) -> Iterator[str]:
    settings = plan.settings.to_dict()
    for spec in option_specs():
        there, here = run["settings"].get(spec.field), settings.get(spec.field)
        if spec.changes_result and there != here:
            yield f"{spec.flag} ({there} there, {here} here)"
    if run["dataset_fingerprint"] != plan.dataset_fingerprint:
        yield f"the dataset ({run['dataset_fingerprint'][:12]} there, {plan.dataset_fingerprint[:12]} here)"
    if run["prompt_hash"] != plan.prompt_hash:
        yield "the prompts"
    if run["model_digest"] != model_digest:
        yield f"the model's digest ({run['model_digest']} there, {model_digest} here)"
