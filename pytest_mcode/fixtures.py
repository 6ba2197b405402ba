"""The session's parts as fixtures: override any of them in a conftest.py."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest

from pytest_mcode.harnesses import checked
from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.models import Model
from pytest_mcode.options.loop import ASK_MODEL
from pytest_mcode.records import to_json
from pytest_mcode.session import machines, parts
from pytest_mcode.session.concurrency import throttle_of
from pytest_mcode.session.identity import function_of
from pytest_mcode.session.items import HANDLE, PLAN
from pytest_mcode.session.plan import Plan
from pytest_mcode.solving import Solver, TaskHandle
from pytest_mcode.solving.bundled import bundled_solver
from pytest_mcode.solving.replay import Replay
from pytest_mcode.solving.selecting import Selecting
from pytest_mcode.solving.styles import Style, style_of


@pytest.fixture(scope="session")
def mcode_plan(pytestconfig: pytest.Config) -> Plan:
    """What this session does: settings, tasks, run id."""
    return pytestconfig.stash[PLAN]


@pytest.fixture(scope="session")
def mcode_sandbox(mcode_plan: Plan, pytestconfig: pytest.Config) -> Iterator[Any]:
    """Where solutions run, a `Sandbox`: several at a time, in each worker."""
    plan = mcode_plan
    if machines.is_unchecked(pytestconfig):
        plan.harness.check_sandbox(plan.settings, plan.session_id, plan.tasks, lambda line: None)
    with checked.opened_sandbox(plan.harness, plan.settings, plan.session_id) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def mcode_model_options(mcode_plan: Plan) -> dict[str, Any]:
    """More options of the backend by its own names, JSON types: those of ``--mcode-model-option``."""
    return dict(option.split("=", 1) for option in mcode_plan.settings.model_option)


@pytest.fixture(scope="session")
def mcode_model(
    mcode_plan: Plan, mcode_model_options: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[Model]:
    """What answers the prompts, a `Model`; one per worker. Its requests are bounded by the session."""
    options = tuple(
        f"{name}={value if isinstance(value, str) else to_json(value)}"
        for name, value in mcode_model_options.items()
    )
    machines.check_same_model(pytestconfig, mcode_plan)
    with closing(parts.open_model(replace(mcode_plan.settings, model_option=options))) as model:
        yield throttle_of(pytestconfig, mcode_plan).throttled(model)


@pytest.fixture(scope="session")
def mcode_prompt(mcode_plan: Plan, mcode_sandbox: Any) -> Prompt:
    """How a task and a verdict are worded for the model: a `Prompt`."""
    plan = mcode_plan
    template = plan.benchmark.prompt_template
    return plan.harness.prompt(plan.settings, template, mcode_sandbox, plan.demonstrations)


@pytest.fixture(scope="session")
def mcode_repair(mcode_plan: Plan) -> Style:
    """What a repair shows the model: a `Style`."""
    return style_of(mcode_plan.settings.repair, mcode_plan.settings.prompts)


@pytest.fixture(scope="session")
def mcode_helper(mcode_plan: Plan, pytestconfig: pytest.Config) -> Iterator[Model | None]:
    """What explains failures to the model, a `Model`; None without ``--mcode-helper-model``."""
    with ExitStack() as stack:
        helper = parts.open_helper(mcode_plan.settings)
        yield stack.enter_context(closing(helper)) if helper else None


@pytest.fixture(scope="session")
def mcode_solver(mcode_plan: Plan, request: pytest.FixtureRequest) -> Solver:
    """A `Solver`: sample and debug within the session's budget; ``replay`` judges what is stored."""
    settings = mcode_plan.settings
    if settings.select == "judge":
        return _solver(mcode_plan, request)
    return Selecting(
        _solver(mcode_plan, request),
        by=settings.select,
        seed=settings.seed,
        model=_model(mcode_plan, request) if settings.select in ASK_MODEL else None,
    )


def _solver(mcode_plan: Plan, request: pytest.FixtureRequest) -> Solver:
    if mcode_plan.settings.backend == "replay":
        return Replay(mcode_plan.answers)
    model = _model(mcode_plan, request)
    prompt, style = request.getfixturevalue("mcode_prompt"), request.getfixturevalue("mcode_repair")
    helper = request.getfixturevalue("mcode_helper")
    if helper is not None:
        helper = throttle_of(request.config, mcode_plan).throttled(helper, is_heard=False)
    return bundled_solver(mcode_plan.settings, model, prompt, style, helper)


def _model(mcode_plan: Plan, request: pytest.FixtureRequest) -> Model:
    # A model of the user's own has taken the place of ours, and of the throttle in it.
    return throttle_of(request.config, mcode_plan).throttled(request.getfixturevalue("mcode_model"))


@pytest.fixture
def mcode_task(request: pytest.FixtureRequest, mcode_plan: Plan, mcode_sandbox: Any) -> TaskHandle:
    """One task of the benchmark: its data, and `judge(solution)`."""
    function = function_of(request.node.nodeid, request.param)
    handle = parts.new_handle(mcode_plan, mcode_sandbox, function, request.param)
    request.node.stash[HANDLE] = handle
    return handle
