from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.results.labels import labels
from pytest_mcode.results.summaries import figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import find_run
from tests.store.builders import SETTINGS, outcome, run_info, write_run

REPLAY = {"backend": "replay", "model": None}


def labels_of(tmp_path: Path, *runs: Mapping[str, Any]) -> Sequence[str]:
    """Return the labels of stored runs whose settings are these beyond the usual ones."""
    db = tmp_path / "r.db"
    for number, changes in enumerate(runs):
        settings = {**SETTINGS, **changes}
        named = {name: settings[name] for name in SETTINGS}
        info = run_info(f"20260801-10000{number}-aaaaa{number}", **named, started_at=f"2026-08-0{number + 1}")
        info.settings.update(settings)  # type: ignore[attr-defined]
        write_run(db, info, [outcome(0, "passed")])
    with Store.open(str(db)) as store:
        rows = [find_run(store, f"aaaaa{number}") for number in range(len(runs))]
        return labels(figures(store, rows))


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([{}], ["granite4:3b, n=1"]),
        ([{}, {"debug_iters": 4}], ["n=1", "n=1 d=4"]),
        ([{}, {"model": "qwen3:8b"}], ["granite4:3b", "qwen3:8b"]),
        ([{}, {"benchmark": "mbpp"}], ["humaneval", "mbpp"]),
        ([{}, {"seed": 1}, {"samples": 5}], ["n=1, seed=0", "n=1, seed=1", "n=5"]),
        ([{}, {"timeout": 9.0}], ["granite4:3b, n=1, timeout=60.0", "granite4:3b, n=1, timeout=9.0"]),
        ([{}, {}], ["granite4:3b, n=1, aaaaa0", "granite4:3b, n=1, aaaaa1"]),
        ([{}, {"backend": "openai"}], ["granite4:3b (ollama)", "granite4:3b (openai)"]),
        (
            [REPLAY | {"replay": f"/data/{name}-preview.jsonl.gz"} for name in ("gpt-4-1106", "gpt-4o")],
            ["gpt-4-1106-preview", "gpt-4o-preview"],
        ),
        ([REPLAY | {"replay": "/data/gpt-4-1106-preview.jsonl"}], ["gpt-4-1106-preview, n=1 replay"]),
        (
            [{}, REPLAY | {"model": "granite4:3b", "replay": "20260801-100000-abcdef"}],
            ["granite4:3b (ollama), n=1", "granite4:3b (replay), n=1 replay of abcdef"],
        ),
    ],
)
def test_no_two_labels_are_equal(
    tmp_path: Path, runs: Sequence[Mapping[str, Any]], expected: Sequence[str]
) -> None:
    assert labels_of(tmp_path, *runs) == expected


def test_no_run_has_no_label() -> None:
    assert labels([]) == []
