"""What a session is going to do: its settings, its tasks, and the keys under which they are stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Self

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.demonstrations import Demonstrations
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.models import backends
from pytest_mcode.options.loop import ASK_MODEL
from pytest_mcode.options.price import price_pair
from pytest_mcode.records import RunInfo, Task, to_json
from pytest_mcode.redaction import redacted
from pytest_mcode.results.prices import Prices
from pytest_mcode.session import loading
from pytest_mcode.session.replay import as_generated, read_answers
from pytest_mcode.session.sharding import check_shard, run_id_of, tasks_of_shard
from pytest_mcode.settings import MODEL_OPTIONS, Settings, option_specs
from pytest_mcode.solving.own_prompts import check_prompts
from pytest_mcode.solving.replay import StoredAnswers
from pytest_mcode.solving.styles import style_of

__all__ = ["Plan", "build_settings", "make_plan", "prompt_hash"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Made once, by the controller; workers get it as JSON and never load a dataset."""

    run_id: str
    settings: Settings
    config_key: str
    dataset: str
    split: str
    dataset_fingerprint: str
    tasks_total: int
    prompt_hash: str
    tasks: Sequence[Task]
    """Those selected by ``--mcode-task`` and ``--mcode-limit``, in dataset order; of a shard its own."""
    tasks_selected: int = 0
    """The same number, over all shards."""
    dataset_name: str = ""
    """See `Dataset.name`."""
    left_out: Sequence[str] = ()
    """Ids of the benchmark's tasks that ``--mcode-judge`` has no test for."""
    judged: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """In a resumed run: status and last message of each task that stands, by `judged_key`."""

    @cached_property
    def benchmark(self) -> Benchmark:
        """The benchmark of the settings."""
        return benchmarks.get(self.settings.benchmark)

    @cached_property
    def harness(self) -> Harness:
        """The harness that judges it."""
        return self.benchmark.harness.configured(self.settings)

    @property
    def title(self) -> str:
        """Benchmark and the start of its fingerprint: ``humaneval@1f2e3d4``."""
        return f"{self.name}@{self.dataset_fingerprint[:7]}"

    @property
    def session_id(self) -> str:
        """What names the things of this session: the run's id, and of a shard also its number."""
        number, shards = self.settings.shard_numbers
        return self.run_id if shards == 1 else f"{self.run_id}.{number}of{shards}"

    @property
    def name(self) -> str:
        """What results are labelled with: the benchmark, or what is judged as if it were of it."""
        return self.dataset_name or self.benchmark.name

    @property
    def without_public_test(self) -> Sequence[Task]:
        """The tasks at which nothing that a model can see speaks against a wrong solution."""
        harness = self.harness
        return [task for task in self.tasks if not harness.shows_test(task)]

    demonstrations: Demonstrations | None = None
    """What ``--mcode-retrieval`` shows beside the tasks."""
    server_slots: int | None = None
    """Requests that the model server serves at a time, where it told the preflight."""
    answers: StoredAnswers = field(default_factory=dict)
    """What the backend ``replay`` judges again; tasks without an answer are not in the plan."""

    @staticmethod
    def judged_key(test: str, task_id: str) -> str:
        """Return the key of `judged`."""
        return f"{test}\n{task_id}"

    def run_info(
        self, *, model_info: Mapping[str, Any], environment: Mapping[str, Any], started_at: str
    ) -> RunInfo:
        """Return what the store keeps of the run."""
        return RunInfo(
            run_id=self.run_id,
            config_key=self.config_key,
            benchmark=self.name,
            dataset=self.dataset,
            split=self.split,
            dataset_fingerprint=self.dataset_fingerprint,
            tasks_total=self.tasks_total,
            settings=self._stored_settings(),
            prompt_hash=self.prompt_hash,
            model_digest=model_info.get("digest"),
            model_info=model_info,
            environment={**environment, **self._shown()},
            started_at=started_at,
            harness=self.harness.name,
        )

    def _stored_settings(self) -> dict[str, Any]:
        """Return those that are of the whole run, without passwords."""
        own = {"shard", "run_id"}
        return {key: redacted(value) for key, value in self.settings.to_dict().items() if key not in own}

    def _shown(self) -> Mapping[str, Any]:
        shown = self.demonstrations
        return {"demonstrations": {"origin": shown.origin, "fingerprint": shown.fingerprint}} if shown else {}

    def to_json(self) -> str:
        """Encode for a worker."""
        return to_json({**asdict(self), "settings": self.settings.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild from `to_json`."""
        data = json.loads(text)
        data["settings"] = Settings.from_dict(data["settings"])
        if data["demonstrations"]:
            data["demonstrations"] = Demonstrations.from_dict(data["demonstrations"])
        data["tasks"] = tuple(Task.from_dict(task) for task in data["tasks"])
        return cls(**data)


def build_settings(*layers: Mapping[str, Any]) -> Settings:
    """Build settings from `layers` (command line first) and the defaults of the benchmark they name."""
    if backend := _first("backend", layers):
        backends.get(backend)
    named = [_first(name, layers) for name in ("benchmark", "judge")]
    layers = _for_gold(layers)
    defaults = {key: value for name in named if name for key, value in benchmarks.get(name).defaults.items()}
    benchmark = benchmarks.get(named[0]) if named[0] else None
    settings = Settings.build(
        *layers, defaults=defaults, harness=benchmark.harness.name if benchmark else None
    )
    _check(settings, benchmarks.get(settings.benchmark))
    return _priced(settings)


def _priced(settings: Settings) -> Settings:
    """Return the settings with the model's own price where a table has it: the table may change."""
    if settings.price is None or price_pair(settings.price):
        return settings
    found = Prices(price=settings.price, prefix="--mcode-").of_model(settings.model)
    if found is None:
        raise ConfigurationError(
            f"--mcode-price: {settings.price} has no price of {settings.model!r}; add it"
        )
    pair = None if found.per_million is None else "{:g},{:g}".format(*found.per_million)
    per_hour = found.per_hour if settings.price_per_hour is None else settings.price_per_hour
    return replace(settings, price=pair, price_per_hour=per_hour)


def _first(name: str, layers: Sequence[Mapping[str, Any]]) -> Any:
    return next((layer[name] for layer in layers if layer.get(name)), None)


def _for_gold(layers: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    """Where a layer asks for ``gold``, leave out of those below it what they say of their backend's model."""
    named = next((number for number, layer in enumerate(layers) if layer.get("backend")), 0)
    if layers[named].get("backend") != "gold":
        return layers
    below = (
        {name: value for name, value in layer.items() if name not in MODEL_OPTIONS}
        for layer in layers[named + 1 :]
    )
    return (*layers[: named + 1], *below)


def _check(settings: Settings, benchmark: Benchmark) -> None:
    """Refuse options that mean nothing to benchmark or backend: they would be recorded as if they did."""
    refused = f"{benchmark.name} {benchmark.harness.nature}"
    values = settings.to_dict()
    for spec in option_specs():
        foreign = spec.group not in ("", benchmark.harness.name)
        idle = settings.backend == "gold" and spec.field in MODEL_OPTIONS
        usual = benchmark.defaults.get(spec.field, spec.default)
        if (foreign or idle) and values.get(spec.field, usual) not in (usual, _as_json(usual)):
            why = refused if foreign else "gold answers with reference solutions and asks no model"
            raise ConfigurationError(f"{spec.flag}: {why}; leave it out")
    check_shard(settings)
    if settings.plan and settings.resumes:
        raise ConfigurationError(
            "--mcode-plan says what a new run will take, not the rest of an earlier one: "
            "leave --mcode-resume and --mcode-resume-run out"
        )
    if settings.select != "judge":
        _check_select(settings, benchmark)
    benchmark.harness.check_options(settings)


def _check_select(settings: Settings, benchmark: Benchmark) -> None:
    flag, harness = f"--mcode-select={settings.select}", benchmark.harness
    if settings.select not in harness.selections:
        raise ConfigurationError(
            f"{flag}: samples of {benchmark.name} ({harness.name}) cannot be run on inputs of one's own; "
            f"give {' or '.join(harness.selections)}"
        )
    if settings.backend != "replay" and (settings.samples < 2 or not settings.all_samples):
        raise ConfigurationError(
            f"{flag} chooses among samples: give --mcode-samples of 2 or more and --mcode-all-samples"
        )
    if settings.select in ASK_MODEL and settings.backend in ("gold", "replay"):
        raise ConfigurationError(
            f"{flag}: a model writes the tests, and --mcode-backend={settings.backend} asks none; choose "
            f"afterwards: mcode select RUN --by {settings.select} --model ID --backend NAME"
        )


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def make_plan(settings: Settings) -> Plan:
    """Load the dataset and select the tasks."""
    loaded = loading.load(settings)
    dataset = loaded.dataset
    tasks = _select(dataset.tasks, settings)
    answers: StoredAnswers = {}
    if settings.backend == "replay":
        replayed = read_answers(settings, dataset.tasks)
        answers, settings = replayed.answers, as_generated(settings, replayed)
        tasks = [task for task in tasks if task.task_id in answers]
    selected, tasks = tasks, tasks_of_shard(tasks, settings)
    demonstrations = loading.load_demonstrations(settings, tasks)
    benchmark = benchmarks.get(settings.benchmark)
    prompt = benchmark.harness.prompt(settings, benchmark.prompt_template, demonstrations=demonstrations)
    style = style_of(settings.repair, settings.prompts)
    if settings.prompts:
        check_prompts(settings.prompts, settings.feedback, prompt, style, tasks[0] if tasks else None)
    prompt_hash = f"{prompt.hash}{style.hash}"
    # By its name: the same file elsewhere is the same configuration.
    config_key = replace(settings, benchmark=benchmark.name).config_key(
        dataset_fingerprint=dataset.fingerprint, prompt_hash=prompt_hash, harness=benchmark.harness.name
    )
    plan = Plan(
        run_id=run_id_of(settings, config_key),
        settings=settings,
        config_key=config_key,
        dataset=dataset.origin,
        split=dataset.split,
        dataset_fingerprint=dataset.fingerprint,
        tasks_total=len(dataset.tasks),
        dataset_name=dataset.name,
        prompt_hash=prompt_hash,
        tasks=tasks,
        tasks_selected=len(selected),
        left_out=loaded.left_out,
        demonstrations=demonstrations,
        answers=answers,
    )
    if settings.feedback == "public" and selected and not any(map(plan.harness.shows_test, selected)):
        raise ConfigurationError(
            f"--mcode-feedback=public: no prompt of these {settings.benchmark} tasks shows a test; "
            "give --mcode-feedback=judge or none, or tasks with a public_test"
        )
    return plan


def prompt_hash(plan: Plan) -> str:
    """Return the hash of the templates as they are on this machine."""
    settings = plan.settings
    prompt = plan.harness.prompt(settings, plan.benchmark.prompt_template, demonstrations=plan.demonstrations)
    return f"{prompt.hash}{style_of(settings.repair, settings.prompts).hash}"


def _select(tasks: Sequence[Task], settings: Settings) -> Sequence[Task]:
    if settings.task:
        known = [task.task_id for task in tasks]
        for wanted in settings.task:
            if wanted not in known:
                near = get_close_matches(wanted, known, n=3, cutoff=0.5)
                hint = f"; near ones: {', '.join(near)}" if near else f"; the first is {known[0]!r}"
                raise ConfigurationError(f"--mcode-task: no task {wanted!r} in {settings.benchmark}{hint}")
        tasks = [task for task in tasks if task.task_id in settings.task]
    return tuple(tasks[: settings.limit])
