"""`mcode plan`: what a session will take and can show."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.analysis.planning import attempts_of_a_task, expected_attempts, match_power
from pytest_mcode.benchmarks import Source
from pytest_mcode.records import TaskOutcome
from tests.servers import OllamaServer
from tests.session_support import MCODE
from tests.store.builders import outcome, run_info, write_run

Mcode = Callable[..., Any]
TASKS = benchmarks.get("smoke").load(Source()).tasks
MODEL = ("--backend", "ollama", "--model", "granite4:3b")


def outcomes(*samples: str) -> list[TaskOutcome]:
    """Smoke's tasks, each with the samples of a text: their attempts, a comma between."""
    return [
        replace(
            outcome(number, *({"+": "passed", "-": "assertion"}[each] for each in text)),
            task_id=TASKS[number].task_id,
            task_fingerprint=TASKS[number].fingerprint,
        )
        for number, text in enumerate(samples)
    ]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = tmp_path / "results.db"
    many = {"benchmark": "smoke", "samples": 4, "all_samples": True}
    write_run(db, run_info("small-one", **many), outcomes(*["++--"] * 12))
    big = run_info("big-one", benchmark="smoke", model="big:70b")
    write_run(db, big, outcomes(*"++++++++----"))
    return db


def planned(mcode: Mcode, db: Path, *arguments: object) -> dict[str, Any]:
    result = mcode("plan", "smoke", *arguments, "--db", db, "--json")
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def enumerated(rate: float, repaired: float, samples: int, debug_iters: int, every: bool) -> float:
    """The mean over all that may pass and fail, of attempts that are counted one by one."""
    total = 0.0
    chances = [rate, *[repaired] * debug_iters] * samples
    for passes in product((True, False), repeat=len(chances)):
        weight = prod(p if passed else 1 - p for p, passed in zip(chances, passes, strict=True))
        made, solved = 0, False
        for sample in range(samples):
            for passed in passes[sample * (1 + debug_iters) :][: 1 + debug_iters]:
                if solved and not every:
                    break
                made += 1
                if passed:
                    solved = True
                    break
        total += weight * made
    return total


def test_attempts_by_the_loop() -> None:
    assert attempts_of_a_task(0.5, 0.0, 3, 0, all_samples=False) == pytest.approx(1 + 0.5 + 0.25)
    assert attempts_of_a_task(0.5, 0.0, 3, 0, all_samples=True) == 3
    # A sample of one attempt, half the time a repair, and half of these times another one.
    assert attempts_of_a_task(0.5, 0.5, 2, 2, all_samples=True) == pytest.approx(2 * 1.75)
    assert attempts_of_a_task(0.5, 0.5, 2, 1, all_samples=False) == pytest.approx(1.5 * 1.25)
    for every in (True, False):
        assert attempts_of_a_task(0.3, 0.4, 2, 2, all_samples=every) == pytest.approx(
            enumerated(0.3, 0.4, 2, 2, every)
        )
    least, most = expected_attempts(0.5, 0.2, 5, 2, all_samples=False)
    rates = (0.1, 0.9)  # their mean is 0.5, and so what they need lies between
    between = sum(attempts_of_a_task(rate, 0.2, 5, 2, all_samples=False) for rate in rates) / 2
    assert least < between < most


def test_power_of_a_match_grows_with_samples_and_has_its_error() -> None:
    found = match_power([(10, 6)] * 60, 0.6, [1.0] * 36 + [0.0] * 24, 5, 0.1, simulations=50)
    assert list(found.by_samples) == sorted(found.by_samples)
    assert found.by_samples[-1] > 0.9
    never = match_power([(10, 3)] * 60, 0.3, [1.0] * 60, 2, 0.1, simulations=50)
    unknown = match_power([(0, 0)] * 60, 0.6, [1.0] * 36 + [0.0] * 24, 5, 0.1, simulations=50)
    assert unknown.by_samples[1] < found.by_samples[1]
    assert (never.by_samples, never.shown_from) == ((0.0, 0.0), None)


def test_a_plan_from_history(mcode: Mcode, db: Path) -> None:
    found = planned(mcode, db, *MODEL, "--samples", 3)
    assert found["history"] == {
        "run_ids": ["small-one"],
        "benchmark": "smoke",
        "rate": 0.5,
        "repaired": 0.0,
    }
    assert found["attempts"] == {"least": 12 * 1.75, "most": 12 * 2.0, "limit": 36}
    assert found["tokens"] == {"least": 120 * 21.0, "most": 120 * 24.0}
    assert found["model_seconds"]["most"] == pytest.approx(1.5 * 24)
    assert found["interval"]["low"] < 0.5 < found["interval"]["high"]
    assert found["bytes"]["images"] == 0
    assert found["match"] is None

    matched = planned(mcode, db, *MODEL, "--samples", 4, "--all-samples", "--against", "big-one")["match"]
    assert (matched["tasks"], matched["rate"], matched["margin"]) == (12, pytest.approx(8 / 12), 0.05)
    assert len(matched["by_samples"]) == 4
    text = " ".join(mcode("plan", "smoke", *MODEL, "--db", db, "--against", "big-one").out.split())
    assert "known 50.0% of first attempts and 0.0% of repairs passed (small-one)" in text
    assert "attempts 12, at most 12" in text
    assert "k* at least 66.7% (big-one) less 5 points would be shown by" in text
    assert "of simulated runs with 1 sample: too few, or it is not so" in text


def test_a_plan_from_other_benchmarks_and_from_nothing(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    write_run(db, run_info("elsewhere", model="new:1b"), [outcome(0, "passed")])
    other = planned(mcode, db, "--backend", "ollama", "--model", "new:1b", "--samples", 2)
    assert (other["history"]["benchmark"], other["history"]["rate"]) == ("humaneval", None)
    assert other["attempts"] == {"least": 12.0, "most": 24.0, "limit": 24}
    assert other["tokens"] == {"least": 12 * 120, "most": 24 * 120}
    nothing = mcode("plan", "smoke", *MODEL, "--db", tmp_path / "none.db")
    assert "known nothing: no run of granite4:3b in this store; --calibrate 5" in " ".join(
        nothing.out.split()
    )
    assert not (tmp_path / "none.db").exists()


def test_images_of_repositories(mcode: Mcode, db: Path) -> None:
    from pytest_mcode.harnesses.repositories.harness import REPOSITORIES
    from pytest_mcode.harnesses.repositories.images import TYPICAL_SIZE

    images = [f"127.0.0.1:1/gone:{number}" for number in range(3)]
    tasks = [replace(TASKS[0], extra={"image": image}) for image in images]
    assert REPOSITORIES.image_bytes(tasks) == 3 * TYPICAL_SIZE, "no registry tells"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--against", "big-one", "--model", "new:1b"],
            "--against: the store has no run of new:1b on this benchmark to know its rates by; "
            "give --calibrate 5, or run it once",
        ),
        (["--against", "nowhere", "--model", "granite4:3b"], "no run 'nowhere' in "),
        (
            ["--margin", "2", "--model", "granite4:3b"],
            "--margin: 2.0 is not allowed; give a share from 0 to below 1",
        ),
        (["--calibrate", "13", "--model", "m"], "--calibrate: 13 tasks are more than the 12 planned"),
    ],
)
def test_bad_input(mcode: Mcode, db: Path, arguments: list[str], message: str) -> None:
    result = mcode("plan", "smoke", "--backend", "ollama", *arguments, "--db", db)
    assert (result.status, result.out) == (4, "")
    assert result.err.startswith(f"ERROR: {message}")


def test_a_plan_without_a_model(mcode: Mcode, db: Path) -> None:
    shown = mcode("plan", "smoke", "--backend", "gold", "--db", db)
    assert "known nothing: no model is asked; name one with --model" in " ".join(shown.out.split())
    refused = mcode("plan", "smoke", "--backend", "gold", "--against", "big-one", "--db", db)
    assert refused.err.startswith(
        "ERROR: --against: backend gold has no rates of a model; name one with --model"
    )


def test_calibration_and_the_option_of_a_session(tmp_path: Path) -> None:
    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    with OllamaServer("x = 1") as server:
        where = ("--base-url", server.url, "--sandbox", "process", "--db", "results.db")
        common = ("--model", server.model, *where)
        said = run(*MCODE, "plan", "smoke", *common, "--calibrate", "3")
        assert "judged 3/3 tasks, a subset: 3/12" in said
        assert "known 0.0% of first attempts and 0.0% of repairs passed" in said
        asked = len(server.requests)
        options = [f"--mcode-{name[2:]}" if name.startswith("--") else name for name in common]
        said = run(sys.executable, "-m", "pytest", "--mcode-benchmark=smoke", *options, "--mcode-plan")
        assert "planned smoke, 12 tasks, 1 sample and 0 repairs each known 0.0% of first attempts" in said
        assert "attempts 12, at most 12" in said
        assert len(server.requests) == asked
    with closing(sqlite3.connect(tmp_path / "results.db")) as connection:
        assert connection.execute("SELECT task_id FROM tasks").fetchall() == [
            (TASKS[number].task_id,) for number in (0, 4, 8)
        ]
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
