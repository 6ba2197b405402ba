"""The protocol `Harness`: how one kind of task is put to a model and judged. The rest of the house asks it.

A class that inherits from `Harness` need only have a name, `extract` and `judge`; whatever else it can answer
has a default that suits a task without a sandbox and without options.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.nowhere import Nowhere
from pytest_mcode.harnesses.workplaces import Workplace
from pytest_mcode.options.declarations import options_of
from pytest_mcode.records import Attempt, Message, Task, Verdict
from pytest_mcode.settings import Settings

if TYPE_CHECKING:
    from pytest_mcode.harnesses.demonstrations import Demonstrations
    from pytest_mcode.harnesses.prompting import Prompt

__all__ = ["TRUE", "Evaluated", "Found", "Harness", "Progress"]

Progress = Callable[[str], None]
"""Takes a line of text that says how far something long is."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a completion holds."""

    solution: str | None
    """What to judge; None where there is nothing."""
    remarks: Mapping[str, Any] = field(default_factory=dict)
    """What the attempt's record should say of how it was found, JSON types."""
    verdict: Verdict | None = None
    """Where there is no solution, why, if that is known."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What came of expressions that call a solution, in their order."""

    values: tuple[str | None, ...]
    """A short text each, equal where values are; ``!ValueError`` where that was raised, ``!time`` where time
    was up, ``!Ended`` where the solution ended its process; None where nothing is known, as behind these, or
    for a solution that cannot be loaded."""
    seconds: float
    """Of the execution."""


TRUE = "n1"
"""What True is in `Evaluated.values`."""


class Harness(Protocol):
    """Everything between prompt and verdict for one kind of task."""

    name: str
    """Stored with every run that it judges."""
    options: type[Any] | None = None
    """A dataclass of `pytest_mcode.option` fields: options that mean something to this harness alone."""
    nature: str = "has tasks of another kind"
    """What a benchmark of this harness has, said where an option of another harness is refused."""
    usual_feedback: str = "judge"
    """``--mcode-feedback`` where nobody says; tables name the others."""
    nothing_found: str = "the completion holds no solution"
    """The message of the verdict ``no_solution``, which repairs show."""
    selections: tuple[str, ...] = ("first", "public")
    """What ``--mcode-select`` may be beside ``judge``; ``vote``, ``vote-model`` and ``tests`` ask for what
    stands below."""
    concurrent: bool = False
    """Whether several threads may use it at a time, and what `open_sandbox` returns, for different tasks."""
    has_agents: bool = False
    """Whether it has a `workplace`."""
    shows_solved_tasks: bool = False
    """Whether ``--mcode-retrieval`` shows solved tasks of other splits, for `prompt` to word."""

    @property
    def own_options(self) -> tuple[str, ...]:
        """The fields of `options`, as far as they were declared."""
        return options_of(self.name)

    def configured(self, settings: Settings) -> "Harness":
        """Return the harness as a session's settings want it."""
        return self

    # Before anything runs.

    def settle(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Settings:
        """Return the settings with what depends on this machine decided, such as a sandbox ``auto``.

        Raises `ConfigurationError` with the remedy.
        """
        return settings

    def check_options(self, settings: Settings) -> None:
        """Raise `ConfigurationError` for options that do not go together."""
        return None

    def check_task(self, task: Task) -> None:
        """Raise ValueError saying what is wrong with a task of a benchmark of somebody's own."""
        return None

    def judged_by(self, task: Task, other: Task) -> Task | None:
        """Return `task` with the tests of `other`, the same task of ``--mcode-judge``; None: no fit."""
        raise ConfigurationError(
            f"--mcode-judge: {self.name} have no tests that could be swapped; leave it out"
        )

    def caveats(self, settings: Settings) -> Iterator[str]:
        """Yield what the reader of a result should know of the sandbox."""
        return iter(())

    def shows_test(self, task: Task) -> bool:
        """Whether a model can see, or find out, something that speaks against a wrong solution."""
        return task.public_test is not None

    # The sandbox.

    def open_sandbox(self, settings: Settings, session_id: str) -> Any:
        """Return where solutions are judged, with ``close()``; nothing is started before the first of them.

        It is handed to `prompt`, `extract` and `judge`; every worker has its own. By default nothing but
        the ``settings``, for a harness that runs no solutions and has options.
        """
        return Nowhere(settings)

    def check_sandbox(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Mapping[str, Any]:
        """Return what a run's record says of a sandbox that can judge `tasks`, JSON types.

        Raises `ConfigurationError` with the remedy.
        """
        return {}

    def prepare(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Callable[[], None] | None:
        """Bring what `tasks` need before the first of them runs; raises `ConfigurationError`.

        What goes on while they run is stopped by what this returns.
        """
        return None

    def check_resumed(
        self,
        settings: Settings,
        session_id: str,
        tasks: Sequence[Task],
        judged: Mapping[str, Sequence[Attempt]],
    ) -> None:
        """Raise `ConfigurationError` where `tasks` would be judged otherwise than the attempts at them were.

        `judged` are a run's attempts by task id.
        """
        return None

    def image_bytes(self, tasks: Sequence[Task]) -> int:
        """Return the bytes that images of `tasks` take at most, beside one that all share."""
        return 0

    def remove_leftovers(self, settings: Settings, session_id: str) -> None:
        """Remove what workers that were killed have left."""
        return None

    def describe_sandbox(self, settings: Settings) -> str:
        """Return where solutions are judged, in a few words, for the session's header."""
        return "sandbox none"

    # From a task to a verdict.

    def prompt(
        self,
        settings: Settings,
        template: str,
        sandbox: Any = None,
        demonstrations: "Demonstrations | None" = None,
    ) -> "Prompt":
        """Return how tasks are worded, by the benchmark's `template`; without a sandbox, for its hash."""
        from pytest_mcode.harnesses.prompting import TemplatePrompt

        return TemplatePrompt(template, "plain_repair.jinja", own=settings.prompts)

    def extract(self, completion: str, task: Task, sandbox: Any) -> str | None:
        """Return the solution in a completion, or None where there is none; raises `ApplyError`."""

    def find(self, completion: str, task: Task, sandbox: Any) -> Found:
        """Return what `extract` does, with notes on what it did; raises `ApplyError`."""
        return Found(solution=self.extract(completion, task, sandbox))

    def judge(self, task: Task, solution: str, sandbox: Any) -> Verdict:
        """Judge a solution by the task's tests; raises `InfraError` where these cannot be run."""

    def judge_publicly(self, task: Task, solution: str, sandbox: Any) -> Verdict | None:
        """Judge by what the prompt shows; None where it shows no test."""
        return None

    def examples(self, task: Task) -> Mapping[str, str]:
        """Return the tests that the prompt shows one by one: as they are shown, the `public_test` of each."""
        return {}

    def learn(self, task: Task, sandbox: Any) -> Sequence[str]:
        """Find out with the reference solution what sessions should know of a task, and keep it.

        `mcode doctor --gold` calls it where the reference passes; returns what was found, for people.
        """
        return ()

    def workplace(self, task: Task, sandbox: Any) -> AbstractContextManager[Workplace]:
        """Open where an agent of somebody's own works at a task."""
        raise ConfigurationError(
            f"{self.name} have no files to work in: run(), read(), write() and diff() of mcode_task are for "
            "benchmarks of repositories"
        )

    def trace(self, task: Task, solution: str, verdict: Verdict, sandbox: Any) -> str | None:
        """Return what the call of ``task.test`` did at which `solution` fails; None where there is no trace.

        `verdict` stands, whatever is seen: it says how the untraced run ended.
        """
        return None

    def forget(self, task: Task, sandbox: Any) -> None:
        """Drop what `sandbox` keeps of a task: nobody works at it any more."""
        return None

    def remarks(self, task: Task, solution: str) -> Mapping[str, Any]:
        """Return what the solution's record should say besides, JSON types: becomes `Attempt.extra`."""
        return {}

    def canonical(self, task: Task, solution: str) -> str:
        """Return a text that is equal for solutions that must get the same verdict: they are judged once."""
        return solution.strip()

    # Selection among samples.

    def inputs(self, task: Task, seed: int) -> tuple[Sequence[str], Sequence[str]]:
        """Return expressions that call a solution: those that the prompt shows, and those derived of them."""
        return (), ()

    def evaluate(self, task: Task, solution: str, expressions: Sequence[str], sandbox: Any) -> Evaluated:
        """Return what such expressions are for a solution; raises `InfraError`."""
        raise ConfigurationError(f"{self.name} cannot be chosen by what they do")

    def tests_request(self, task: Task) -> list[Message]:
        """Return the messages that ask a model for tests of a task."""
        raise ConfigurationError(f"{self.name} cannot be chosen by what they do")

    def find_tests(self, completion: str, task: Task) -> Sequence[str]:
        """Return the tests in an answer: expressions that are True where a solution passes."""
        raise ConfigurationError(f"{self.name} cannot be chosen by what they do")

    def calls_in(self, test: str, task: Task) -> Sequence[str]:
        """Return what in such a test may stand among `inputs`."""
        return ()

    # Afterwards.

    def cluster(self, task_id: str) -> str | None:
        """Return the group of tasks that go together, such as a repository; None: there are no groups."""
        return None

    @property
    def export_formats(self) -> Mapping[str, "Callable[..., Mapping[str, Any]]"]:
        """Return, by format of ``mcode export``, what makes the columns of a line.

        It is called with the keywords ``outcome``, ``attempt``, ``model`` and ``task`` (a callable that gives
        the `Task`). Of ``samples``, which all tasks have, it gives the columns that differ.
        """
        return {}

    # For `mcode doctor`.

    def examine_machine(
        self, settings: Settings, session_id: str, progress: Progress
    ) -> Generator[Finding, None, bool]:
        """Yield what is found of the sandbox; return whether solutions can be judged."""
        yield from ()
        return True

    def examine_tasks(self, settings: Settings, tasks: Sequence[Task], prompt: "Prompt") -> Iterator[Finding]:
        """Yield what can be said of tasks that are read, not run."""
        yield from ()

    def examine_execution(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Generator[Finding, None, bool]:
        """Yield whether all is there that judging `tasks` takes; return whether it is."""
        yield from ()
        return True

    def idle_solutions(self, task: Task) -> Sequence[str]:
        """Return solutions that do nothing: no judge may pass one of them."""
        return [""]
