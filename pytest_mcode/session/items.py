"""Hooks on the side where tasks run: collecting them, running them, reporting what came out."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from pytest_mcode import suite
from pytest_mcode.activity import at_work
from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.functions.syntax import BUILDING
from pytest_mcode.models.noise import IGNORED
from pytest_mcode.records import Attempt, Task, TaskOutcome
from pytest_mcode.session.distribution import elsewhere, machine_of
from pytest_mcode.session.identity import function_of, task_of
from pytest_mcode.session.lookahead import FLIGHT, Lookahead
from pytest_mcode.session.outcomes import UnsolvedError, cause_of, check_solved, on_machine, status_of
from pytest_mcode.session.overrides import check_fixture, details, origin_of, with_source
from pytest_mcode.session.plan import Plan
from pytest_mcode.session.reruns import refuse_marks, refuse_reruns, refuse_second_run, refused_report
from pytest_mcode.solving import TaskHandle, journal

__all__ = ["HANDLE", "PLAN", "Items", "leave_out_our_line"]

SCOPE = 'give the fixture that overrides ours @pytest.fixture(scope="session")'

PLAN = pytest.StashKey[Plan]()
HANDLE = pytest.StashKey[TaskHandle]()


class Items:
    """Registered in every process that runs tasks: the workers, or the only process."""

    def __init__(self, config: pytest.Config, plan: Plan) -> None:
        config.stash[PLAN] = plan
        self._plan = plan
        self.lookahead = Lookahead(config, plan)
        self._nextitem: pytest.Item | None = None
        self._elsewhere = elsewhere(config)
        self._machine = machine_of(config)
        self._where = on_machine(self._machine)
        self._overridden: dict[str, str] = {}
        """Fixtures of ours that the user's own took the place of, and where those are."""
        self._refusal = ""
        """Why nothing may run after all."""
        for tag in sorted({tag for task in plan.tasks for tag in task.tags}):
            config.addinivalue_line("markers", f"{tag}: tasks of {plan.benchmark.name} tagged {tag}")

    @property
    def next_has_landed(self) -> bool:
        """Whether the item that follows the present one only needs to be reported."""
        return self._nextitem is not None and self.lookahead.has_landed(self._nextitem)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Without path arguments, the session's only child is the bundled suite."""
        report = yield
        if isinstance(collector, pytest.Session) and not collector.config.args:
            report.result = [self._bundled_suite(collector)]
        return report

    def _bundled_suite(self, session: pytest.Session) -> pytest.Module:
        # An id of our own: a path would depend on where one stands and where we are installed.
        return pytest.Module.from_parent(
            _invocation_dir(session), path=Path(inspect.getfile(suite)), nodeid=self._plan.benchmark.name
        )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One item per task for every function that takes `mcode_task`."""
        if "mcode_task" in metafunc.fixturenames:
            parameters = [
                pytest.param(task, id=task.task_id, marks=_marks(task)) for task in self._plan.tasks
            ]
            metafunc.parametrize("mcode_task", parameters, indirect=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Refuse what a mark, or an option that a conftest.py has set meanwhile, would run again."""
        ours = [item for item in items if task_of(item)]
        try:
            if ours:
                refuse_reruns(config)
            refuse_marks(config, ours)
        except ConfigurationError as error:
            if hasattr(config, "workerinput"):  # xdist would call a worker that gives up an internal error
                self._refusal = str(error)
                return
            items.clear()
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Refuse a second run before it asks the model."""
        if task_of(item):
            refuse_second_run(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Report the outcome that an earlier session recorded, without running the item."""
        self.lookahead.begin(item)
        self._nextitem = nextitem
        task = task_of(item)
        key = Plan.judged_key(function_of(item.nodeid, task), task.task_id) if task else ""
        if task and self._refusal:
            reports = [refused_report(item, self._refusal)]
        elif key in self._plan.judged:
            reports = list(_resumed_reports(item, *self._plan.judged[key]))
        else:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        # The item before this one left the fixtures that it shares with its next one standing.
        item.session._setupstate.teardown_exact(nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Any:
        """Note which fixtures of ours are overridden, and refuse what cannot serve."""
        value = yield
        self.lookahead.note(fixturedef, value)
        origin = origin_of(fixturedef, request.config.rootpath)
        if origin:
            check_fixture(fixturedef.argname, value, origin[0])
            self._overridden[fixturedef.argname] = with_source(*origin) + details(fixturedef.argname, value)
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Any:
        """Decide by the recorded attempts: no passed one, no passed item."""
        handle = pyfuncitem.stash.get(HANDLE, None)
        if handle is None:
            return (yield)
        self.lookahead.lend(pyfuncitem, handle)
        try:
            with at_work(handle.task.task_id):
                result = yield
        finally:
            self.lookahead.ran(pyfuncitem)
        check_solved(handle)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Let go of a task; end what is in flight before the last item's fixtures go."""
        if HANDLE in item.stash:
            item.stash[HANDLE].close()
        if nextitem is None:
            self.lookahead.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """End what is in flight when a session ends early; leave nothing on a machine that was lent."""
        self.lookahead.close()
        if self._elsewhere and exitstatus in (0, 1):
            journal.discard(self._plan.session_id)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        """Give infra outcomes a category, letter and word of their own."""
        if getattr(report, "mcode_status", "") == "infra":
            return "infra", "I", ("INFRA", {"yellow": True, "bold": True})
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Put the task's outcome on the report as one JSON string."""
        with BUILDING:  # pytest parses sources for its traceback, while other threads parse solutions.
            report: pytest.TestReport = yield
        task = task_of(item)
        if (
            task is None
            or (report.skipped and not hasattr(report, "wasxfail"))
            or not (report.when == "call" or (report.when == "setup" and report.failed))
        ):
            return report
        error = call.excinfo.value if call.excinfo else None
        handle = item.stash.get(HANDLE, None)
        status = status_of(error, handle, called=report.when == "call")
        outcome = TaskOutcome(
            task_id=task.task_id,
            task_fingerprint=task.fingerprint,
            test=function_of(item.nodeid, task),
            status=status,
            attempts=_marked(handle.attempts, self._marks(item, task)) if handle else (),
            error=f"{cause_of(error)}{self._where}" if error and status == "infra" else "",
            seconds=item.stash[FLIGHT].seconds if FLIGHT in item.stash else call.duration,
            tags=task.tags,
            choices=tuple(handle.choices) if handle and status != "infra" else (),
        )
        report.mcode, report.mcode_status = outcome.to_json(), status  # type: ignore[attr-defined]
        report.mcode_single = list(self.lookahead.single)  # type: ignore[attr-defined]
        if status == "infra" and not isinstance(error, InfraError | ConfigurationError):
            report.mcode_unexpected = True  # type: ignore[attr-defined]
        if isinstance(error, UnsolvedError | InfraError | ConfigurationError):
            report.longrepr = _without_traceback(item, call)
        if isinstance(error, ConfigurationError):
            report.mcode_stop = f"{error}{self._where}"  # type: ignore[attr-defined]
        elif str(error).startswith("ScopeMismatch"):
            report.mcode_stop = f"{_sentence(str(error))}: {SCOPE}"  # type: ignore[attr-defined]
        elif stop := self.lookahead.stop_before(self._nextitem):
            report.mcode_gives_up = f"{stop}{self._where}"  # type: ignore[attr-defined]
        item.user_properties += [("mcode_outcome", status), ("mcode_attempts", len(outcome.attempts))]
        return report

    def _marks(self, item: pytest.Item, task: Task) -> dict[str, Any]:
        """Return what each attempt's `extra` says besides: what replaced our fixtures, the machine."""
        overridden = self._taken_over(item, task)
        named = {"machine": self._machine} if self._machine else {}
        return named | ({"overridden": overridden} if overridden else {})

    def _taken_over(self, item: pytest.Item, task: Task) -> dict[str, str]:
        """What took the place of our fixtures: the user's own, or a test that asks for no solver."""
        own_test = "mcode_solver" not in getattr(item, "fixturenames", ())
        named = with_source(function_of(item.nodeid, task), item.path)
        return self._overridden | ({"mcode_solver": named} if own_test else {})


def _marked(attempts: Sequence[Attempt], marks: Mapping[str, Any]) -> tuple[Attempt, ...]:
    return tuple(replace(each, extra={**each.extra, **marks}) if marks else each for each in attempts)


def _marks(task: Task) -> list[pytest.MarkDecorator]:
    return [*(getattr(pytest.mark, tag) for tag in task.tags), pytest.mark.filterwarnings(IGNORED)]


def _resumed_reports(item: pytest.Item, status: str, message: str) -> Iterator[pytest.TestReport]:
    call_outcome: Literal["passed", "failed"] = "passed" if status == "solved" else "failed"
    text = f"{message}\n(resumed: judged by an earlier session)"
    whens: list[tuple[Literal["call", "teardown"], Literal["passed", "failed"]]]
    whens = [("call", call_outcome), ("teardown", "passed")]
    for when, outcome in whens:
        yield pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords=dict.fromkeys(item.keywords, 1),
            outcome=outcome,
            longrepr=text if outcome == "failed" else None,
            when=when,
            user_properties=[("mcode_outcome", status), ("mcode_resumed", True)],
        )


def _without_traceback(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Return the error's text alone, its first line for the short summary, and the task for its place."""
    assert call.excinfo is not None
    shown: Any = call.excinfo.getrepr(style="value")
    error = call.excinfo.value
    shown.reprcrash.message = (
        error.gist if isinstance(error, UnsolvedError) else str(error).partition("\n")[0]
    )
    shown.reprcrash.path, shown.reprcrash.lineno = item.nodeid, 0
    return shown


@dataclass
class _TaskAsPlace:
    """Stands for the file and line of a failure, which ``--tb=line`` prints."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def leave_out_our_line(report: pytest.TestReport) -> None:
    """Name the task alone where a failure's place is one of our files; xdist's reports are plain data."""
    place = getattr(report.longrepr, "reprcrash", None)
    if place is not None and place.path == report.nodeid:
        report.longrepr.reprcrash = _TaskAsPlace(place.path, place.lineno, place.message)  # type: ignore


def _sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0]


def _invocation_dir(session: pytest.Session) -> pytest.Session | pytest.Dir:
    """Return the node of the directory one stands in, so that its conftest.py is heard."""
    invocation_dir, root = session.config.invocation_params.dir, session.config.rootpath
    parent: pytest.Session | pytest.Dir = session
    if invocation_dir.is_relative_to(root):
        for part in invocation_dir.relative_to(root).parts:
            parent = pytest.Dir.from_parent(parent, path=parent.path / part)
    return parent
