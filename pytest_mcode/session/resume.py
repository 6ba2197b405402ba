"""Going on with a run: which one, whether it is the same configuration, and what is judged already."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import TaskOutcome
from pytest_mcode.session.plan import Plan
from pytest_mcode.settings import option_specs

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["Earlier", "find_earlier"]

Key = tuple[str, str]
"""Test function and task id."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A run to go on with."""

    run_id: str
    planned: int
    judged: Mapping[Key, TaskOutcome]
    """Outcomes that stand: solved and unsolved ones. Those that were ``infra`` run again."""

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


def find_earlier(store: "Store", plan: Plan, model_digest: str | None) -> Earlier:
    """Return the run that the settings ask to resume.

    Raises `ConfigurationError` where there is none, or where it differs in what changes results.
    """
    from pytest_mcode.store.reading import read_outcomes

    row = _wanted_run(store, plan)
    differences = list(_differences(row, plan, model_digest))
    if differences:
        raise ConfigurationError(
            f"cannot resume run {row['run_id']}, which differs in {'; '.join(differences)}. "
            "Give the same options, or leave out --mcode-resume for a new run"
        )
    judged = {
        (outcome.test, outcome.task_id): outcome
        for outcome in read_outcomes(store, row["run_id"])
        if outcome.status != "infra"
    }
    return Earlier(run_id=row["run_id"], planned=row["tasks_planned"] or 0, judged=judged)


def _listed(overridden: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({origin})" for name, origin in sorted(overridden.items())) or "none"


def _wanted_run(store: "Store", plan: Plan) -> Mapping[str, Any]:
    from pytest_mcode.store.queries import RunFilter, find_run, find_runs

    if plan.settings.resume_run:
        return find_run(store, plan.settings.resume_run)
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
