"""Hooks of the controlling process: load, check, hand out, record, sum up, decide the exit status."""

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mcode.activity import Snapshot
from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import Task, TaskOutcome
from pytest_mcode.session import environment, gates, machines, parts, progress, seeds, summary
from pytest_mcode.session.ahead import Ahead
from pytest_mcode.session.caveats import caveats, task_caveats
from pytest_mcode.session.concurrency import Concurrency
from pytest_mcode.session.distribution import Distribution
from pytest_mcode.session.fleet import Fleet
from pytest_mcode.session.identity import TaskIds
from pytest_mcode.session.interruption import sigterm_interrupts, undisturbed
from pytest_mcode.session.items import Items, leave_out_our_line
from pytest_mcode.session.lease import Lease
from pytest_mcode.session.listeners import Listeners
from pytest_mcode.session.opening import open_run
from pytest_mcode.session.plan import Plan, make_plan
from pytest_mcode.session.recording import Recorder, crashed, patiently
from pytest_mcode.session.reruns import refuse_reruns
from pytest_mcode.session.resume import find_earlier, is_begun
from pytest_mcode.session.tally import Tally
from pytest_mcode.settings import Settings
from pytest_mcode.solving import journal

if TYPE_CHECKING:
    from pytest_mcode.session.resume import Earlier
    from pytest_mcode.store.store import RunStatus, Store

__all__ = ["Controller"]


class Controller:
    """Registered in the controller, or in the only process; it alone touches the store."""

    plan: Plan

    def __init__(
        self, config: pytest.Config, settings: Settings, concurrency: Concurrency, *, feeds_workers: bool
    ) -> None:
        self.config = config
        self.settings = settings
        self._concurrency = concurrency
        self.tally = Tally()
        self.planned = 0
        self.store: Store | None = None
        self.notes = list(caveats(config, settings))
        self._listeners = Listeners(config, self.notes)
        self.fleet = Fleet(config, lambda: self.plan, self.notes, self._stop)
        config.pluginmanager.register(self.fleet, "mcode-fleet")
        distribution = Distribution(feeds_workers, self._hear, self.fleet.left_out)
        config.pluginmanager.register(distribution, "mcode-distribution")
        self.decision: gates.Decision | None = None
        self._shown: progress.Progress | None = None
        self._stopped = False
        self._recorder: Recorder | None = None
        self.single: dict[str, None] = {}
        self._earlier: Earlier | None = None
        self._lease = Lease()
        self._undo_sigterm: Callable[[], None] = lambda: None

    # Before anything runs.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Load the tasks, then try everything that could fail later, before an item runs."""
        self._session = session
        try:
            refuse_reruns(self.config)
            self.plan = make_plan(self.settings)
            self.settings = self.plan.settings  # What is replayed has the budget that it was made with.
            self.tally.cluster = self.plan.harness.cluster
            self.notes += task_caveats(self.plan)
            if not self.config.option.collectonly:
                self._prepare_run()
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None
        self._items = Items(self.config, self.plan)
        self._items.lookahead.on_wait = self._flush
        self.config.pluginmanager.register(self._items, "mcode-items")
        # As Ctrl-C: containers go, the run is closed, the summary is printed.
        self._undo_sigterm = sigterm_interrupts()

    def _prepare_run(self) -> None:
        from pytest_mcode.store import Store

        self.store = Store.open(self.settings.db)
        if self.settings.fail_under_run:
            with Store.open(self.settings.db, read_only=True) as stored:
                self.settings = gates.resolve(self.settings, stored, self.plan.tasks)
        tasks, session_id = self.plan.tasks, self.plan.session_id
        self.settings = self.plan.harness.settle(self.settings, session_id, tasks, self._progress)
        model_info = {**parts.check_model(self.settings), **seeds.record(self.settings, self.notes)}
        machines.check_model_here(self.settings, model_info)
        slots = model_info.get("slots")
        self.plan = dataclasses.replace(self.plan, settings=self.settings, server_slots=slots)
        self.config.add_cleanup(self._lease.let_go)
        if self.settings.resumes or is_begun(self.plan):
            self._go_on_with_earlier(model_info.get("digest"))
            gates.check(self.settings, self.plan.run_id)
        journal.sweep()
        if self._earlier:
            self._lease.take_up(self.plan, self.store)
        if getattr(self.config.option, "dist", "no") == "no":  # workers open a model of their own
            parts.import_model(self.settings)
        plan = self.plan
        sandbox_info: Mapping[str, Any] = {}
        if not machines.all_elsewhere(self.config):
            sandbox_info = plan.harness.check_sandbox(self.settings, plan.session_id, tasks, self._progress)
        self.run_info = plan.run_info(
            model_info=model_info,
            environment={
                **environment.describe(),
                "command": environment.command_of(self.config),
                "sandbox": sandbox_info,
            },
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _go_on_with_earlier(self, model_digest: str | None) -> None:
        from pytest_mcode.store import Store

        with Store.open(self.settings.db, read_only=True) as store:
            self._earlier = find_earlier(store, self.plan, model_digest)
        plan, earlier = self.plan, self._earlier
        plan.harness.check_resumed(self.settings, plan.session_id, plan.tasks, earlier.attempts)
        self.plan = dataclasses.replace(plan, run_id=earlier.run_id, judged=earlier.shown)
        for outcome in earlier.judged.values():
            self.tally.add(outcome)
        if earlier.judged or self.settings.resumes:
            self.notes.append(f"resumed: {len(earlier.judged)} tasks were judged by an earlier session")

    @property
    def _reporter(self) -> pytest.TerminalReporter | None:
        return self.config.pluginmanager.get_plugin("terminalreporter")

    def _progress(self, line: str) -> None:
        if self._reporter:
            self._reporter.write_line(line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Send a worker its tasks."""
        is_unchecked = machines.all_elsewhere(self.config)
        machines.tell(node, self.plan, self.run_info.model_info, skipped_check=is_unchecked)

    def pytest_report_header(self) -> list[str]:
        """Say what is about to run."""
        return summary.header(self.plan, self.notes, own_tests=bool(self.config.args))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Open the run, once the items are known (without xdist)."""
        self._begin([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Open the run, once the items are known (with xdist: the first worker tells)."""
        self._begin(ids)

    def _begin(self, nodeids: list[str]) -> None:
        known = TaskIds(self.plan.tasks)
        found = [known.identify(nodeid) for nodeid in nodeids]
        planned = Counter(each[0] for each in found if each)
        if not planned or self.planned or not self.store:
            return
        keys = ((each[1], Plan.judged_key(each[0], each[1].task_id)) for each in found if each)
        self._prepare([task for task, key in keys if key not in self.plan.judged])
        try:
            self.planned = open_run(self.store, self.plan, self.run_info, self._earlier, self._lease, planned)
        except (ConfigurationError, InfraError) as error:
            raise pytest.UsageError(str(error)) from None
        told = (self._stop, self._progress, self.fleet)
        self._recorder = Recorder(self.plan, self.store, self.tally, self._earlier, *told)
        self._recorder.note_machines()
        self._shown = progress.start(
            self.config, self.plan, self.run_info, self.planned, self.tally, self._ahead_here
        )
        self._listeners.run_started(self.run_info, self.planned, resumed=self._earlier is not None)

    def _prepare(self, tasks: list[Task]) -> None:
        try:
            stop = self.plan.harness.prepare(self.settings, self.plan.session_id, tasks, self._progress)
            if stop:
                self.config.add_cleanup(stop)
            # A new run not before: a session that is killed while it starts would leave its lock.
            self._lease.claim(self.plan)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None

    # While tasks run.

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the outcome that a report carries."""
        leave_out_our_line(report)
        self.single.update(dict.fromkeys(getattr(report, "mcode_single", ())))
        if hasattr(report, "mcode") and self._recorder:
            self._recorder.take(TaskOutcome.from_json(report.mcode), self.fleet.of(report))
            del report.mcode  # pytest keeps reports to the end
        self._flush(more_is_coming=self._more_is_coming())
        if hasattr(report, "mcode_stop"):
            self._stop(report.mcode_stop)
        if hasattr(report, "mcode_gives_up"):
            self.fleet.give_up(self.fleet.of(report), report.mcode_gives_up)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """Count the task of a crashed worker as ours."""
        found = TaskIds(self.plan.tasks).identify(crashitem)
        if found:
            report.mcode = crashed(*found, self.fleet.of(report)).to_json()  # type: ignore[attr-defined]
            report.mcode_status = "infra"  # type: ignore[attr-defined]

    def _flush(self, *, more_is_coming: bool = False) -> None:
        if self._recorder and self._recorder.is_due(more_is_coming=more_is_coming):
            with undisturbed():  # What is counted is stored.
                recorded = self._recorder.flush()
            self._listeners.recorded(recorded)
        if self._lease.lost:
            self._stop(self._lease.lost)

    def _more_is_coming(self) -> bool:
        """Whether the next report is as good as there."""
        dsession = self.config.pluginmanager.get_plugin("dsession")
        if dsession is None:
            return self._items.next_has_landed
        with dsession.queue.mutex:
            return any(name == "testreport" for name, _ in dsession.queue.queue)

    def _ahead_here(self) -> Ahead:
        return self._items.lookahead.ahead

    def _hear(self, process: str, ahead: Ahead, at: Snapshot | None) -> None:
        if self._shown:
            self._shown.hear(process, ahead, at)

    def _stop(self, reason: str) -> None:
        if self._stopped:
            return
        self._stopped = True
        # Under xdist the controller's own session is not asked, the distributing one is.
        target = self.config.pluginmanager.get_plugin("dsession") or self._session
        target.shouldstop = reason

    # At the end.

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Close the run and let a gate decide between 0 and 1."""
        self._undo_sigterm()
        if self._recorder:
            self._listeners.recorded(self._recorder.finish())
        self._flush()
        if self._shown:
            self._shown.end()
        if self.planned and self.store:
            self._close_run(self.store, exitstatus)
            self.decision = gates.decide(self.settings, self.tally, self.store, self.plan.run_id)
            if self.decision and exitstatus in (0, 1):
                session.exitstatus = 0 if self.decision.holds else 1
            summary.write_step_summary(self.plan, self.tally, self.planned, self.decision)
            self.store.close()
        was_ours = self._lease.is_claimed
        self._lease.let_go()
        if was_ours and (self.is_complete or not self.planned):
            journal.discard(self.plan.session_id)

    def _close_run(self, store: "Store", exitstatus: int) -> None:
        ran_through = exitstatus in (0, 1) and not self._session.shouldfail and not self._session.shouldstop
        status: RunStatus = "stopped" if self._stopped else "finished" if ran_through else "interrupted"
        # With the engine or the database gone there is nothing left that we could mend.
        with contextlib.suppress(ConfigurationError, InfraError):
            self.plan.harness.remove_leftovers(self.settings, self.plan.session_id)
        run_id, (shard, _) = self.plan.run_id, self.settings.shard_numbers
        with contextlib.suppress(InfraError):
            patiently(lambda: store.note_concurrency(run_id, self._concurrency.found), self._recorder)
            if self._recorder:
                self._recorder.note_machines()
            patiently(lambda: store.finish_run(run_id, status, shard), self._recorder)
            self._listeners.run_finished(status, store)

    @property
    def concurrency_found(self) -> Mapping[str, Any]:
        """See `Concurrency.found`."""
        return self._concurrency.found

    @property
    def is_complete(self) -> bool:
        """Whether every task of the run is judged."""
        return bool(self.planned) and self.tally.judged >= self.planned
