"""Which of xdist's workers does which task: each has a window of tasks, in dataset order, that moves.

A worker that looks ahead works at many tasks while it reports one, so what it has reported does not tell
how much it can take. It says so itself, on an event that xdist knows and that only a scheduler reads:
"unscheduled", whose `indices` here hold one text, JSON of `Word`.
"""

import contextlib
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from pytest_mcode.activity import NOTHING, Snapshot
from pytest_mcode.session.ahead import Ahead

__all__ = [
    "EXAMINED",
    "FED",
    "MACHINE",
    "STEALS",
    "Distribution",
    "MovingWindow",
    "Word",
    "elsewhere",
    "machine_of",
    "say",
    "worker_of",
]

FED = "mcode_fed"
"""Key of the workers' input: whether our scheduler feeds them, which listens."""
STEALS = "mcode_steals"
"""Key of the workers' input: whether a scheduler may take back what it has sent (xdist's ``worksteal``)."""
HOME = "mcode_home"
"""Key of the workers' input: the name of the machine that the session was started on."""
MACHINE = "mcode_machine"
"""Key of the workers' input: what the machine is called, where several take part."""
EXAMINED = "mcode_examined"
"""Key of the workers' input: whether the machine's sandbox was tried before the worker started."""
LEAST = 2
"""Items that a worker of xdist must have to run one: it asks for the next before."""


Heard = Callable[[str, Ahead, Snapshot | None], None]
LeftOut = Callable[[str, bool], None]
"""Called with why a machine takes no part, and whether no other is left."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a worker says."""

    window: int
    """How many tasks it can have that have not landed."""
    landed: Sequence[int] = ()
    """The indices of those that have landed since it last said so, reported or not."""
    ahead: Mapping[str, int] = field(default_factory=dict)
    """What it has done that it has not reported: the fields of `Ahead`."""
    at: Mapping[str, Any] | None = None
    """What it is at: the fields of `Snapshot`; None: as it said before."""
    unfit: str = ""
    """Why its machine can take no part; then it gets no task."""
    host: str = ""
    """The name of a machine that is unfit."""


def elsewhere(config: pytest.Config) -> str:
    """Return the name of the machine of a worker that is not on its controller's; empty for any other."""
    home, here = getattr(config, "workerinput", {}).get(HOME), socket.gethostname()
    return "" if home in (None, here) else here


def machine_of(config: pytest.Config) -> str:
    """Return what a worker's machine is called, where several take part in the session; else nothing."""
    return getattr(config, "workerinput", {}).get(MACHINE, "") or elsewhere(config)


def worker_of(config: pytest.Config) -> Any:
    """Return xdist's side of a worker, in it."""
    return next(each for each in config.pluginmanager.get_plugins() if hasattr(each, "torun"))


def say(worker: Any, word: Word) -> None:
    """Send a word to the controller; from the thread that runs the items."""
    worker.sendevent("unscheduled", indices=[json.dumps(asdict(word))])


class Distribution:
    """A plugin of the controller: makes our scheduler, unless somebody else's is asked for."""

    def __init__(self, wanted: bool, heard: Heard, left_out: LeftOut) -> None:
        """`heard` is called with a worker's id, what it has done ahead, and what it is at."""
        self._wanted = wanted
        self._heard = heard
        self._left_out = left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker that somebody listens."""
        node.workerinput[FED] = self._is_asked(node.config)
        node.workerinput[HOME] = socket.gethostname()
        node.workerinput[STEALS] = node.config.getoption("dist") == "worksteal"

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> "MovingWindow | None":
        """Return our scheduler."""
        return MovingWindow(config, self._heard, self._left_out) if self._is_asked(config) else None

    def _is_asked(self, config: pytest.Config) -> bool:
        if not self._wanted:
            return False
        given = config.hook.pytest_xdist_make_scheduler.get_hookimpls()
        return all(each.plugin is self or each.plugin_name == "dsession" for each in given)


class MovingWindow:
    """A scheduler of xdist's (`xdist.scheduler.protocol.Scheduling`)."""

    def __init__(self, config: pytest.Config, heard: Heard, left_out: LeftOut) -> None:
        from xdist.workermanage import parse_tx_spec_config

        self.config = config
        """Other plugins look here: pytest-rerunfailures."""
        self._heard = heard
        self._left_out = left_out
        self._unfit: set[tuple[str, str]] = set()
        """Machines that take no part, each with the reason, which is told once."""
        self._without: set[Any] = set()
        """Workers that are not waited for."""
        self._expected = len(parse_tx_spec_config(config))
        self._collected: dict[Any, list[str]] = {}
        self._collection: list[str] | None = None
        self._left: list[int] = []
        """Indices of items that nobody has, in their order."""
        self._unreported: dict[Any, list[int]] = {}
        self._in_flight: dict[Any, set[int]] = {}
        """Of those, the ones that have not landed."""
        self._windows: dict[Any, int] = {}

    # What xdist asks.

    @property
    def nodes(self) -> list[Any]:
        """The workers that are there."""
        return list(self._unreported)

    @property
    def collection_is_completed(self) -> bool:
        """Whether as many workers as were wanted have told what they found."""
        return len(self._collected) >= max(1, self._expected)

    @property
    def tests_finished(self) -> bool:
        """Whether nothing is left but what each worker runs when it is told that no more comes."""
        if self._collection is None:
            return self._expected == 0
        last_ones = all(len(indices) < LEAST for indices in self._unreported.values())
        return self.collection_is_completed and not self._left and last_ones

    @property
    def has_pending(self) -> bool:
        """Whether anything is not reported."""
        return bool(self._left) or any(self._unreported.values())

    def add_node(self, node: Any) -> None:
        """Know a worker that has started."""
        self._unreported[node], self._in_flight[node], self._windows[node] = [], set(), LEAST

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Know what a worker found; one that replaces another and finds something else gets no work."""
        if node not in self._unreported:
            self._count_again()
        elif self._collection is None or list(collection) == self._collection:
            self._collected[node] = list(collection)

    def schedule(self) -> None:
        """Begin, or go on with a worker that came later."""
        if self._collection is None:
            if not self._is_same_everywhere():
                return
            self._collection = next(iter(self._collected.values()))
            self._left = list(range(len(self._collection)))
        self._feed()

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Take note that an item was run."""
        self._unreported[node].remove(item_index)
        self._in_flight[node].discard(item_index)
        self._feed()

    def mark_test_pending(self, item: str) -> None:
        """Have an item run again; xdist's own plugins for reruns ask this."""
        assert self._collection is not None
        self._left.insert(0, self._collection.index(item))
        self._feed()

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[Any]) -> None:
        """Hear a worker's word."""
        for text in indices:
            word = Word(**json.loads(text))
            if word.unfit and node in self._unreported:
                self._leave_out(node, word)
                continue
            if node in self._unreported:
                self._windows[node] = max(LEAST, word.window)
                self._in_flight[node].difference_update(word.landed)
            at = None if word.at is None else Snapshot(**word.at)
            self._heard(node.gateway.id, Ahead(**word.ahead), at)
        self._feed()

    def remove_node(self, node: Any) -> str | None:
        """Forget a worker that is done, or crashed: then return its item; others get the rest."""
        unreported = self._unreported.pop(node)
        self._in_flight.pop(node)
        self._heard(node.gateway.id, Ahead(), NOTHING)
        if not unreported:
            return None
        assert self._collection is not None
        crashed, *rest = unreported
        self._left = sorted([*rest, *self._left])
        self._feed()
        return self._collection[crashed]

    def take_back(self, node: Any) -> bool:
        """Let others have the items of a worker that was given up; return whether there are any to do."""
        if node in self._unreported:
            self._left = sorted([*self._unreported[node], *self._left])
            self._unreported[node], self._in_flight[node] = [], set()
        if node not in self._collected and node not in self._without:
            self._expected -= 1
        if self._collection is not None:
            self._feed()
        elif self.collection_is_completed:
            self.schedule()
        return bool(self._left) or self._collection is None

    def _leave_out(self, node: Any, word: Word) -> None:
        """Give a worker no task: it has none yet."""
        for known in (self._unreported, self._in_flight, self._windows):
            known.pop(node)
        self._without.add(node)
        self._expected -= 1
        if (word.host, word.unfit) not in self._unfit:
            self._unfit.add((word.host, word.unfit))
            self._left_out(f"{word.host} takes no part: {word.unfit}", not self._expected)
        node.shutdown()
        if self._collected and self.collection_is_completed:
            self.schedule()

    def _count_again(self) -> None:
        """Have pytest see that items were found, by others than the worker that xdist asked last."""
        session = self.config.pluginmanager.get_plugin("session")
        if session and self._collection:
            session.testscollected = len(self._collection)

    # Feeding.

    def _feed(self) -> None:
        """Give each worker what it can take, the one with most room first; when all is given, say so."""
        fed: dict[Any, list[int]] = {}
        working = [node for node in self._unreported if node in self._collected and not node.shutting_down]
        while self._left and working:
            node = min(working, key=self._load)
            if self._load(node) >= 1:
                break
            index = self._left.pop(0)
            self._unreported[node].append(index)
            self._in_flight[node].add(index)
            fed.setdefault(node, []).append(index)
        for node, indices in fed.items():
            with contextlib.suppress(OSError):  # Its connection is gone, which xdist is about to tell.
                node.send_runtest_some(indices)
        if not self._left and self._collection is not None:
            for node in working:
                node.shutdown()

    def _load(self, node: Any) -> float:
        return len(self._in_flight[node]) / self._windows[node]

    def _is_same_everywhere(self) -> bool:
        """Report, as xdist's schedulers do, where workers found different items."""
        from xdist.report import report_collection_diff

        (first, expected), *others = self._collected.items()
        same = True
        for node, collection in others:
            message = report_collection_diff(expected, collection, first.gateway.id, node.gateway.id)
            if message:
                same = False
                report = pytest.CollectReport(
                    nodeid=node.gateway.id, outcome="failed", longrepr=message, result=[]
                )
                self.config.hook.pytest_collectreport(report=report)
        return same
