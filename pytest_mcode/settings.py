"""Every option of a session, once: name, type, default, help, and whether it can change a result."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import fingerprint

__all__ = ["BACKENDS", "OptionSpec", "Settings", "option_specs"]

BACKENDS = ("ollama", "openai", "litellm", "hf", "watsonx", "gold", "none")
MODEL_FREE_BACKENDS = ("gold", "none")
"""Backends that need no ``--mcode-model`` and no model preflight."""

IniType = Literal["string", "bool", "int", "float", "linelist"]


@dataclass(frozen=True, kw_only=True)
class OptionSpec:
    """How one field of `Settings` appears on a command line, in an ini file and in the config key."""

    field: str
    help: str
    parse: Callable[[str, str], Any]
    """Called with the flag's name and its value; raises `ConfigurationError` on a bad value."""
    metavar: str
    ini: IniType | None
    default: Any
    changes_result: bool
    repeatable: bool = False

    @property
    def name(self) -> str:
        """The option without its prefix: ``debug-iters``."""
        return self.field.replace("_", "-")

    @property
    def flag(self) -> str:
        """The option as typed after ``pytest``: ``--mcode-debug-iters``."""
        return f"--mcode-{self.name}"

    @property
    def is_switch(self) -> bool:
        """Whether the option takes no value and has a ``--no-`` twin."""
        return self.ini == "bool"


def _bad(flag: str, value: object, allowed: str) -> ConfigurationError:
    return ConfigurationError(f"{flag}: {value!r} is not allowed; give {allowed}")


def _text(flag: str, value: str) -> str:
    if not value.strip():
        raise _bad(flag, value, "a value that is not empty")
    return value


def _switch(flag: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _bad(flag, value, "true or false")
    return value


def _number(kind: type[int] | type[float], minimum: float, maximum: float = math.inf) -> Callable[[str, Any], Any]:
    what = "a whole number" if kind is int else "a number"
    bounds = f"{minimum:g} or more" if maximum == math.inf else f"from {minimum:g} to {maximum:g}"

    def parse(flag: str, value: Any) -> int | float:
        try:
            number = kind(value)
        except ValueError:
            raise _bad(flag, value, f"{what}, {bounds}") from None
        if not minimum <= number <= maximum or math.isinf(number):
            raise _bad(flag, value, f"{what}, {bounds}")
        return number

    return parse


def _choice(*allowed: str) -> Callable[[str, str], str]:
    def parse(flag: str, value: str) -> str:
        if value not in allowed:
            raise _bad(flag, value, "one of " + ", ".join(allowed))
        return value

    return parse


def _size(flag: str, value: str) -> str:
    number, unit = value[:-1], value[-1:].lower()
    if unit not in ("k", "m", "g") or not number.isdigit() or int(number) == 0:
        raise _bad(flag, value, "a size such as 512m or 4g")
    return value.lower()


def _model_option(flag: str, value: str) -> str:
    key, separator, _ = value.partition("=")
    if not separator or not key.strip():
        raise _bad(flag, value, "KEY=VALUE")
    return value


def option(
    help: str,  # noqa: A002
    parse: Callable[[str, Any], Any] = _text,
    *,
    metavar: str = "TEXT",
    ini: IniType | None = "string",
    default: Any = None,
    changes_result: bool = False,
    repeatable: bool = False,
) -> Any:
    """Declare a field of `Settings`; `default` None means the benchmark's, the backend's or none."""
    metadata = {
        "help": help,
        "parse": parse,
        "metavar": metavar,
        "ini": ini,
        "changes_result": changes_result,
        "repeatable": repeatable,
    }
    return field(default=() if repeatable else default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One session's configuration: command line, then ini, then the benchmark's default, then ours."""

    benchmark: str = option(
        "Benchmark to run: a name of `mcode benchmarks`. Activates the plugin.",
        metavar="NAME",
        changes_result=True,
    )
    model: str | None = option("Model id as its server knows it, such as qwen2.5-coder:7b.", metavar="ID", changes_result=True)
    backend: str = option(
        f"What answers: {', '.join(BACKENDS)}. `gold` answers with the reference solutions; "
        "`none` leaves answering to a fixture of yours.",
        _choice(*BACKENDS),
        metavar="NAME",
        default="ollama",
        changes_result=True,
    )
    base_url: str | None = option("Model server's address; the backend's own environment variable or default otherwise.", metavar="URL")
    samples: int = option("Independent samples per task; stops at the first pass.", _number(int, 1), metavar="N", ini="int", default=1, changes_result=True)
    all_samples: bool = option(
        "Start every sample even after a pass: what pass@k needs.", _switch, ini="bool", default=False, changes_result=True
    )
    debug_iters: int = option(
        "Repairs after a failed attempt, per sample.", _number(int, 0), metavar="N", ini="int", default=0, changes_result=True
    )
    timeout: float = option(
        "Seconds per execution; 60 where the benchmark has no default of its own.", _number(float, 0.1), metavar="SECONDS", ini="float", changes_result=True
    )
    limit: int | None = option("Only the first N tasks, in dataset order.", _number(int, 1), metavar="N", ini="int")
    task: tuple[str, ...] = option("Only the task with exactly this id; repeatable.", metavar="ID", ini=None, repeatable=True)
    db: str = option(
        "Results: a SQLite path, relative to the current directory, or an SQLAlchemy URL.",
        metavar="PATH|URL",
        default="experiments/results/results.db",
    )
    retrieval: bool = option("Retrieval; recorded with the run.", _switch, ini="bool", default=False, changes_result=True)
    temperature: float | None = option("Sampling temperature; the model's own otherwise.", _number(float, 0), metavar="T", ini="float", changes_result=True)
    seed: int = option(
        "Each attempt's seed derives from this, its task, sample and iteration.", _number(int, 0), metavar="N", ini="int", default=0, changes_result=True
    )
    max_tokens: int | None = option("Most tokens of a completion.", _number(int, 1), metavar="N", ini="int", changes_result=True)
    context_window: int | None = option("Context window in tokens to ask the server for.", _number(int, 1), metavar="N", ini="int", changes_result=True)
    model_option: tuple[str, ...] = option(
        "Another generation option of the backend, such as top_p=0.9; repeatable.", _model_option, metavar="K=V", ini="linelist", repeatable=True, changes_result=True
    )
    concurrency: int | None = option("What -n auto means: the model server's slots rather than the cores.", _number(int, 1), metavar="N", ini="int")
    request_timeout: float = option("Seconds that one request to the model server may take.", _number(float, 0.1), metavar="SECONDS", ini="float", default=300.0)
    retries: int = option("Retries of a request that failed for a transient reason.", _number(int, 0), metavar="N", ini="int", default=3)
    max_infra: int = option("Stop the session after this many infra outcomes in a row.", _number(int, 1), metavar="N", ini="int", default=20)
    sandbox: str = option("Where solutions run: docker, or process (no isolation).", _choice("docker", "process"), metavar="NAME", default="docker", changes_result=True)
    image: str | None = option("Sandbox image; the benchmark's own otherwise.", metavar="IMAGE", changes_result=True)
    mem_limit: str = option("Memory of one attempt, such as 512m.", _size, metavar="SIZE", changes_result=True)
    pids_limit: int = option("Processes and threads of one attempt.", _number(int, 4), metavar="N", ini="int", changes_result=True)
    isolation: str = option(
        "fork: one container per worker, a fresh process pair per attempt; fresh: one container per attempt.",
        _choice("fork", "fresh"),
        metavar="HOW",
        default="fork",
        changes_result=True,
    )
    dataset: str | None = option("Where tasks come from: a local JSONL, JSONL.gz, JSON or Parquet file, or a Hub id.", metavar="PATH|ID", changes_result=False)
    dataset_revision: str | None = option("Commit or tag of the Hub dataset.", metavar="REV")
    split: str | None = option("Split of the dataset; the benchmark's standard one otherwise.", metavar="NAME", changes_result=True)
    fail_under: float | None = option(
        "Exit 0 when this pass rate (0 to 1) is reached and no infra outcome is left, else 1.", _number(float, 0, 1), metavar="RATE", ini="float"
    )
