"""A user's conftest.py with every protocol: `test_typing.py` checks it as a user's own mypy would."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_mcode import (
    Attempt,
    Backend,
    Benchmark,
    Completion,
    ConfigurationError,
    Dataset,
    Finding,
    FunctionHarness,
    FunctionJudge,
    Harness,
    InfraError,
    Limits,
    Message,
    Model,
    ModelSettings,
    Program,
    Prompt,
    Request,
    Resample,
    SampleAndDebug,
    Sandbox,
    Settings,
    Solver,
    Source,
    Task,
    TaskHandle,
    TemplatePrompt,
    Verdict,
    __version__,
    add_options,
    choice,
    count,
    number,
    option,
    results,
    switch,
)

# Options and a harness.


@dataclass(frozen=True, kw_only=True)
class NumberOptions:
    tolerance: float = number("How far a number may be off.", 0, default=0.0, changes_result=True)
    digits: int = count("Digits that are kept.", 1, default=3)
    notation: str = option("How numbers are written.", choice("plain", "scientific"), default="plain")
    signed: bool = switch("Take numbers with a sign only.")


class Numbers(Harness):
    name = "numbers"
    options = NumberOptions
    nature = "has numbers to find"

    def check_options(self, settings: Settings) -> None:
        if settings.of(NumberOptions).signed and settings.samples > 1:
            raise ConfigurationError("--mcode-signed: only with one sample")

    def extract(self, completion: str, task: Task, sandbox: Any) -> str | None:
        found = re.findall(r"-?\d+", completion)
        return str(found[-1]) if found else None

    def judge(self, task: Task, solution: str, sandbox: Any) -> Verdict:
        settings: Settings = sandbox.settings
        off = abs(float(solution) - float(task.extra["answer"]))
        return Verdict(kind="passed" if off <= settings.of(NumberOptions).tolerance else "assertion")

    def cluster(self, task_id: str) -> str | None:
        return task_id.partition("/")[0]

    def idle_solutions(self, task: Task) -> Sequence[str]:
        return ["0"]

    def examine_tasks(self, settings: Settings, tasks: Sequence[Task], prompt: Prompt) -> Iterator[Finding]:
        yield Finding(check="answers", level="ok", message=f"{len(tasks)} answers")


class LastBlock(FunctionHarness):
    name = "last_block"

    def extract(self, completion: str, task: Task, sandbox: Sandbox | None = None) -> str | None:
        return super().extract(completion.rpartition("```python")[2], task, sandbox)


# Benchmarks: inherited, of functions, and by their shape alone.


class Doubles(Benchmark):
    name = "doubles"
    summary = "numbers to double"
    harness = Numbers()

    def load(self, source: Source) -> Dataset:
        task = Task(task_id="doubles/1", prompt="What is 1 + 1?", test="", extra={"answer": 2})
        return Dataset(tasks=[task], origin=source.dataset or "conftest.py", split="test")


class Sums(FunctionJudge):
    name = "sums"
    summary = "additions"
    defaults = {"timeout": 5.0}
    harness = LastBlock()

    def load(self, source: Source) -> Dataset:
        task = Task(task_id="sums/1", prompt="plus", test="assert plus(1, 2) == 3", entry_points=("plus",))
        return Dataset(tasks=[task], origin="conftest.py", split="test")


@dataclass(frozen=True)
class Bare:
    name: str
    summary: str = "any tasks"
    harness: Harness = Numbers()
    prompt_template: str = "plain.jinja"
    demonstrations: tuple[str, Sequence[str]] | None = None

    @property
    def defaults(self) -> Mapping[str, Any]:
        return {"samples": 2}

    def load(self, source: Source) -> Dataset:
        raise ConfigurationError(f"no split {source.split}")


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser, Numbers)


def pytest_mcode_benchmarks() -> list[Benchmark | type[Benchmark]]:
    return [Doubles, Doubles(), Sums(), Bare("bare")]


# What answers, and what words a task.


class Echo:
    def generate(self, request: Request) -> Completion:
        if not request.messages:
            raise InfraError("nothing was asked")
        return Completion(text=request.messages[-1]["content"], prompt_tokens=1, completion_tokens=1)

    def close(self) -> None:
        pass


class Inherited(Model):
    def generate(self, request: Request) -> Completion:
        return Completion(text=request.task.prompt)

    def close(self) -> None:
        pass


class Echoes:
    name = "echo"
    summary = "answers with the question"
    takes = ("temperature",)

    def preflight(self, settings: ModelSettings) -> Mapping[str, Any]:
        return {"unverified": f"{settings.model} is not a model"}

    def open(self, settings: ModelSettings) -> Model:
        return Echo()


def pytest_mcode_backends() -> list[Backend]:
    return [Echoes()]


def coverage(db: str, run: str) -> list[dict[str, Any]]:
    with results.open(db) as opened:
        return opened.run(run).pass_at(1, 5)


class Terse:
    hash = "terse-1"

    def first(self, task: Task) -> list[Message]:
        return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": task.prompt}]

    def repair(self, task: Task, verdict: Verdict | None) -> Message:
        return {"role": "user", "content": verdict.message if verdict else "Wrong."}


class Polite(TemplatePrompt):
    def first(self, task: Task) -> list[Message]:
        return [{"role": "system", "content": "Please."}, *super().first(task)]


class Nothing:
    """A sandbox that passes everything."""

    limits = Limits(timeout=1.0)

    def run(self, program: Program) -> Verdict:
        return Verdict(kind="passed", stdout=program.solution)

    def describe(self) -> Mapping[str, Any]:
        return {"version": __version__}

    def close(self) -> None:
        pass


# Solvers: a function, a class, and the bundled ones with parts of one's own.


def once(task: TaskHandle) -> None:
    verdict = task.judge("x = 1")
    if not verdict.passed:
        task.judge("x = 2", sample=1)


@dataclass(frozen=True)
class Cascade:
    cheap: SampleAndDebug
    strong: SampleAndDebug

    def __call__(self, task: TaskHandle) -> None:
        self.cheap.sample(task, 0)
        last: Attempt = task.attempts[-1]
        if not task.looks_solved(last):
            self.strong.sample(task, 1)


class Louder(SampleAndDebug):
    def next_messages(self, task: TaskHandle, messages: Sequence[Message], attempt: Attempt) -> list[Message]:
        return [*super().next_messages(task, messages, attempt), {"role": "user", "content": "PLEASE"}]


models: list[Model] = [Echo(), Inherited()]
prompts: list[Prompt] = [Terse(), Polite("own.jinja")]
sandboxes: list[Sandbox] = [Nothing()]
solvers: list[Solver] = [
    once,
    Cascade(SampleAndDebug(Echo(), Terse()), Louder(Echo(), Terse(), samples=2)),
    Resample(Echo(), Terse(), debug_iters=2),
]
harnesses: list[Harness] = [Numbers(), LastBlock()]
benchmarks: list[Benchmark] = [Doubles(), Sums(), Bare("bare")]


@pytest.fixture(scope="session")
def mcode_model() -> Iterator[Model]:
    yield Echo()


@pytest.fixture(scope="session")
def mcode_prompt(mcode_prompt: Prompt) -> Prompt:
    return mcode_prompt


@pytest.fixture(scope="session")
def mcode_solver(mcode_model: Model, mcode_prompt: Prompt) -> Callable[[TaskHandle], None]:
    return SampleAndDebug(mcode_model, mcode_prompt)
