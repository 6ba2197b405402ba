"""Workers on other machines: each machine is checked before a worker of it starts, and may be given up."""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mcode.session.distribution import EXAMINED, MACHINE, MovingWindow
from pytest_mcode.session.examination import (
    CONNECT_SECONDS,
    UnreachableError,
    connect,
    examine,
    is_here,
    label,
)
from pytest_mcode.session.gate import Gate
from pytest_mcode.session.pulse import Pulses

if TYPE_CHECKING:
    from pytest_mcode.session.plan import Plan

__all__ = ["Fleet"]


class Fleet:
    """A plugin of the controller; does nothing where all workers are on its own machine."""

    def __init__(
        self,
        config: pytest.Config,
        plan: "Callable[[], Plan]",
        notes: list[str],
        stop: Callable[[str], None],
    ) -> None:
        """`stop` is called with the reason where the session cannot go on; `notes` are its summary's."""
        self._config, self._plan, self._notes, self._stop = config, plan, notes, stop
        self._none_can = False
        """Whether no machine could take part at all."""
        self.record: dict[str, dict[str, Any]] = {}
        """What the run's record says of each machine, by name; empty where there is one only."""
        self.counts: dict[str, Counter[str]] = {}
        """By machine: tasks ``judged`` and ``infra``, and ``in_a_row`` of these."""
        self._names: dict[str, str] = {}
        self._nodes: list[Any] = []
        self._given_up: dict[Any, str] = {}
        """Workers, and why."""
        self._told: set[Any] = set()
        self._is_ending = False
        self._pulses: Pulses | None = None

    # Before workers start.

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config, specs: list[Any]) -> None:
        """Check all machines at once; leave out, and name, those where nothing could be judged."""
        from xdist.workermanage import parse_tx_spec_config

        away = list(dict.fromkeys(spec for spec in specs if not is_here(spec)))
        if not away:
            return
        for spec in specs:
            if spec.ssh:  # After what the user gave: the first word on an option counts.
                spec.ssh = f"{spec.ssh} -o ConnectTimeout={CONNECT_SECONDS}"
        with ThreadPoolExecutor(len(away)) as pool:
            group, say, plan = self._dsession.nodemanager.group, self._say, self._plan()
            found = list(pool.map(lambda spec: examine(group, spec, plan, say), away))
        hosts = {str(spec): (each.name, label(spec)) for spec, each in zip(away, found, strict=True)}
        shared = Counter(host for host, _ in set(hosts.values()))
        for spec, each in zip(away, found, strict=True):
            host, given = hosts[str(spec)]
            name = f"{host} ({given})" if shared[host] > 1 and given != host else host
            self._names[str(spec)] = name
            self.record[name] = {**each.facts, **({"left_out": each.refused} if each.refused else {})}
            if each.refused:
                self._note(f"{name} takes no part: {each.refused}")
        refused = {spec: each.refused for spec, each in zip(away, found, strict=True)}
        kept = [(tx, spec) for tx, spec in zip(parse_tx_spec_config(config), specs, strict=True)]
        kept = [(tx, spec) for tx, spec in kept if not refused.get(spec)]
        if not kept:
            reasons = "; ".join(f"{self._name(spec)}: {why}" for spec, why in refused.items())
            raise pytest.UsageError(f"no machine of --tx can do the work: {reasons}")
        config.option.tx = [tx for tx, _ in kept]
        specs[:] = [spec for _, spec in kept]
        for _, spec in kept:
            known = self.record.setdefault(self._name(spec), {})
            known["workers"] = known.get("workers", 0) + 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker the name of its machine; listen for signs of life of one that is elsewhere."""
        if not self.record:
            return
        name = self.name_of(node)
        node.workerinput[MACHINE] = name
        node.workerinput[EXAMINED] = "sandbox" in self.record.get(name, {})
        self._nodes.append(node)
        if is_here(node.gateway.spec) or not self._is_ours:
            return
        bound = self._plan().settings.worker_timeout
        self._pulses = self._pulses or Pulses(
            bound, lambda silent: self._give_up(silent, f"it said nothing for {bound:g} s", is_there=False)
        )
        node.putevent = Gate(node, lambda event: self._down(node, event))
        self._pulses.listen(node)

    # While they work.

    def name_of(self, node: Any) -> str:
        """Return the name of a worker's machine; empty where all are on one."""
        return self._name(node.gateway.spec) if self.record and node else ""

    def of(self, report: pytest.TestReport) -> str:
        """Return the name of the machine that a report is of; see `name_of`."""
        return self.name_of(getattr(report, "node", None))

    def count(self, machine: str, *, is_infra: bool) -> int:
        """Count an outcome, and return how many infra outcomes in a row that machine has had."""
        counts = self.counts.setdefault(machine, Counter())
        counts["infra" if is_infra else "judged"] += 1
        counts["in_a_row"] = counts["in_a_row"] + 1 if is_infra else 0
        return counts["in_a_row"]

    @property
    def words(self) -> str:
        """What each machine did, for the summary; empty where there is one only."""
        if not self.record:
            return ""
        return "; ".join(
            f"{name} {counts['judged']} tasks" + f", {counts['infra']} infra" * bool(counts["infra"])
            for name, counts in sorted(self.counts.items())
        )

    def left_out(self, why: str, none_is_left: bool) -> None:
        """Say that a machine takes no part, which its worker has found."""
        self._note(why)
        if none_is_left:
            self._none_can = True
            self._stop(why)

    def give_up(self, machine: str, why: str) -> None:
        """Send nothing more to a machine; stop where there is no other one to go on with."""
        others = {self.name_of(node) for node in self._nodes if node not in self._given_up} - {machine}
        if not machine or not others or not self._is_ours:
            self._stop(why)
            return
        for node in self._nodes:
            if self.name_of(node) == machine:
                self._give_up(node, why, is_there=True)

    def _give_up(self, node: Any, why: str, *, is_there: bool) -> None:
        """Have xdist take a worker for one that has ended, from any thread."""
        if node in self._given_up or self._is_ending:
            return
        self._given_up[node] = why
        gate = node.putevent if isinstance(node.putevent, Gate) else Gate(node, lambda event: None)
        gate.shut()
        # One that is there is told, and removes its containers.
        end = node.gateway.exit if is_there else node.gateway._io.kill
        threading.Thread(target=end, name="mcode-end", daemon=True).start()

    def _down(self, node: Any, event: Any) -> None:
        """Where the connection to a worker broke: replace the worker, or give it up with its machine."""
        if self._is_ending:
            node.putevent.let_through(event)
            return

        def look() -> None:
            try:
                connect(self._dsession.nodemanager.group, node.gateway.spec).exit()
            except UnreachableError:
                why = "its connection broke, and the machine does not answer"
                self._give_up(node, why, is_there=False)
            else:
                node.putevent.let_through(event)

        threading.Thread(target=look, name="mcode-look", daemon=True).start()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """See that somebody does the tasks of a worker that was given up; in the thread that distributes."""
        if self._pulses:
            self._pulses.forget(node)
        why = self._given_up.get(node)
        if why is None or node in self._told:
            return
        self._told.add(node)
        name = self.name_of(node)
        self._say("")  # as xdist does: dots have no end of line
        self._note(f"worker {node.gateway.id} on {name} is given up: {why}")
        self.record[name]["given_up"] = why
        dsession = self._dsession
        others = dsession._active_nodes - {node}
        if dsession.sched.take_back(node) and all(each.shutting_down for each in others):
            self._replace(dsession, why)

    def _replace(self, dsession: Any, why: str) -> None:
        import execnet

        for other in self._nodes[:]:
            if other not in self._given_up:
                dsession.shuttingdown = False  # as xdist does where it replaces a worker
                try:
                    dsession._clone_node(other)
                except (execnet.HostNotFound, EOFError, OSError):
                    continue
                return
        dsession.shouldstop = f"no worker is left; the last was given up: {why}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Take ends of connections for what they are from now on."""
        if self._none_can:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        self._is_ending = True
        if self._pulses:
            self._pulses.end()

    @property
    def _is_ours(self) -> bool:
        """Whether our scheduler distributes: others' cannot take back what they gave."""
        sched = self._dsession.sched
        return sched is None or isinstance(sched, MovingWindow)

    @property
    def _dsession(self) -> Any:
        return self._config.pluginmanager.get_plugin("dsession")

    def _name(self, spec: Any) -> str:
        here = socket.gethostname()
        return here if is_here(spec) else self._names.get(str(spec)) or label(spec) or str(spec)

    def _note(self, line: str) -> None:
        self._notes.append(line)
        self._say(f"mcode: {line}")

    def _say(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.ensure_newline()
            reporter.write_line(line)
