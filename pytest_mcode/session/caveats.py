"""What the reader of a session's number should know besides: said in its header and in its summary."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.session.plan import Plan
from pytest_mcode.settings import Settings, option_specs
from pytest_mcode.solving.repeats import WARMEST

__all__ = ["caveats", "override_caveats", "single_caveats", "task_caveats"]


def caveats(config: pytest.Config, settings: Settings) -> Iterator[str]:
    """Yield a line for each."""
    resamples = settings.strategy == "resample" and settings.debug_iters > 0
    if (settings.samples > 1 or resamples) and settings.temperature == 0:
        yield "temperature 0: samples can hardly differ, so more than one of them adds little"
    yield from benchmarks.get(settings.benchmark).harness.caveats(settings)
    yield from _idle(settings)
    if settings.feedback == "judge" and settings.debug_iters and not resamples:
        yield "feedback judge: the tests that judge also guide the repairs (--mcode-feedback=public does not)"
    here, root = config.invocation_params.dir, config.rootpath
    if not here.is_relative_to(root):
        yield (
            f"pytest's root directory is {root}, so no ini and no conftest.py of {here} is heard; "
            "write options with '=' (--mcode-dataset=PATH), or add --rootdir=."
        )


OF_REPAIRS = ("repair", "on_repeat", "feedback_detail", "strategy")
OF_ANSWERING = ("price", "price_per_hour", "temperature", "max_tokens", "context_window", "model_option")


def _idle(settings: Settings) -> Iterator[str]:
    """Yield which options that were given change nothing, and why."""
    if settings.backend == "replay":
        if idle := _given(settings, (*OF_REPAIRS, *OF_ANSWERING)):
            yield f"replay asks no model: {idle} has no effect"
    elif not settings.debug_iters and (idle := _given(settings, OF_REPAIRS)):
        yield f"--mcode-debug-iters=0: nothing follows a first attempt, so {idle} has no effect"
    elif settings.strategy == "resample" and settings.on_repeat == "keep":
        yield "--mcode-on-repeat=keep has no effect: resampled attempts all start anew"
    elif settings.on_repeat == "warmer" and (settings.temperature or 0) >= WARMEST:
        yield f"--mcode-on-repeat=warmer has no effect: the temperature is {WARMEST:g} already, the highest"


def _given(settings: Settings, names: Sequence[str]) -> str:
    """Return those of some options that are not at their default, as they are typed."""
    specs = [spec for spec in option_specs() if spec.field in names]
    values = [(spec, getattr(settings, spec.field)) for spec in specs]
    return ", ".join(f"{spec.flag}={_typed(value)}" for spec, value in values if value != spec.default)


def _typed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def task_caveats(plan: Plan) -> Iterator[str]:
    """Yield a line for what is said of the tasks, once they are known."""
    if plan.left_out:
        yield (
            f"judge {plan.settings.judge}: {len(plan.left_out)} of {plan.tasks_total + len(plan.left_out)} "
            f"tasks are left out, it has no test for them: {_named(plan.left_out)}"
        )
    if plan.settings.feedback == "public" and (without := plan.without_public_test):
        yield (
            f"feedback public: {len(without)} of {len(plan.tasks)} tasks show no test, so the first attempt "
            f"at them stands: {_named([task.task_id for task in without])}"
        )


def override_caveats(overridden: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield a line for each fixture of ours that the user's own took the place of: what, and where it is.

    `overridden` is by test function; one that is a solver itself overrides nothing.
    """
    found = {
        (name, by) for test in overridden for name, by in overridden[test].items() if not by.startswith(test)
    }
    for name, by in sorted(found):
        yield f"fixture {name} is overridden by {by}"


def single_caveats(parts: Collection[str]) -> Iterator[str]:
    """Yield a line where tasks were done one by one for the sake of the user's own `parts`."""
    if parts:
        yield (
            f"one task at a time, for the sake of {', '.join(parts)}: "
            "say `concurrent = True` there if threads may share it"
        )


def _named(task_ids: Sequence[str], most: int = 20) -> str:
    rest = len(task_ids) - most
    return ", ".join(task_ids[:most]) + (f" and {rest} more" if rest > 0 else "")
