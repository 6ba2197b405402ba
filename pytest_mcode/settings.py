"""Every option of a session, once: name, type, default, help, and whether it can change a result."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, TypeVar

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options import (
    UNITS,
    count,
    count_or_auto,
    key_value,
    number,
    occasion_switch,
    option,
    size,
    switch,
)
from pytest_mcode.options.declarations import declare_options, is_kept, kept_fields, option_specs
from pytest_mcode.options.loop import LoopOptions
from pytest_mcode.options.output import OutputOptions
from pytest_mcode.options.price import PriceOptions
from pytest_mcode.options.sandbox import SandboxOptions
from pytest_mcode.options.shard import ShardOptions
from pytest_mcode.options.workers import WorkerOptions

__all__ = [
    "BACKENDS",
    "DEFAULT_IMAGE",
    "MODEL_FREE_BACKENDS",
    "MODEL_OPTIONS",
    "Settings",
    "option_specs",
]

BACKENDS = ("ollama", "openai", "litellm", "hf", "watsonx", "gold", "replay", "none")
"""Those of the package; `pytest_mcode.models.backends` finds them and those from outside by name."""
MODEL_FREE_BACKENDS = ("gold", "replay", "none")
"""Backends that need no ``--mcode-model`` and no preflight of a model server."""
MODEL_OPTIONS = (
    "model",
    "base_url",
    "temperature",
    "max_tokens",
    "context_window",
    "model_option",
    "price",
    "price_per_hour",
)
"""Fields that mean nothing to the backend ``gold``, which asks no model."""
DEFAULT_IMAGE = "python:3.12-slim"
Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True)
class Settings(LoopOptions, PriceOptions, SandboxOptions, OutputOptions, ShardOptions, WorkerOptions):
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
    judge: str | None = option(
        "Another benchmark whose tests judge the same tasks, such as humaneval+ for humaneval; "
        "tasks that it has no test for are left out.",
        metavar="NAME",
        changes_result=True,
    )
    judge_dataset: str | None = option(
        "Where the judge's tests come from: as --mcode-dataset.", metavar="PATH|ID"
    )
    timeout: float = number(
        "Seconds that one execution may run for; waits for a busy machine's processors do not count.",
        0.1,
        metavar="SECONDS",
        default=60.0,
        changes_result=True,
    )
    limit: int | None = count("Only the first N tasks, in dataset order.", 1)
    task: tuple[str, ...] = option(
        "Only the task with exactly this id; repeatable.", metavar="ID", ini=None, repeatable=True
    )
    db: str = option(
        "Where results go: a SQLite file, relative to the current directory, or postgresql://USER@HOST/DATABASE.",
        metavar="PATH|URL",
        default="experiments/results/results.db",
        is_secret=True,
    )
    retrieval: bool = switch(
        "Show the model what matches the task: of repositories, excerpts of their files; of functions, "
        "solved tasks (of MBPP's train split, for MBPP also of its prompt split).",
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
    concurrency: int | Literal["auto"] = option(
        "Requests in flight at the model server at most, over the whole session; auto finds how many it "
        "serves at a time.",
        count_or_auto,
        metavar="N|auto",
        default="auto",
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
    mem_limit: str = option(
        "Memory of one attempt.", size, metavar="SIZE", default="512m", changes_result=True
    )
    pids_limit: int = count("Processes and threads of one attempt.", 4, default=64, changes_result=True)
    dataset: str | None = option(
        "Where tasks come from: a JSONL, JSONL.gz, JSON or Parquet file, or a Hub id.", metavar="PATH|ID"
    )
    dataset_revision: str | None = option("Commit or tag of the Hub's dataset.", metavar="REV")
    split: str | None = option(
        "Split of the dataset; default: the benchmark's standard one.", metavar="NAME", changes_result=True
    )
    plan: bool = occasion_switch("Say what the session will take and can show, and stop; see `mcode plan`.")
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

    own: Mapping[str, Any] = field(default_factory=dict)
    """Values of the harnesses' own options, by field name; see `of`."""

    @classmethod
    def build(
        cls,
        *layers: Mapping[str, Any],
        defaults: Mapping[str, Any] | None = None,
        harness: str | None = None,
    ) -> Self:
        """Take each field from the first of `layers` that holds a value other than None.

        `defaults` are the benchmark's; they come before the fields' own. Of the harnesses' own options,
        those of `harness` and of this package's are kept. Raises `ConfigurationError` naming the flag,
        the value and what is allowed.
        """
        values: dict[str, Any] = dict(defaults or {})
        for spec in option_specs():
            given = next((layer[spec.field] for layer in layers if layer.get(spec.field) is not None), None)
            if given is None:
                continue
            if not is_kept(spec.group, harness):
                raise ConfigurationError(
                    f"{spec.flag} is an option of the harness {spec.group!r}, which does not judge this "
                    "benchmark; leave it out"
                )
            values[spec.field] = spec.read(given)
        settings = cls._of_flat(values, kept_fields(harness))
        settings._check()
        return settings

    @classmethod
    def _of_flat(cls, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Self:
        """Tell the harnesses' own options from the others; `defaults` are those of the ones that are kept."""
        core = {each.name for each in fields(cls)}
        own = {name: value for name, value in {**defaults, **values}.items() if name not in core}
        return cls(own=own, **{name: value for name, value in values.items() if name in core})

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
        self.check_loop()
        if self.on_repeat == "warmer" and self.temperature is None:
            raise ConfigurationError(
                "--mcode-on-repeat=warmer raises the temperature by steps: give --mcode-temperature as well"
            )
        if self.judge_dataset and not self.judge:
            raise ConfigurationError("--mcode-judge-dataset: give --mcode-judge=NAME as well")

    @property
    def resumes(self) -> bool:
        """Whether the session goes on with an earlier run."""
        return self.resume or self.resume_run is not None

    def of(self, options: type[Options]) -> Options:
        """Return a harness's own options as an object of the class that declares them."""
        return options(**{name: value for name, value in self.own.items() if name in vars(options)})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict` after a trip through JSON; options unknown here are kept."""
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return cls._of_flat(values, kept_fields())

    def to_dict(self) -> dict[str, Any]:
        """Return every option's value by field name, the harnesses' own among them, JSON types."""
        core = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "own"}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in {**core, **self.own}.items()
        }

    @property
    def memory_bytes(self) -> int:
        """`mem_limit` in bytes."""
        return int(self.mem_limit[:-1]) * UNITS[self.mem_limit[-1]]

    def config_key(self, *, dataset_fingerprint: str, prompt_hash: str, harness: str) -> str:
        """Return the hash over everything that can change a result; equal keys are repeats.

        An option that came later counts where it is used: the runs before it were made without it. One of
        another harness than the run's counts as its first default: the run does not use it.
        """
        # An inactive plugin imports this module in every pytest session, so it imports little.
        from pytest_mcode.records import fingerprint

        values = self.to_dict()
        if not self.debug_iters:  # Nothing is repaired; its default was another.
            values["on_repeat"] = "keep"
        chosen = {
            spec.field: spec.counted(values[spec.field], harness)
            for spec in option_specs()
            if spec.changes_result and spec.field in values
            if not (spec.came_later and values[spec.field] == (spec.earlier or spec.default))
        }
        return fingerprint([chosen, dataset_fingerprint, prompt_hash])[:16]


declare_options("", Settings, always=True)
