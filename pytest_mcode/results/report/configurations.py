"""What each run was made with, what differs between them first; and how a paper would say it."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pytest_mcode.benchmarks.citations import citations
from pytest_mcode.records import to_json
from pytest_mcode.results.configuration import applicable
from pytest_mcode.results.figures import brief, count, loop, model_name, visible

__all__ = ["configurations", "methods"]

OWN_CITATION = """@software{pytest_mcode,
  title = {pytest-mcode: code benchmarks as pytest sessions},
  author = {{pytest-mcode developers}},
  version = {%s}
}"""
FIRST = ("model", "backend", "model_digest", "samples", "all_samples", "debug_iters", "temperature", "seed")
Run = Mapping[str, Any]
"""A row of ``runs`` with its figures."""


def configurations(runs: Sequence[Run]) -> dict[str, list[dict[str, Any]]]:
    """Return what the runs ``differ`` in and what is the ``same`` of all: ``name`` and ``values``."""
    told = [dict(_facts(run)) for run in runs]
    names = dict.fromkeys([*FIRST, *(name for each in told for name in each)])
    rows = [
        {"name": name.replace("_", " "), "values": [each.get(name, "") for each in told]} for name in names
    ]
    rows = [row for row in rows if any(row["values"])]
    return {
        "differ": [row for row in rows if len(set(row["values"])) > 1],
        "same": [row for row in rows if len(set(row["values"])) == 1],
    }


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    for name in ("status", "started_at", "finished_at", "dataset", "split", "dataset_fingerprint", "harness"):
        yield name, _text(run[name])
    settings = applicable(run)
    yield "model", model_name(run)
    for name in FIRST[1:]:
        yield name, _text(settings.get(name, run.get(name)))
    for name, value in settings.items():
        if name not in (*FIRST, "dataset", "split", "db"):
            yield name, _text(value)
    yield "prompt_hash", _text(run["prompt_hash"])
    for name, value in run["model_info"].items():
        yield f"model: {name}", _text(value)
    environment = run["environment"]
    for name in sorted(environment, key=lambda name: name != "command"):
        value = environment[name]
        if isinstance(value, Mapping):
            for inner in value:
                yield f"{name}: {inner}", _text(value[inner])
        else:
            yield name, _text(value)
    for name, value in run["overridden"].items():
        yield name, _text(value)


def _text(value: Any) -> str:
    match value:
        case None | [] | {} | "":
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return visible(value)
        case list() if all(isinstance(each, str) for each in value):
            return visible(", ".join(value))
    return visible(to_json(value))


def methods(runs: Sequence[Run]) -> dict[str, str]:
    """Return a ``text`` for a paper's section on methods, and ``bibtex`` for what it cites."""
    names = list(dict.fromkeys(run["benchmark"] for run in runs))
    cited = [each for name in names for each in citations(name)]
    return {
        "text": " ".join(_sentences(runs)),
        "bibtex": "\n\n".join([OWN_CITATION % version("pytest-mcode"), *dict.fromkeys(cited)]),
    }


def _sentences(runs: Sequence[Run]) -> Iterator[str]:
    models = ", ".join(dict.fromkeys(_model(run) for run in runs))
    tasks = " and ".join(
        dict.fromkeys(
            f"{run['benchmark']} ({_coverage(run)}, fingerprint {run['dataset_fingerprint'][:12]})"
            for run in runs
        )
    )
    versions = " and ".join(sorted({_version(run) for run in runs}))
    yield f"We evaluated {models} on {tasks} with pytest-mcode {versions}."
    loops = "; ".join(dict.fromkeys(_budget(run) for run in runs))
    yield f"Per task we spent: {loops}."
    prompts = ", ".join(sorted({run["prompt_hash"][:12] for run in runs}))
    yield f"Prompt templates have the hash {prompts}."
    places = "; ".join(dict.fromkeys(_judging(run) for run in runs))
    yield f"Solutions were judged {places}."
    infra = sum(run["infra"] for run in runs)
    yield (
        "Pass rates are the share of judged tasks that were solved, with 95 % intervals over tasks (Wilson's "
        f"for single outcomes, clustered where tasks come in groups); {count(infra, 'outcome')} for which "
        f"the infrastructure was to blame {'is' if infra == 1 else 'are'} in no rate."
    )
    if len(runs) > 1:
        yield (
            "Differences are paired by task, on tasks with equal content, with score intervals (Tango) and "
            "exact tests (McNemar, or permutation), adjusted by Holm."
        )


def _model(run: Run) -> str:
    details = [str(run["model_info"].get(name) or "") for name in ("parameter_size", "quantization")]
    digest = f"digest {run['model_digest'][:12]}" if run["model_digest"] else ""
    server = run["model_info"].get("server_version")
    by = f"{run['backend']}{f' {server}' if server else ''}"
    return f"{model_name(run)} ({', '.join(filter(None, [*details, digest, by]))})"


def _coverage(run: Run) -> str:
    planned, total = run["tasks_planned"], run["tasks_total"]
    return f"{total} tasks" if planned in (None, total) else f"{planned} of {total} tasks"


def _version(run: Run) -> str:
    versions = run["environment"].get("versions") or {}
    return str(versions.get("pytest-mcode") or run["environment"].get("pytest-mcode") or "of unknown version")


def _budget(run: Run) -> str:
    settings = run["settings"]
    parts = [count(settings["samples"], "sample")]
    parts += ["all of them made"] if settings["all_samples"] and settings["samples"] > 1 else []
    parts += [f"up to {count(settings['debug_iters'], 'repair')} each"] if settings["debug_iters"] else []
    temperature = settings.get("temperature")
    parts += ["temperature of the server" if temperature is None else f"temperature {temperature:g}"]
    parts += [f"seed {settings['seed']}"] if settings.get("seed") is not None else []
    return f"{', '.join(parts)} ({loop(run)})"


def _judging(run: Run) -> str:
    settings = run["settings"]
    sandbox = settings.get("sandbox", "docker")
    image = "" if sandbox == "process" else f", image {brief(settings.get('image') or 'its own')}"
    seconds = "" if run["timeout"] is None else f", at most {run['timeout']:g} s"
    memory = f" and {settings['mem_limit']} of memory" if settings.get("mem_limit") else ""
    return f"in the sandbox {sandbox}{image}{seconds}{memory} each"
