"""Which checks there are, in the order in which one thing needs the other."""

import secrets
from collections.abc import Generator, Iterator
from functools import partial

from pytest_mcode import benchmarks
from pytest_mcode.doctor import dataset, gold, installation, storage
from pytest_mcode.doctor import model as models
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.findings import Finding, run_check
from pytest_mcode.harnesses.protocol import Progress
from pytest_mcode.session.plan import Plan, make_plan
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

__all__ = ["examine"]


def examine(
    settings: Settings, *, with_benchmark: bool, gold_times: int, progress: Progress
) -> Iterator[Finding]:
    """Check the machine, then the model, then the benchmark if asked for, and its solutions `gold_times`."""
    session = f"doctor-{secrets.token_hex(4)}"
    works = yield from _machine(settings, session, progress)
    if settings.backend not in MODEL_FREE_BACKENDS:
        yield from _model(settings)
    if not with_benchmark:
        return
    try:
        plan = make_plan(settings)
    except ConfigurationError as error:
        yield Finding(check="dataset", level="problem", message=str(error))
        return
    yield from _tasks(plan)
    if not works:
        yield Finding(check="tasks", level="note", message="not tried: there is no sandbox that works")
    else:
        yield from _execution(plan, session, gold_times, progress)


def _machine(settings: Settings, session: str, progress: Progress) -> Generator[Finding, None, bool]:
    """Return whether solutions can be run."""
    yield from run_check("versions", installation.check_versions)
    yield from run_check("packages", installation.check_requirements)
    yield from run_check("database", partial(storage.check_database, settings.db))
    harness = benchmarks.get(settings.benchmark).harness
    return (yield from harness.examine_machine(settings, session, progress))


def _model(settings: Settings) -> Iterator[Finding]:
    if (yield from run_check("model", partial(models.check_server, settings))):
        yield from run_check("completion", partial(models.check_completion, settings))
        yield from run_check("context", partial(models.check_context, settings))


def _tasks(plan: Plan) -> Iterator[Finding]:
    yield from run_check("dataset", partial(dataset.check_dataset, plan))
    yield from run_check("ids", partial(dataset.check_unique_ids, plan.tasks))
    prompt = plan.harness.prompt(plan.settings, plan.benchmark.prompt_template)
    yield from plan.harness.examine_tasks(plan.settings, plan.tasks, prompt)


def _execution(plan: Plan, session: str, gold_times: int, progress: Progress) -> Iterator[Finding]:
    fine = yield from plan.harness.examine_execution(plan.settings, session, plan.tasks, progress)
    if fine and gold_times:
        yield from run_check("gold", partial(gold.check_gold, plan, session, gold_times, progress))
