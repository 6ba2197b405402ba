"""SWE-bench (Jimenez et al. 2024, arXiv:2310.06770) and its subsets: real issues of repositories."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.benchmarks.columns import ColumnType
from pytest_mcode.benchmarks.files import Row
from pytest_mcode.benchmarks.hub import HubDataset
from pytest_mcode.benchmarks.rebench import completed
from pytest_mcode.benchmarks.rows import RowLoader, Split, is_on_hub
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.harnesses.repositories.harness import REPOSITORIES
from pytest_mcode.harnesses.repositories.marks import mark_problems
from pytest_mcode.records import Task

__all__ = [
    "SWEBENCH_FULL",
    "SWEBENCH_LITE",
    "SWEBENCH_MULTILINGUAL",
    "SWEBENCH_VERIFIED",
    "SWEbench",
    "to_task",
]

COLUMNS: dict[str, ColumnType] = {
    "instance_id": "text",
    "repo": "text",
    "version": "text",
    "base_commit": "text",
    "problem_statement": "text",
    "patch": "text",
    "test_patch": "text",
    "image": "text",
    "eval_script": "text",
    "log_parser": "text",
    "eval_type": "text",
}
TEST_LISTS = ("FAIL_TO_PASS", "PASS_TO_PASS")
JUDGED_BY = ("repo", "version", "base_commit", "image", "eval_script", "log_parser", "eval_type")
EVAL_TYPES = ("pass_and_fail", "fail_only")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]*)?(?:@sha256:[0-9a-f]{64})?"
)
"""A reference as the engine takes it: https://github.com/distribution/reference/blob/main/reference.go"""
REMEDY = (
    ". swebench 5 judges by the columns image, eval_script, log_parser and eval_type: take a revision of the "
    "dataset that has them (--mcode-dataset-revision), or a local file with them (--mcode-dataset=PATH). "
    "SWE-rebench says as much in docker_image and install_config; SWE-Gym and SWE-smith do not"
)


def to_task(row: Row) -> Task:
    """Make a task of a row in swebench 5's columns; ``hints_text`` is left behind.

    Raises ValueError naming the column by which the row could not be judged.
    """
    _check(row)
    return Task(
        task_id=row["instance_id"],
        prompt=row["problem_statement"],
        test=row["test_patch"],
        canonical_solution=row["patch"],
        tags=(_mark(row["repo"]), *_difficulty(row)),
        extra={
            **{column: row[column] for column in JUDGED_BY},
            **{column: _test_list(row, column) for column in TEST_LISTS},
        },
    )


def _check(row: Row) -> None:
    if not _IMAGE.fullmatch(row["image"]):
        raise ValueError(f"image {row['image']!r} is no name of an image: lower case, as NAMESPACE/NAME:TAG")
    if not _COMMIT.fullmatch(row["base_commit"]):
        raise ValueError(f"base_commit {row['base_commit']!r} is no commit's hash")
    if row["eval_type"] not in EVAL_TYPES:
        raise ValueError(f"eval_type {row['eval_type']!r} is none of {', '.join(EVAL_TYPES)}")
    for column in ("version", "log_parser"):
        if not row[column].strip():
            raise ValueError(f"{column} is empty")
    problems = mark_problems(row["eval_script"])
    if problems:
        raise ValueError(f"eval_script {problems}")
    if not _test_list(row, "FAIL_TO_PASS"):
        raise ValueError("FAIL_TO_PASS is empty: nothing would tell a patch from none")


def _mark(repository: str) -> str:
    """Return the pytest mark of a repository: ``scikit_learn`` of ``scikit-learn/scikit-learn``."""
    return re.sub(r"\W", "_", repository.rpartition("/")[2]).lower()


def _difficulty(row: Row) -> Iterator[str]:
    """Yield the mark of how long people thought it takes: ``difficulty_15_min_1_hour``, in Verified."""
    told = row.get("difficulty")
    if isinstance(told, str) and told.strip():
        said = told.strip().replace("<", "under ").replace(">", "over ")
        yield "difficulty_" + re.sub(r"\W+", "_", said).strip("_").lower()


def _test_list(row: Row, column: str) -> list[str]:
    value = row.get(column)
    try:
        names = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"{column} is not JSON: {error}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{column} must be a list of test names, as such or in JSON")
    return names


@dataclass(frozen=True, kw_only=True)
class SWEbench(RowLoader):
    """The `Benchmark` whose solutions are patches."""

    summary: str
    harness: Harness = REPOSITORIES
    prompt_template: str = "swebench.jinja"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    demonstrations: None = None
    known: Collection[str] = ()
    """Fingerprints of its splits, by which a file that holds one is told from other rows."""

    def load(self, source: Source) -> Dataset:
        """Load a split, named as what it is: a file or another dataset need not be this benchmark."""
        loader = self
        if source.split and source.dataset and is_on_hub(source.dataset):
            loader = replace(self, splits={**self.splits, source.split: Split(hub=source.split)})
        dataset = super(SWEbench, loader).load(source)
        if source.dataset in (None, self.hub.id) or dataset.fingerprint in self.known:
            return dataset
        named = source.dataset if is_on_hub(source.dataset) else Path(source.dataset).name
        return replace(dataset, name=named)

    def _tasks(self, rows: Sequence[Row], origin: str) -> list[Task]:
        return super()._tasks([completed(row) for row in rows], origin)


DEFAULTS: Mapping[str, Any] = {
    "timeout": 1800.0,
    "mem_limit": "4g",
    "pids_limit": 1024,
    "feedback": "public",
    "retrieval": True,
    "isolation": "fresh",
    "image": "each task's own",
}
TEST, DEV = {"test": Split(hub="test")}, {"dev": Split(hub="dev")}


def _swebench(
    name: str, hub: str, summary: str, splits: Mapping[str, Split], known: Collection[str] = ()
) -> SWEbench:
    return SWEbench(
        name=name,
        summary=f"{summary} (needs Docker, extra [swebench])",
        hub=HubDataset(id=f"SWE-bench/{hub}"),
        columns=COLUMNS,
        to_task=to_task,
        splits=splits,
        id_column="instance_id",
        remedy=REMEDY,
        defaults=DEFAULTS,
        known=known,
    )


SWEBENCH_LITE = _swebench(
    "swebench-lite",
    "SWE-bench_Lite",
    "300 issues of 12 Python repositories to resolve",
    {**TEST, **DEV},
    known=(
        "6e5e61dbc22abe467608996f179660d8a17e89506eb133ba1ffdeace51c0c448",
        "cd77f6deaad1ab02bccdea30f322a16940f947b5e99de5e85ac6de612687194c",
    ),
)
SWEBENCH_VERIFIED = _swebench(
    "swebench-verified", "SWE-bench_Verified", "500 issues that people found solvable as stated", TEST
)
SWEBENCH_FULL = _swebench(
    "swebench-full", "SWE-bench", "2,294 issues of 12 Python repositories to resolve", {**TEST, **DEV}
)
SWEBENCH_MULTILINGUAL = _swebench(
    "swebench-multilingual", "SWE-bench_Multilingual", "300 issues in nine other languages", TEST
)
