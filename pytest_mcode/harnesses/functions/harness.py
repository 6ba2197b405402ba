"""The harness of functions: code that a completion holds, judged by tests that call it."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.demonstrations import Demonstrations
from pytest_mcode.harnesses.findings import Finding, run_check
from pytest_mcode.harnesses.functions import inputs, modes
from pytest_mcode.harnesses.functions.checks import check_function
from pytest_mcode.harnesses.functions.evaluating import evaluate
from pytest_mcode.harnesses.functions.options import FunctionOptions
from pytest_mcode.harnesses.functions.sandbox import check_sandbox, open_sandbox, settle
from pytest_mcode.harnesses.functions.single_tests import single_tests
from pytest_mcode.harnesses.functions.stubs import is_stub
from pytest_mcode.harnesses.functions.syntax import canonical, looks_at_source
from pytest_mcode.harnesses.protocol import Evaluated, Found, Harness, Progress
from pytest_mcode.records import Message, Task, Verdict
from pytest_mcode.sandboxes import Program, Sandbox
from pytest_mcode.settings import Settings

if TYPE_CHECKING:
    from pytest_mcode.harnesses.prompting import Prompt

__all__ = ["FUNCTIONS", "FunctionHarness"]

IDLE_VALUES = (
    *("None", "first", "0", "1", "-1", "True", "False", '""'),
    *("[]", "()", "{}", "set()", "[[]]", "range(0)", "numpy.array([])"),
)
"""What functions return that do nothing; all but the first two pass where a comparison is too loose."""


class FunctionHarness(Harness):
    """Runs solutions in a `Sandbox`, apart from their tests."""

    name = "functions"
    concurrent = True
    options = FunctionOptions
    nature = "has functions to write, no repositories"
    nothing_found = "the completion holds no code that can be parsed"
    selections = ("first", "public", "vote", "vote-model", "tests")
    shows_solved_tasks = True

    def __init__(self, extract: Literal["standard", "whole"] = "standard") -> None:
        """Judge what ``--mcode-extract`` says of a completion."""
        self._extract: Literal["standard", "whole"] = extract

    def configured(self, settings: Settings) -> "FunctionHarness":
        """Return the harness that extracts as ``--mcode-extract`` says."""
        return type(self)(settings.of(FunctionOptions).extract)

    def check_options(self, settings: Settings) -> None:
        """Refuse what only ``--mcode-retrieval`` or another sandbox has a use for."""
        own = settings.of(FunctionOptions)
        if settings.rootfs is not None and settings.sandbox not in ("bubblewrap", "auto"):
            raise ConfigurationError("--mcode-rootfs: give --mcode-sandbox=bubblewrap as well, or none")
        if not settings.retrieval and (
            own.retrieval_dataset or own.retrieval_k != FunctionOptions.retrieval_k
        ):
            raise ConfigurationError(
                "--mcode-retrieval-k and --mcode-retrieval-dataset: give --mcode-retrieval as well"
            )

    def settle(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Settings:
        """Choose the sandbox where that is left to us."""
        return settle(settings, session_id, tasks, progress)

    def check_task(self, task: Task) -> None:
        """Raise ValueError where a field is not what a function's task needs."""
        check_function(task)

    def judged_by(self, task: Task, other: Task) -> Task | None:
        """Return `task` with the test of `other`; what runs before its solution stays its own."""
        if other.entry_points != task.entry_points:
            return None
        test = other.test if other.setup in ("", task.setup) else f"{other.setup}\n\n{other.test}"
        return replace(task, test=test, in_process=other.in_process)

    def caveats(self, settings: Settings) -> Iterator[str]:
        """Say where nothing isolates solutions."""
        if settings.sandbox == "process":
            yield "sandbox process: solutions run on this machine; it is for code that you trust"

    def open_sandbox(self, settings: Settings, session_id: str) -> Sandbox:
        """Return a `Sandbox`."""
        return open_sandbox(settings, session_id)

    def check_sandbox(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Mapping[str, Any]:
        """Try a trivial program, in an image that is pulled where it is missing."""
        return check_sandbox(settings, session_id, tasks, progress)

    def remove_leftovers(self, settings: Settings, session_id: str) -> None:
        """Remove containers of the session."""
        from pytest_mcode.sandboxes import opening

        opening.remove_leftovers(settings.sandbox, session_id)

    def describe_sandbox(self, settings: Settings) -> str:
        """Return sandbox, image and time limit."""
        own = settings.of(FunctionOptions)
        engine = f"{settings.sandbox} {own.image} ({own.isolation})"
        where = engine if settings.uses_engine else settings.sandbox
        return f"sandbox {where}, {settings.timeout:g} s"

    def prompt(
        self,
        settings: Settings,
        template: str,
        sandbox: Any = None,
        demonstrations: Demonstrations | None = None,
    ) -> "Prompt":
        """Word a task by `template`, with the solved tasks chosen for it."""
        from pytest_mcode.harnesses.prompting import TemplatePrompt

        if demonstrations is None:
            return TemplatePrompt(template, own=settings.prompts)
        return TemplatePrompt(
            template,
            context=demonstrations.shown,
            corpus=demonstrations.fingerprint,
            own=settings.prompts,
        )

    def extract(self, completion: str, task: Task, sandbox: Any = None) -> str | None:
        """Return the code that defines the entry points, or None where nothing parses."""
        return self.find(completion, task, sandbox).solution

    def find(self, completion: str, task: Task, sandbox: Any = None) -> Found:
        """Return the code, which of the model's own examples it lacks, or what keeps it from being code."""
        from pytest_mcode.harnesses.functions.extraction import extract

        stub = task.prompt if is_stub(task.prompt, task.entry_points) else None
        found = extract(completion, entry_points=task.entry_points, stub=stub, mode=self._extract)
        return Found(
            solution=found.code,
            remarks={"examples_left_out": list(found.left_out)} if found.left_out else {},
            verdict=Verdict(kind="syntax", message=found.problem) if found.problem else None,
        )

    def judge(self, task: Task, solution: str, sandbox: Sandbox) -> Verdict:
        """Run the task's test against `solution`, in the mode that the test and the reference need."""
        return modes.judge(_program(task, solution, task.test), task.canonical_solution, sandbox)

    def judge_publicly(self, task: Task, solution: str, sandbox: Sandbox) -> Verdict | None:
        """Run the test that the prompt shows; None where it shows none."""
        if task.public_test is None:
            return None
        return modes.judge(_program(task, solution, task.public_test), task.canonical_solution, sandbox)

    def examples(self, task: Task) -> Mapping[str, str]:
        """Return the asserts of the test that the prompt shows."""
        return single_tests(task.public_test) if task.public_test else {}

    def trace(self, task: Task, solution: str, verdict: Verdict, sandbox: Sandbox) -> str | None:
        """Return which lines ran and what they left in variables, within a budget of tokens."""
        from pytest_mcode.harnesses.functions.tracing import trace

        program = _program(task, solution, task.test)
        return trace(program, verdict, lambda each: modes.judge(each, task.canonical_solution, sandbox))

    def canonical(self, task: Task, solution: str) -> str:
        """Return the syntax tree without comments and docstrings; the text where either may be looked at."""
        sources = (solution, task.test, task.setup)
        return solution.strip() if any(map(looks_at_source, sources)) else canonical(solution)

    def inputs(self, task: Task, seed: int) -> tuple[Sequence[str], Sequence[str]]:
        """Return the calls that the prompt shows, and mutants of them."""
        return inputs.shown_calls(task), inputs.mutants(task, seed)

    def evaluate(self, task: Task, solution: str, expressions: Sequence[str], sandbox: Sandbox) -> Evaluated:
        """Run the solution, and in the process of the tests what calls it."""
        return evaluate(task, solution, expressions, sandbox)

    def tests_request(self, task: Task) -> list[Message]:
        """Ask for asserts, one a line."""
        from pytest_mcode.harnesses.functions.written_tests import tests_request

        return tests_request(task)

    def find_tests(self, completion: str, task: Task) -> Sequence[str]:
        """Return the conditions of plain asserts."""
        from pytest_mcode.harnesses.functions.written_tests import find_tests

        return find_tests(completion, task)

    def calls_in(self, test: str, task: Task) -> Sequence[str]:
        """Return the calls with literal arguments in a condition."""
        return inputs.calls_in(test, task)

    @property
    def export_formats(self) -> Mapping[str, Callable[..., Mapping[str, Any]]]:
        """Return samples as the reference evaluators read them."""
        from pytest_mcode.harnesses.functions.exporting import runnable

        return {"samples": runnable}

    def examine_machine(
        self, settings: Settings, session_id: str, progress: Progress
    ) -> Generator[Finding, None, bool]:
        """Look at engine and image, then try every limit."""
        from pytest_mcode.harnesses.functions.examination import check_image, check_limits
        from pytest_mcode.harnesses.machine import check_engine

        if settings.uses_engine:
            engine_works = yield from run_check("engine", partial(check_engine, settings))
            if not engine_works:
                return False
        if not (yield from run_check("image", partial(check_image, settings, session_id, progress))):
            return False
        yield from run_check("limits", partial(check_limits, settings, session_id))
        return True

    def examine_tasks(self, settings: Settings, tasks: Sequence[Task], prompt: "Prompt") -> Iterator[Finding]:
        """Look at the tests' source, and at what the prompts show of it."""
        from pytest_mcode.harnesses.functions import reading

        yield from run_check("tests", partial(reading.check_sources, tasks))
        yield from run_check("overlap", partial(reading.check_overlap, tasks, prompt))
        yield from run_check("public", partial(reading.check_public_tests, tasks))

    def examine_execution(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Generator[Finding, None, bool]:
        """Look for the modules that the tests import."""
        from pytest_mcode.harnesses.functions.modules import check_modules

        return (yield from run_check("modules", partial(check_modules, settings, session_id, tasks)))

    def idle_solutions(self, task: Task) -> Sequence[str]:
        """Return no code at all, and functions that return their first argument or one and the same value."""
        return ["", *(_returning(value, task) for value in IDLE_VALUES)]


def _returning(value: str, task: Task) -> str:
    functions = (f"def {name}(first=None, *_, **__):\n    return {value}\n" for name in task.entry_points)
    return "\n".join([*(["import numpy\n"] if "numpy" in value else []), *functions])


def _program(task: Task, solution: str, test: str) -> Program:
    return Program(
        solution=solution,
        test=test,
        entry_points=task.entry_points,
        setup=task.setup,
        in_process=task.in_process,
    )


FUNCTIONS = FunctionHarness()
