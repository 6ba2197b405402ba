"""What a report shows: runs in figures, and for each benchmark its answer, curves, and grid of tasks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.comparison import compare
from pytest_mcode.results.export import LoadTasks, tasks_at_hand
from pytest_mcode.results.figures import loop, model_name, short_id
from pytest_mcode.results.labels import labels, with_labels
from pytest_mcode.results.panel.highlighting import readable
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.report.configurations import configurations, methods
from pytest_mcode.results.report.grid import grid
from pytest_mcode.results.report.opening import differences_to_first, match_of_models
from pytest_mcode.results.report.palette import styles
from pytest_mcode.results.scaling import scaling
from pytest_mcode.results.sides import load_run_and_test
from pytest_mcode.results.summaries import debugging, figures
from pytest_mcode.store import Store, read_outcomes

__all__ = ["collect"]


def collect(
    store: Store, names: Sequence[str], prices: Prices = NO_PRICES, load_tasks: LoadTasks | None = None
) -> dict[str, Any]:
    """Return the content of a report on some runs (``RUN`` or ``RUN::TEST``), JSON types.

    ``runs`` are their figures; ``benchmarks`` say which runs are of each, and hold its ``scaling``, its
    ``match`` (how large a budget the weaker of two models needs to match the other; None for another number
    of models), its ``differences`` to the first run, its ``comparison`` where two runs are of it.
    ``configurations`` and ``methods`` say how the runs were made, ``tasks`` and ``panels`` are the grid and
    what is behind it. `load_tasks` is asked for datasets that are local files, for tests and references.
    """
    rows = list(
        {
            (row["run_id"], row["test"]): row for row in (load_run_and_test(store, name) for name in names)
        }.values()
    )
    found = [
        each for row in rows for each in figures(store, [row], prices=prices) if each["test"] == row["test"]
    ]
    labelled = with_labels(found)
    runs = [
        {
            **run,
            "number": number,
            "short": _short(found, run, number),
            "style": style,
            "curve_label": ", ".join(
                filter(None, [model_name(run), loop(run, with_samples=False), "by samples"])
            ),
            "debugging": debugging(store, run),
        }
        for number, (run, style) in enumerate(zip(labelled, styles(labelled), strict=True), 1)
    ]
    places = _by_benchmark(runs)
    for members in places.values():
        for place, name in zip(members, labels([runs[place] for place in members]), strict=True):
            runs[place]["name"] = name
    benchmarks = _benchmarks(store, runs, places, prices)
    whole = [{**row, **run} for row, run in zip(rows, runs, strict=True)]
    known = [tasks_at_hand(rows[each["runs"][0]], load_tasks) for each in benchmarks]
    return {
        "runs": runs,
        "benchmarks": benchmarks,
        "configurations": configurations(whole),
        "methods": methods(whole),
        "prompts": list(_prompts(store, whole)),
        "tasks_known": [bool(each) for each in known],
        **grid(store, runs, benchmarks, known),
    }


def _short(found: Sequence[Mapping[str, Any]], run: Mapping[str, Any], number: int) -> str:
    """Return the end of a run's id; that of a further test function of a run has its number too."""
    first = next(place for place, each in enumerate(found, 1) if each["run_id"] == run["run_id"])
    short = short_id(run["run_id"])
    return short if number == first else f"{short}-{number}"


def _by_benchmark(runs: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[int]]:
    groups: dict[tuple[str, str], list[int]] = {}
    for place, run in enumerate(runs):
        groups.setdefault((run["benchmark"], run["dataset_fingerprint"]), []).append(place)
    return groups


def _benchmarks(
    store: Store, runs: Sequence[dict[str, Any]], groups: Mapping[tuple[str, str], list[int]], prices: Prices
) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{name}@{fingerprint[:7]}",
            "runs": places,
            "scaling": scaling(store, members := [runs[place] for place in places]),
            "match": match_of_models(store, members, prices),
            "differences": differences_to_first(store, members),
            "comparison": _comparison(store, members),
        }
        for (name, fingerprint), places in groups.items()
    ]


def _comparison(store: Store, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if len(runs) != 2:
        return None
    try:
        return compare(store, *(f"{run['run_id']}::{run['test'] or ''}" for run in runs))
    except ConfigurationError as error:
        return {"refused": str(error)}


def _prompts(store: Store, runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield for each set of templates what the model was sent first, as far as the store has it."""
    by_hash: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        by_hash.setdefault(run["prompt_hash"], []).append(run)
    for prompt_hash, members in by_hash.items():
        outcomes = (each for run in members for each in read_outcomes(store, run["run_id"]))
        made = next((each for each in outcomes if each.attempts), None)
        if made and made.attempts[0].messages:
            text = "\n\n".join(f"[{each['role']}]\n{each['content']}" for each in made.attempts[0].messages)
            numbers = ", ".join(str(run["number"]) for run in members)
            yield {
                "hash": prompt_hash,
                "runs": f"of run{'s' * (len(members) != 1)} {numbers}, task {made.task_id}",
                "text": readable(text),
            }
