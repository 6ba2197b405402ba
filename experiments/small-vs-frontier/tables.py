"""Make every figure of the study's page from the recorded runs alone.

    python experiments/small-vs-frontier/tables.py [--check]

Between ``<!-- made: NAME -->`` and ``<!-- end -->`` the page has what `TABLES[NAME]` returns. ``--check``
writes nothing and fails where the page says something else. No model and no engine is needed.
"""

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest_mcode.results
from pytest_mcode.results import Results
from pytest_mcode.store import Store
from pytest_mcode.store.merging import merge
from pytest_mcode.store.queries import find_runs

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
MADE = re.compile(r"(<!-- made: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
STYLES = ("conversation", "fresh", "explain", "reflect", "trace")
FEEDBACKS = ("public", "judge")


class Study:
    """The recorded runs by the names of their archives."""

    def __init__(self, results: Results, ids: Mapping[str, str]) -> None:
        self.results = results
        self.ids = ids

    @cached_property
    def figures(self) -> Mapping[str, Mapping[str, Any]]:
        """Those of `mcode results --json`, by name."""
        by_id = {each["run_id"]: each for each in self.results.runs().figures((1,))}
        return {name: by_id[run_id] for name, run_id in self.ids.items()}

    def names(self, *ends: str) -> list[str]:
        """Return the names that are recorded of those asked for."""
        return [each for each in ends if each in self.ids]

    def compare(self, a: str, b: str, **how: Any) -> Mapping[str, Any]:
        """Return the comparison of two runs, A minus B."""
        return self.results.compare(self.ids[a], self.ids[b], **how)


@contextmanager
def opened() -> Iterator[Study]:
    """Put every archive into a store, and open it."""
    with TemporaryDirectory() as folder:
        db, ids = str(Path(folder, "study.db")), {}
        with Store.open(db) as target:
            for path in sorted((HERE / "answers").glob("*.run.jsonl.gz")):
                with Store.open(str(path), read_only=True) as source:
                    merge(target, source)
                    (ids[path.name.removesuffix(".run.jsonl.gz")],) = (
                        run["run_id"] for run in find_runs(source)
                    )
        with pytest_mcode.results.open(db) as results:
            yield Study(results, ids)


def span(low: float | None, high: float | None, sign: str = "") -> str:
    """Return an interval in points."""
    return "–" if low is None or high is None else f"{100 * low:{sign}.1f} to {100 * high:{sign}.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def runs(study: Study) -> str:
    """Every recorded run."""
    rows = []
    for name, run in study.figures.items():
        tokens = run["completion_tokens"]
        rows.append(
            [
                f"`{name}`",
                f"{run['solved']} of {run['tasks_judged']}",
                f"{100 * run['pass_rate']:.1f}",
                span(run["pass_rate_low"], run["pass_rate_high"]),
                f"{run['attempts']:,}",
                f"{tokens:,}" if tokens else "–",
            ]
        )
    return table(["run", "solved", "%", "95 %", "attempts", "completion tokens"], rows)


def styles(study: Study) -> str:
    """Each style of repair beside fresh attempts of the same budget."""
    return "\n".join(
        _beside(study, feedback, [f"qwen-0.5b.{style}-{feedback}" for style in STYLES])
        for feedback in FEEDBACKS
        if f"qwen-0.5b.resample-{feedback}" in study.ids
    )


def _beside(study: Study, feedback: str, names: Sequence[str]) -> str:
    base = f"qwen-0.5b.resample-{feedback}"
    rows = [_style(study, base, base)] + [_style(study, name, base) for name in study.names(*names)]
    head = ["two repairs", "solved", "repairs", "repaired", "repeated", "tokens a task"]
    more = ["− resample, points", "95 %", "at equal tokens", "95 %"]
    return f"Feedback `{feedback}`:\n\n" + table([*head, *more], rows)


def _style(study: Study, name: str, base: str) -> list[str]:
    run, worth = study.figures[name], study.results.run(study.ids[name]).debugging()
    assert worth is not None
    iterations = worth["iterations"]
    total = {key: sum(each[key] or 0 for each in iterations) for key in ("repairs", "repaired", "repeated")}
    shown = [str(total[key]) if iterations else "–" for key in total]
    row = [
        name.removeprefix("qwen-0.5b.").rpartition("-")[0],
        f"{run['solved']} of {run['tasks_judged']}",
        *shown,
        f"{run['tokens_per_judged']:.0f}",
    ]
    if name == base:
        return [*row, *["–"] * 4]
    found = study.compare(name, base, by="tokens")
    equal = found["at_equal_cost"]
    return [
        *row,
        f"{100 * found['difference']:+.1f}",
        span(found["low"], found["high"], "+"),
        f"{100 * equal['difference']:+.1f}",
        span(equal["low"], equal["high"], "+"),
    ]


def repeats(study: Study) -> str:
    """What follows a repeated answer."""
    rows = []
    for way in ("keep", "warmer", "restart"):
        name = "qwen-0.5b.conversation-public" + ("" if way == "keep" else f"-{way}")
        if name not in study.ids:
            continue
        run = study.figures[name]
        row = [
            f"`{way}`",
            f"{run['solved']} of {run['tasks_judged']}",
            str(run["repeats"]),
            f"{run['tokens_per_judged']:.0f}",
        ]
        if way != "keep":
            found = study.compare(name, "qwen-0.5b.conversation-public")
            row += [f"{100 * found['difference']:+.1f}", span(found["low"], found["high"], "+")]
        rows.append([*row, *["–"] * (6 - len(row))])
    head = ["`--mcode-on-repeat`", "solved", "repeats", "tokens a task", "− keep, points", "95 %"]
    return table(head, rows)


def found(study: Study) -> str:
    """What the tables come to, in sentences."""
    names = study.names(*(f"qwen-0.5b.{style}-public" for style in STYLES))
    compared = {name: study.compare(name, "qwen-0.5b.resample-public", by="tokens") for name in names}
    better = [name for name, each in compared.items() if (each["at_equal_cost"]["low"] or 0) > 0]
    worse = [name for name, each in compared.items() if (each["at_equal_cost"]["high"] or 0) < 0]
    gaps = [100 * each["at_equal_cost"]["difference"] for each in compared.values()]
    said = [
        f"**No style of repair beats fresh attempts at equal tokens.** Of the {len(names)} recorded, "
        if not better
        else f"**{len(better)} of {len(names)} styles beat fresh attempts at equal tokens.** Of all, "
    ]
    said.append(
        f"{len(worse)} are shown to be worse (the whole 95 % interval lies below zero); the differences "
        f"are {min(gaps):+.1f} to {max(gaps):+.1f} points.\n"
    )
    total: dict[str, int] = dict.fromkeys(("repairs", "repaired", "repeated"), 0)
    for name in names:
        worth = study.results.run(study.ids[name]).debugging()
        for each in worth["iterations"] if worth else ():
            for key in total:
                total[key] += each[key] or 0
    said.append(
        f"Of {total['repairs']} repairs in these styles {total['repaired']} passed the judging tests, and "
        f"{total['repeated']} were the code of an earlier attempt.\n"
    )
    return "".join(said)


def frontier(study: Study) -> str:
    """How many attempts the small model needs to be as good as a frontier model."""
    lines = []
    for name in study.names("qwen-0.5b.resample-public", "qwen-0.5b.conversation-public"):
        for big in study.names("gpt-3.5-turbo-0613", "gpt-4-1106-preview"):
            found = study.results.match(study.ids[name], study.ids[big], by="attempts")
            lines.append(f"- `{name}` against `{big}`: {found['sentence']}\n")
    return "".join(lines)


TABLES: Mapping[str, Callable[[Study], str]] = {
    "found": found,
    "runs": runs,
    "styles": styles,
    "repeats": repeats,
    "frontier": frontier,
}


def made(page: str) -> str:
    """Return the page with its tables made anew."""
    with opened() as study:
        return MADE.sub(lambda match: f"{match[1]}\n{TABLES[match[2]](study)}\n{match[4]}", page)


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    after = made(before)
    if given.check:
        lines = (each.splitlines(keepends=True) for each in (before, after))
        sys.stdout.writelines(difflib.unified_diff(*lines, "README.md", "from the recorded runs"))
        sys.exit(before != after)
    PAGE.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
