"""What flows through a session: tasks, attempts, verdicts, outcomes. Plain data, JSON in and out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, NotRequired, Self, TypedDict

__all__ = [
    "REFUSALS",
    "Attempt",
    "Choice",
    "Message",
    "OutcomeStatus",
    "RunInfo",
    "Task",
    "TaskOutcome",
    "Verdict",
    "VerdictKind",
    "fingerprint",
    "to_json",
]

VerdictKind = Literal[
    "passed",
    "assertion",
    "exception",
    "syntax",
    "timeout",
    "memory",
    "output_limit",
    "exited_early",
    "no_solution",
    "truncated",
    "context_overflow",
    "content_filter",
    "unresolved",
    "apply_failed",
]
REFUSALS: tuple[VerdictKind, ...] = ("context_overflow", "content_filter")
"""Verdicts on prompts that the server may have refused: without an answer no tokens are spent."""
EXAMPLE_MARKS = {"passed": "+", "": "."}
"""What stands for an example's verdict; all others failed."""
OutcomeStatus = Literal["solved", "unsolved", "infra"]


class Message(TypedDict):
    """One turn of a conversation, as sent to the model."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: NotRequired[Sequence[Mapping[str, Any]]]
    """Of an assistant's turn, in OpenAI's form."""
    tool_call_id: NotRequired[str]
    """Of a tool's turn: the call that it answers."""
    tool_name: NotRequired[str]


def to_json(value: object) -> str:
    """Encode as canonical ASCII JSON: sorted keys, no spaces; lone surrogates survive; dataclasses too."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_fields)


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}  # `asdict` copies what is in them


def fingerprint(value: object) -> str:
    """Return the sha256 hex digest of a value's canonical JSON."""
    return hashlib.sha256(to_json(value).encode("ascii")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Task:
    """One problem of a benchmark. Every function benchmark fits these fields."""

    task_id: str
    """The dataset's own id, such as ``HumanEval/0``."""
    prompt: str
    """The problem as the dataset states it."""
    test: str
    """Source that raises when the solution is wrong; it calls the entry points by name."""
    entry_points: tuple[str, ...] = ()
    """Names that `test` calls and a solution must define; given by the test's author."""
    setup: str = ""
    """Trusted source that runs before the solution and before the tests (imports, helpers)."""
    canonical_solution: str | None = None
    """The dataset's reference solution, complete and runnable after `setup`."""
    public_test: str | None = None
    """The part of the tests that the prompt shows."""
    in_process: bool = False
    """True where objects, not plain data, cross between solution and test: both share a process."""
    tags: tuple[str, ...] = ()
    """Become pytest marks."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What only this benchmark needs, JSON types."""

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the task's canonical record."""
        return fingerprint(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from what `dataclasses.asdict` gave, after a trip through JSON."""
        return cls(**{**data, "entry_points": tuple(data["entry_points"]), "tags": tuple(data["tags"])})


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the judge said of one solution."""

    kind: VerdictKind
    message: str = ""
    """Bounded text for people and for the debug loop: the failing assertion, the error, the limit."""
    stdout: str = ""
    """What the solution printed: the first and the last part, with the number of bytes dropped between."""
    stderr: str = ""
    seconds: float = 0.0
    """Seconds of the execution that count towards the time limit: those that it waited for a processor of a
    busy machine do not, where the sandbox can tell."""
    cpu_seconds: float = 0.0
    """Processor seconds of all the solution's processes and threads; 0 where they are not measured."""
    wall_seconds: float = 0.0
    """Wall-clock seconds of the execution."""
    mode: Literal["", "split", "in_process", "container"] = ""
    """Whether solution and tests ran in two processes, in one, or in a container of their own."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the judge has to say, JSON types: becomes part of `Attempt.extra`."""

    @property
    def passed(self) -> bool:
        """Whether the tests ran to their end and held."""
        return self.kind == "passed"

    @property
    def passed_in_process(self) -> bool:
        """Whether it is a pass in one process with the tests, where none can be fully proven."""
        return self.passed and self.mode == "in_process"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One generation and one execution. Iteration 0 is a sample's first attempt."""

    sample: int
    iteration: int
    messages: Sequence[Message] = ()
    """Exactly what was sent to the model; empty where a solver of the user's own gave none."""
    completion: str = ""
    reasoning: str = ""
    """Thinking that the server returned apart from the completion."""
    solution: str | None = None
    verdict: Verdict
    public_verdict: Verdict | None = None
    seed: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    generation_seconds: float = 0.0
    finish_reason: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flags(self) -> Mapping[str, Sequence[str]]:
        """What a solution does that could decide its own verdict, by name, with the files; mostly nothing."""
        found: Mapping[str, Sequence[str]] = self.extra.get("flags", {})
        return found

    @property
    def passed_flagged(self) -> bool:
        """Whether the solution passed, and could have decided that itself."""
        return self.verdict.passed and bool(self.flags)

    @property
    def is_repeat(self) -> bool:
        """Whether an earlier attempt at the task had its solution: it was not run, that verdict stands."""
        return "repeat_of" in self.extra

    @property
    def repeat_of(self) -> str | None:
        """Sample and iteration of that earlier attempt, as in ``0/1``; None where it is no repeat."""
        earlier = self.extra.get("repeat_of")
        return f"{earlier['sample']}/{earlier['iteration']}" if earlier else None

    @property
    def examples(self) -> str | None:
        """Of the tests in the prompt, a character each: ``+`` passed, ``-`` failed, ``.`` not run."""
        found = self.extra.get("examples")
        return "".join(EXAMPLE_MARKS.get(each["verdict"], "-") for each in found) if found else None

    def helper_tokens(self, name: Literal["prompt_tokens", "completion_tokens"]) -> int | None:
        """Return what a helper model spent on it; None where none was asked, or its server did not tell."""
        counts = [each[name] for each in self.extra.get("asides", ()) if each.get("helper")]
        return sum(counts) if counts and None not in counts else None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from what `dataclasses.asdict` gave."""
        public = data.get("public_verdict")
        verdicts = {"verdict": Verdict(**data["verdict"]), "public_verdict": public and Verdict(**public)}
        return cls(**{**data, **verdicts})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which of a task's samples is handed in, chosen without the tests that judge; and what choosing took."""

    by: str
    """``first``, ``public``, ``vote``, ``vote-model``, ``tests``."""
    sample: int | None
    """None where no sample has a solution."""
    passed: bool
    """Whether the judging tests pass that sample's last attempt."""
    reason: str
    """Why this one, in a few words."""
    executions: int = 0
    """Runs in the sandbox."""
    execution_seconds: float = 0.0
    prompt_tokens: int | None = 0
    """Of what the model was asked for the choice; None where it did not tell."""
    completion_tokens: int | None = 0
    generation_seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)
    """Groups, scores, tests; JSON types."""


@dataclass(frozen=True, kw_only=True)
class TaskOutcome:
    """How one task of a run ended, with every attempt made, also those before an error."""

    task_id: str
    task_fingerprint: str
    test: str
    """Name of the test function: a solver of the user's own is another test function."""
    status: OutcomeStatus
    attempts: tuple[Attempt, ...] = ()
    error: str = ""
    """The cause, for ``infra``."""
    seconds: float = 0.0
    """Wall-clock seconds that the solver took, what it waited for a free slot or sandbox among them."""
    tags: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    """What would be handed in, by ways of choosing; `status` knows nothing of them."""

    @property
    def overridden(self) -> dict[str, str]:
        """By fixture of ours, what took its place; empty where no attempt was made."""
        return dict(self.attempts[0].extra.get("overridden", {})) if self.attempts else {}

    @property
    def last_message(self) -> str:
        """The last attempt's verdict and its message; empty where no attempt was made."""
        last = self.attempts[-1].verdict if self.attempts else None
        return f"{last.kind}: {last.message}" if last else ""

    def to_json(self) -> str:
        """Encode as one ASCII JSON string, the form that travels over xdist."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild from `to_json`."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from what `to_json` encodes."""
        attempts = tuple(Attempt.from_dict(attempt) for attempt in data["attempts"])
        choices = tuple(Choice(**choice) for choice in data["choices"])
        return cls(**{**data, "attempts": attempts, "tags": tuple(data["tags"]), "choices": choices})


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """One benchmark and one configuration in one session: what the store's ``runs`` row is made of."""

    run_id: str
    config_key: str
    benchmark: str
    dataset: str
    """Where the tasks came from: a path or ``hub-id@revision``."""
    split: str
    dataset_fingerprint: str
    """sha256 over the split's task fingerprints, in dataset order, whatever subset was taken."""
    tasks_total: int
    """Tasks in the split; ``tasks_planned`` of the store counts those that the session selected."""
    settings: Mapping[str, Any]
    """Every setting of the session, JSON types."""
    prompt_hash: str
    model_digest: str | None = None
    """The model's digest and the rest of what its server reported."""
    model_info: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    """Versions, commit, host, engine, image; as ``overridden``, by test function, what overrides fixtures."""
    started_at: str = ""
    """ISO 8601, UTC."""
    harness: str = "functions"
    """Name of the harness that put the tasks to the model and judged them."""
