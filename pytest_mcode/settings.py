"""Every option of a session, once: name, type, default, help, and whether it can change a result."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options import (
    UNITS,
    OptionSpec,
    choice,
    count,
    key_value,
    number,
    occasion_switch,
    option,
    size,
    switch,
)

__all__ = [
    "BACKENDS",
    "DEFAULT_IMAGE",
    "FUNCTION_OPTIONS",
    "MODEL_FREE_BACKENDS",
    "MODEL_OPTIONS",
    "REPOSITORY_OPTIONS",
    "Settings",
    "option_specs",
]

BACKENDS = ("ollama", "openai", "litellm", "hf", "watsonx", "gold", "replay", "none")
"""Those of the package; `pytest_mcode.models.backends` finds them and those from outside by name."""
MODEL_FREE_BACKENDS = ("gold", "replay", "none")
"""Backends that need no ``--mcode-model`` and no preflight of a model server."""
REPOSITORY_OPTIONS = (
    "retrieval_source",
    "agent",
    "max_steps",
    "network",
    "namespace",
    "arch",
    "max_workers",
    "task_repo",
    "force_rebuild",
)
"""Fields that mean something only to benchmarks whose tasks are repositories."""
MODEL_OPTIONS = ("model", "base_url", "temperature", "max_tokens", "context_window", "model_option")
"""Fields that mean nothing to the backend ``gold``, which asks no model."""
FUNCTION_OPTIONS = ("sandbox", "image", "isolation", "retrieval_k", "retrieval_dataset")
"""Fields that mean something only to benchmarks whose tasks are functions."""

DEFAULT_IMAGE = "python:3.12-slim"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One session's configuration: command line, then ini, then the benchmark's default, then ours."""

    benchmark: str = option(
        "Benchmark to run (`mcode benchmarks` lists them), or the path of a JSONL file of tasks; activates "
        "the plugin.",
        metavar="NAME|PATH",
        changes_result=True,
    )
    model: str | None = option(
        "Model id as its server knows it, such as qwen2.5-coder:7b.", metavar="ID", changes_result=True
    )
    backend: str = option(
        f"What answers: {', '.join(BACKENDS)}, or one that a conftest.py or plugin brings. "
        "`gold` answers with the reference solutions; `replay` judges stored answers again; "
        "`none` leaves it to a fixture or test function of your own.",
        metavar="NAME",
        default="ollama",
        changes_result=True,
    )
    replay: str | None = option(
        "What --mcode-backend=replay judges again: a JSONL file of samples or predictions, or a stored run.",
        metavar="FILE|RUN",
        ini=None,
        changes_result=True,
    )
    base_url: str | None = option(
        "Address of the model server; default: the backend's environment variable, then its usual port.",
        metavar="URL",
    )
    samples: int = count(
        "Independent samples per task; stops at the first pass.", 1, default=1, changes_result=True
    )
    all_samples: bool = switch(
        "Start every sample, also after a pass: what an unbiased pass@k needs.", changes_result=True
    )
    debug_iters: int = count("Repairs after a failed attempt, per sample.", 0, default=0, changes_result=True)
    feedback: Literal["judge", "public", "none"] = option(
        "What guides a repair: judge (the judging tests' error), public (only tests that the prompt shows; "
        "the judging tests decide once at the end), none (that it failed).",
        choice("judge", "public", "none"),
        metavar="WHAT",
        default="judge",
        changes_result=True,
    )
    judge: str | None = option(
        "Another benchmark whose tests judge the same tasks, such as humaneval+ for humaneval; "
        "tasks that it has no test for are left out.",
        metavar="NAME",
        changes_result=True,
    )
    judge_dataset: str | None = option(
        "Where the judge's tests come from: as --mcode-dataset.", metavar="PATH|ID"
    )
    strategy: Literal["repair", "resample"] = option(
        "How a sample's budget is spent: repair (one conversation, with feedback), resample (every attempt "
        "a fresh one, without feedback: the baseline at equal cost).",
        choice("repair", "resample"),
        metavar="HOW",
        default="repair",
        changes_result=True,
    )
    timeout: float = number(
        "Seconds that one execution may take.", 0.1, metavar="SECONDS", default=60.0, changes_result=True
    )
    limit: int | None = count("Only the first N tasks, in dataset order.", 1)
    task: tuple[str, ...] = option(
        "Only the task with exactly this id; repeatable.", metavar="ID", ini=None, repeatable=True
    )
    db: str = option(
        "Where results go: a SQLite file, relative to the current directory, or an SQLAlchemy URL.",
        metavar="PATH|URL",
        default="experiments/results/results.db",
    )
    retrieval: bool = switch(
        "Show the model what matches the task: of repositories, excerpts of their files; of functions, "
        "solved tasks (of MBPP's train split, for MBPP also of its prompt split).",
        changes_result=True,
    )
    retrieval_k: int = count(
        "Solved tasks that --mcode-retrieval shows, the most similar ones by BM25.",
        1,
        metavar="K",
        default=3,
        changes_result=True,
    )
    retrieval_dataset: str | None = option(
        "Where those solved tasks come from: as --mcode-dataset.", metavar="PATH|ID"
    )
    retrieval_source: str = option(
        "What matches in repositories: bm25, or oracle (the files that the reference solution changes).",
        choice("bm25", "oracle"),
        metavar="SOURCE",
        default="bm25",
        changes_result=True,
    )
    temperature: float | None = number(
        "Sampling temperature; default: the model's own.", 0, metavar="T", changes_result=True
    )
    seed: int = count(
        "What each attempt's seed derives from, with its task, sample and iteration.",
        0,
        default=0,
        changes_result=True,
    )
    max_tokens: int | None = count("Most tokens of one completion.", 1, changes_result=True)
    context_window: int | None = count(
        "Context window, in tokens, to ask the server for.", 1, changes_result=True
    )
    model_option: tuple[str, ...] = option(
        "Another generation option of the backend, such as top_p=0.9; repeatable.",
        key_value,
        metavar="KEY=VALUE",
        ini="linelist",
        repeatable=True,
        changes_result=True,
    )
    concurrency: int | None = count(
        "What `-n auto` means: the model server's slots rather than the machine's cores.", 1
    )
    request_timeout: float = number(
        "Seconds that one request to the model server may take.", 0.1, metavar="SECONDS", default=300.0
    )
    retries: int = count("Retries of a request that failed for a passing reason.", 0, default=3)
    retry_for: float | None = number(
        "Seconds after which a request is not tried again, however many retries are left.",
        0,
        metavar="SECONDS",
    )
    max_infra: int = count("Stop the session after N infra outcomes in a row.", 1, default=20)
    sandbox: str = option(
        "Where solutions run: docker, or process (no isolation: for code you trust).",
        choice("docker", "process"),
        metavar="NAME",
        default="docker",
        changes_result=True,
    )
    image: str = option("Image of the sandbox.", metavar="IMAGE", default=DEFAULT_IMAGE, changes_result=True)
    mem_limit: str = option(
        "Memory of one attempt.", size, metavar="SIZE", default="512m", changes_result=True
    )
    pids_limit: int = count("Processes and threads of one attempt.", 4, default=64, changes_result=True)
    isolation: str = option(
        "fork: one container a worker, new processes for every attempt; fresh: a container an attempt.",
        choice("fork", "fresh"),
        metavar="HOW",
        default="fork",
    )
    agent: str = option(
        "Who resolves a repository's issue: single (one completion) or bash (command by command).",
        choice("single", "bash"),
        metavar="NAME",
        default="single",
        changes_result=True,
    )
    max_steps: int = count(
        "Most commands of one attempt of the bash agent.", 1, default=50, changes_result=True
    )
    network: bool = switch("Let a repository's tests reach the network.", changes_result=True)
    namespace: str | None = option(
        "Registry namespace of the tasks' images; `none` for images built here; default: the dataset's own.",
        metavar="NAME",
        changes_result=True,
    )
    arch: str = option(
        "Architecture of the tasks' images: auto (the Docker engine's), x86_64, arm64.",
        choice("auto", "x86_64", "arm64"),
        metavar="ARCH",
        default="auto",
        changes_result=True,
    )
    max_workers: int = count("Images of tasks that are pulled or built at the same time.", 1, default=4)
    task_repo: str | None = option(
        "Checkout of SWE-bench's task repository: build the tasks' images instead of pulling them.",
        metavar="PATH",
    )
    force_rebuild: bool = switch("Build images anew that are there already.")
    dataset: str | None = option(
        "Where tasks come from: a JSONL, JSONL.gz, JSON or Parquet file, or a Hub id.", metavar="PATH|ID"
    )
    dataset_revision: str | None = option("Commit or tag of the Hub's dataset.", metavar="REV")
    split: str | None = option(
        "Split of the dataset; default: the benchmark's standard one.", metavar="NAME", changes_result=True
    )
    resume: bool = occasion_switch(
        "Go on with the latest run of this very configuration: what is judged stands, the rest runs."
    )
    resume_run: str | None = option(
        "Go on with this run: its id, or the start or end of it.", metavar="RUN", ini=None
    )
    fail_under: float | None = number(
        "Exit with 0 when this pass rate (0 to 1) is reached and no infra outcome is left, else with 1.",
        0,
        1,
        metavar="RATE",
    )

    fail_under_run: str | None = option(
        "Exit with 1 when the pass rate is shown to be below this stored run's: the whole 95 % interval of "
        "the difference, paired by task, lies below zero, or below minus the margin.",
        metavar="RUN",
    )
    margin: float = number(
        "Drop that --mcode-fail-under-run forgives, as a share: 0.02 for 2 points.",
        0,
        1,
        metavar="SHARE",
        default=0.0,
    )

    @classmethod
    def build(cls, *layers: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Self:
        """Take each field from the first of `layers` that holds a value other than None.

        `defaults` are the benchmark's; they come before the fields' own. Raises
        `ConfigurationError` naming the flag, the value and what is allowed.
        """
        values: dict[str, Any] = dict(defaults or {})
        for spec in option_specs():
            given = next((layer[spec.field] for layer in layers if layer.get(spec.field) is not None), None)
            if given is None:
                continue
            if spec.repeatable:
                values[spec.field] = tuple(spec.parse(spec.flag, each) for each in given)
            else:
                values[spec.field] = spec.parse(spec.flag, given)
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if not self.benchmark:
            raise ConfigurationError("--mcode-benchmark is needed; `mcode benchmarks` lists the names")
        if self.model is None and self.backend not in MODEL_FREE_BACKENDS:
            raise ConfigurationError(
                f"--mcode-model is needed with --mcode-backend={self.backend}; "
                "name a model (such as --mcode-model=qwen2.5-coder:7b), or try --mcode-backend=gold"
            )
        if (self.replay is None) == (self.backend == "replay"):
            raise ConfigurationError(
                "--mcode-replay=FILE|RUN and --mcode-backend=replay go together: give both, or neither"
            )
        if self.force_rebuild and not self.task_repo:
            raise ConfigurationError("--mcode-force-rebuild: only with --mcode-task-repo are images built")

        if self.judge_dataset and not self.judge:
            raise ConfigurationError("--mcode-judge-dataset: give --mcode-judge=NAME as well")
        if not self.retrieval and (self.retrieval_dataset or self.retrieval_k != type(self).retrieval_k):
            raise ConfigurationError(
                "--mcode-retrieval-k and --mcode-retrieval-dataset: give --mcode-retrieval as well"
            )
        if self.agent == "bash" and self.strategy == "resample":
            raise ConfigurationError("--mcode-strategy=resample: the bash agent only repairs; leave one out")

    @property
    def resumes(self) -> bool:
        """Whether the session goes on with an earlier run."""
        return self.resume or self.resume_run is not None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict` after a trip through JSON."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return every field, JSON types."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @property
    def memory_bytes(self) -> int:
        """`mem_limit` in bytes."""
        return int(self.mem_limit[:-1]) * UNITS[self.mem_limit[-1]]

    def config_key(self, *, dataset_fingerprint: str, prompt_hash: str) -> str:
        """Return the hash over everything that can change a result; equal keys are repeats."""
        # An inactive plugin imports this module in every pytest session, so it imports little.
        from pytest_mcode.records import fingerprint

        chosen = {spec.field: getattr(self, spec.field) for spec in option_specs() if spec.changes_result}
        return fingerprint([chosen, dataset_fingerprint, prompt_hash])[:16]


def option_specs() -> Iterator[OptionSpec]:
    """Yield the specification of every option, in the order of `Settings`."""
    for each in fields(Settings):
        yield OptionSpec(field=each.name, default=each.default, **each.metadata)
