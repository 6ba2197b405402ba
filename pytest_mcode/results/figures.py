"""Figures as people read them: rates with intervals, coverage of a benchmark, the loop in a few letters."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_mcode.options.declarations import kept_fields
from pytest_mcode.results.by_harness import usual_feedback

__all__ = [
    "FLAGGED",
    "IN_PROCESS",
    "MISSING",
    "REPEATED",
    "UNPRICED",
    "axis_name",
    "brief",
    "budget_words",
    "cost_words",
    "count",
    "coverage",
    "dataset_title",
    "further_attempts",
    "interval",
    "iteration",
    "loop",
    "model_name",
    "natural",
    "percent",
    "quantity",
    "replayed",
    "selected",
    "short_id",
    "title",
    "took",
    "visible",
]

UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls that could drive a terminal or turn its writing direction, and lone surrogates."""
ANSWERS = re.compile(r"(.+?)((\.jsonl|\.json|\.gz)+)")
"""A file of answers: its name, and the ending."""
MISSING = "–"
UNPRICED = "not all tokens were reported, or a helper model's are among them; give --price-per-hour alone"
"""Why a run that has prices has no price."""
FLAGGED = "were solved by what could decide its own verdict"
IN_PROCESS = "passed in one process with their tests, where a pass is not proven"
"""Said of solved tasks, after their number."""
REPEATED = "had the code of an earlier one at the task, and were not run again"
"""Said of attempts."""


def percent(rate: float | None) -> str:
    """Return ``62.0%``."""
    return MISSING if rate is None else f"{100 * rate:.1f}%"


def interval(low: float | None, high: float | None) -> str:
    """Return ``[54.4, 69.1]``, in percent."""
    return "" if low is None or high is None else f"[{100 * low:.1f}, {100 * high:.1f}]"


def quantity(number: float | None, unit: str = "") -> str:
    """Return three significant digits, or all of a larger number: ``0.123 s``, ``12,345``."""
    if number is None:
        return MISSING
    digits = f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
    return f"{digits} {unit}".rstrip()


def coverage(result: Mapping[str, Any]) -> str:
    """Return judged ``of`` planned tasks: ``162 of 164``; a subset of the split says so: ``36 of 38/164``."""
    judged, planned, total = result["tasks_judged"], result["tasks_planned"], result["tasks_total"]
    of = total if planned is None else planned if planned >= total else f"{planned}/{total}"
    return f"{judged} of {of}"


def loop(run: Mapping[str, Any], *, with_samples: bool = True) -> str:
    """Return what a run's loop does that the plainest one does not: ``n=5 d=2 T=0.7``, ``own solver``."""
    settings = run["settings"]
    own = [name.removeprefix("mcode_").replace("_", " ") for name in sorted(run["overridden"])]
    # A solver of one's own need not know of the budget; that of the plainest loop is none that was asked for.
    with_samples &= "solver" not in own or settings["samples"] > 1
    parts = [f"n={settings['samples']}{' all' if settings['all_samples'] else ''}"] if with_samples else []
    parts += [f"d={settings['debug_iters']}"] if settings["debug_iters"] else []
    resamples = settings["debug_iters"] and settings.get("strategy") == "resample"
    parts += ["resample"] if resamples else []
    parts += _unusual(settings) if settings["debug_iters"] and not resamples else []
    parts += [f"T={settings['temperature']:g}"] if settings.get("temperature") is not None else []
    parts += [str(settings.get("retrieval_source") or "retrieval")] if settings["retrieval"] else []
    usual = kept_fields()["retrieval_k"]
    shown = settings.get("retrieval_k", usual)
    parts += [f"k={shown}"] if settings["retrieval"] and shown != usual else []
    feedback = settings.get("feedback")
    unusual = feedback and feedback != usual_feedback(run)
    parts += [f"feedback={feedback}"] if settings["debug_iters"] and not resamples and unusual else []
    parts += [f"replay of {replayed(settings['replay'])}"] if settings.get("replay") else []
    parts += [f"agent={settings['agent']}"] if settings.get("agent", "single") != "single" else []
    parts += [f"judge={settings['judge']}"] if settings.get("judge") else []
    parts += [f"own {', '.join(own)}"] if own else []
    return visible(" ".join(parts))


def _unusual(settings: Mapping[str, Any]) -> list[str]:
    """Return what of the loop is not as it is where nobody says; older runs know of none of it."""
    repair, strategy = settings.get("repair", "conversation"), settings.get("strategy", "repair")
    detail, on_repeat = settings.get("feedback_detail", "first"), settings.get("on_repeat", "keep")
    return [
        *([strategy] if strategy != "repair" else []),
        *([repair] if repair != "conversation" else []),
        *([f"helper={settings['helper_model']}"] if settings.get("helper_model") else []),
        *([f"detail={detail}"] if detail != "first" else []),
        *([f"on-repeat={on_repeat}"] if on_repeat != "keep" else []),
    ]


def natural(task_id: str) -> list[tuple[str, int]]:
    """Return a sort key by which ``HumanEval/10`` follows ``HumanEval/9``."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", task_id)]


def short_id(run_id: str) -> str:
    """Return the end of a run id, by which every command finds it again."""
    end = run_id.rpartition("-")[2]
    return end if len(end) >= 6 else run_id


def replayed(source: str) -> str:
    """Return the name of what a replay judged again: a file's, or the end of a run's id."""
    name = Path(source).name
    return name if ANSWERS.fullmatch(name) else short_id(name)


def model_name(run: Mapping[str, Any]) -> str:
    """Return whose answers a run judged: its model, else the file that a replay read, else the backend."""
    source = replayed(run.get("settings", {}).get("replay") or "")
    found = ANSWERS.fullmatch(source)
    return visible(str(run["model"] or (found[1] if found else source) or run["backend"]))


def title(run: Mapping[str, Any]) -> str:
    """Return benchmark, start of its fingerprint, and model: ``humaneval@7dce605, granite4:3b (ollama)``."""
    name = model_name(run)
    model = name if name == run["backend"] else f"{name} ({run['backend']})"
    return visible(f"{dataset_title(run)}, {model}")


def dataset_title(run: Mapping[str, Any]) -> str:
    """Return a benchmark and the start of its fingerprint: ``humaneval@7dce605``."""
    return visible(f"{run['benchmark']}@{run['dataset_fingerprint'][:7]}")


def selected(run: Mapping[str, Any]) -> str:
    """Return what a run is about: a benchmark's ``164 tasks``, or a subset of them, ``38/164``."""
    planned, total = run["tasks_planned"], run["tasks_total"]
    whole = planned is None or planned >= total
    return f"{dataset_title(run)}, {f'{total} tasks' if whole else f'a subset: {planned}/{total} tasks'}"


def visible(text: str) -> str:
    """Return `text` harmless to a terminal: what drives it is shown escaped, as in ``\\x1b[2J``."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def axis_name(axis: str) -> str:
    """Return the name of an axis of `analysis.costs.AXES` for people: ``model seconds``."""
    return axis.replace("_", " ")


def cost_words(amount: float, axis: str) -> str:
    """Return ``485 tokens a task``, ``a price of 0.02 a task``."""
    number = quantity(amount)
    return f"a price of {number} a task" if axis == "price" else f"{number} {axis_name(axis)} a task"


def iteration(each: Mapping[str, Any]) -> dict[str, str]:
    """Return, by heading, what repairs of one iteration came to; see `analysis.iterations.by_iteration`."""
    return {
        "iteration": str(each["iteration"]),
        "repairs": str(each["repairs"]),
        "repaired": str(each["repaired"]),
        "still failing": str(each["failing"]),
        "repeated": quantity(each["repeated"]),
        "newly broken": quantity(each["newly_broken"]),
        "tokens": quantity(each["tokens"]),
    }


def further_attempts(debugging: Mapping[str, Any]) -> str:
    """Return what the attempts after a sample's first one are: repairs, or fresh ones without feedback."""
    return "resamples" if debugging["strategy"] == "resample" else "repairs"


def budget_words(budget: Mapping[str, Any]) -> str:
    """Return ``3 samples of up to 2 repairs``."""
    samples = count(budget["samples"], "sample")
    repairs, more = budget["repairs"], "resample" if budget["strategy"] == "resample" else "repair"
    return samples + (f" of up to {count(repairs, more)}" if repairs else "")


def count(number: int, name: str) -> str:
    """Return ``1 sample``, ``2 samples``."""
    return f"{number} {name}{'s' * (number != 1)}"


def took(choosing: Mapping[str, Any]) -> str:
    """Return what choosing among samples took: ``680 runs, 118,080 tokens``."""
    tokens = (choosing["prompt_tokens"], choosing["completion_tokens"])
    parts = [f"{choosing['executions']:,} runs"] if choosing["executions"] else []
    if None in tokens:
        parts.append("unknown tokens")
    elif any(tokens):
        parts.append(f"{quantity(sum(tokens))} tokens")
    return ", ".join(parts)


def brief(value: object) -> str:
    """Return the start of what is long, such as a digest."""
    text = visible(str(value))
    return text if len(text) <= 40 else f"{text[:12]}…"
