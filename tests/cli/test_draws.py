"""Which runs count as draws, what gains are over, and what budgets cost, as the commands say it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.store.builders import answered_apart, outcome, run_info, write_run

Mcode = Callable[..., Any]
ONE = [outcome(0, "passed"), outcome(1, "syntax"), outcome(2, "syntax"), outcome(3, "passed")]
OTHER = answered_apart(
    [outcome(0, "passed"), outcome(1, "passed"), outcome(2, "syntax"), outcome(3, "syntax")], "other"
)


def words(result: Any) -> str:
    assert (result.status, result.err) == (0, "")
    return " ".join(result.out.split())


def listed(mcode: Mcode, *arguments: object) -> Any:
    result = mcode(*arguments, "--json")
    assert (result.status, result.err) == (0, "")
    return json.loads(result.out)


@pytest.fixture
def repeated(tmp_path: Path) -> Path:
    """The same command three times, a part of it, and another seed."""
    db = tmp_path / "r.db"
    for name in ("run-a", "run-b", "run-c"):
        write_run(db, run_info(name, tasks_total=4), ONE)
    write_run(db, run_info("run-part", tasks_total=4), ONE[:2])
    write_run(db, run_info("run-seed", seed=1, tasks_total=4), OTHER)
    return db


def test_a_run_of_the_same_answers_is_no_draw(mcode: Mcode, repeated: Path) -> None:
    (group,) = listed(mcode, "results", "--grouped", "--db", repeated)
    assert len(group["run_ids"]) == 5
    assert group["same_answers"] == dict.fromkeys(["run-b", "run-c", "run-part"], "run-a")
    assert group["partial"] == ["run-part"]
    assert (group["pass_rate"], group["solved_always"], group["solved_sometimes"]) == (0.5, 1, 2)
    shown = words(mcode("results", "--grouped", "--db", repeated))
    assert "3 no draw" in shown
    assert "1 partial" in shown
    assert "No draw: a run that gave the same answers as another counts in no mean." in shown
    assert "Partial: a run that judged fewer tasks than another." in shown


def test_a_side_counts_each_draw_once(mcode: Mcode, repeated: Path) -> None:
    write_run(repeated, run_info("strong", model="strong:7b", model_digest="d"), answered_apart(ONE, "s"))
    write_run(repeated, run_info("strong-2", model="strong:7b", seed=1, model_digest="d"), OTHER[:3])
    found = listed(mcode, "compare", "model=granite4:3b", "model=strong:7b", "--db", repeated)
    assert found["a"]["run_ids"] == ["run-a", "run-seed"]
    assert "run run-part gave the same answers as run-a: no draw of its own, left out" in found["warnings"]
    assert "run strong-2 is partial: another repeat judged more tasks" in found["warnings"]


def test_a_gain_within_one_draw_has_no_test(mcode: Mcode, tmp_path: Path) -> None:
    """With one seed the n = 1 run is the first sample of the n = 3 run."""
    db = tmp_path / "r.db"
    write_run(db, run_info("run-one"), ONE)
    more = [outcome(0, "passed"), outcome(1, "syntax", "passed"), outcome(2, *["syntax"] * 3), ONE[3]]
    write_run(db, run_info("run-three", samples=3), more)
    found = listed(mcode, "compare", "run-three", "run-one", "--db", db)
    assert (found["answers"], found["p_value"], found["only_a"], found["only_b"]) == ("nested", None, 1, 0)
    shown = words(mcode("compare", "run-three", "run-one", "--db", db))
    assert "answers one run's are the first ones of the other: not two draws" in shown
    assert "exact McNemar: none; A did better on 1, B on 0" in shown
    assert "A solves more, as the larger budget must; the interval tells of how much" in shown
    (curve,) = listed(mcode, "results", "--compare-samples", "--db", db)
    assert [point["p_value"] for point in curve["curve"]] == [None, None]
    assert curve["curve"][1]["gain"] == 0.25
    repairs = [replace(each, attempts=each.attempts[:1]) for each in ONE]
    write_run(db, run_info("run-debug", debug_iters=2), repairs)
    assert listed(mcode, "compare", "run-debug", "run-one", "--db", db)["answers"] == "nested"


def test_gains_are_over_the_run_that_is_named(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    write_run(db, run_info("run-old"), ONE[:3])
    write_run(db, run_info("run-new", seed=1), OTHER)
    write_run(db, run_info("run-two", samples=2, seed=2), answered_apart(OTHER, "two"))
    for base, gain in (("run-new", 0.0), ("run-old", 1 / 3)):
        arguments = ["--base", base] if base == "run-old" else []
        (curve,) = listed(mcode, "results", "--compare-samples", *arguments, "--db", db)
        assert curve["base"] == {
            "run_id": base,
            "test": "test_task",
            "samples": 1,
            "sub_sampled": False,
        }
        assert curve["curve"][-1]["gain"] == gain
        shown = words(mcode("results", "--compare-samples", *arguments, "--db", db))
        assert f"Gain: over 1 sample of {base}" in shown
    for arguments, message in (
        (["--base", "run-old"], "--base goes with --compare-samples: give both"),
        (["--compare-samples", "--base", "nix"], "no run 'nix' in"),
        (
            ["--compare-samples", "--run", "run-two", "--base", "run-old"],
            "--base: run run-old is none of those that are shown; name one of them",
        ),
        (["--compare-samples", "--by", "euro"], "--by: 'euro' is not allowed; give one of attempts, tokens"),
    ):
        refused = mcode("results", *arguments, "--db", db)
        assert (refused.status, refused.err.count("\n")) == (4, 1)
        assert message in refused.err


def test_budgets_are_charged_what_their_samples_cost(mcode: Mcode, tmp_path: Path) -> None:
    """A failing sample costs 300 tokens, a passing one 100: the mean price would say 200 for either."""
    db = tmp_path / "r.db"
    made = outcome(0, "passed", "syntax")
    first, second = made.attempts
    costly = replace(second, completion_tokens=200)
    cheap = replace(first, completion_tokens=0)
    info = run_info("run-two", samples=2, all_samples=True)
    write_run(db, info, [replace(made, attempts=(cheap, costly))])
    (curve,) = listed(mcode, "results", "--compare-samples", "--db", db)
    one, two = curve["curve"]
    assert one["costs"] == {"attempts": 1, "tokens": 200, "model_seconds": 1.5, "seconds": 1.75}
    assert (two["tokens"], two["costs"]["attempts"]) == ((100 + 400) / 2, 1.5)
    shown = words(mcode("results", "--compare-samples", "--by", "attempts", "--db", db))
    assert "attempts" in shown
    assert "Attempts: of a task on average, stopping at its first pass." in shown
    unknown = replace(made, attempts=(replace(cheap, prompt_tokens=None), costly))
    write_run(db, run_info("run-dark", samples=2, all_samples=True, timeout=1.0), [unknown])
    curves = listed(mcode, "results", "--compare-samples", "--db", db)
    assert [point["tokens"] for point in curves[0]["curve"]] == [None, None]


def test_fresh_attempts_are_not_called_repairs(mcode: Mcode, tmp_path: Path) -> None:
    info = run_info("run-one", debug_iters=1)
    fresh = replace(info, settings={**info.settings, "strategy": "resample"})
    write_run(tmp_path / "r.db", fresh, [outcome(0, "syntax passed")])
    shown = words(mcode("show", "run-one", "--no-pager", "--db", tmp_path / "r.db"))
    assert "resamples solved by then" in shown
    assert "after syntax 1 of 1 resamples passed" in shown
    assert "120 tokens for 1 resamples, 120 a resampled sample" in shown
    assert "repair" not in shown.partition("settings")[0]
    big = answered_apart([outcome(0, "passed"), outcome(1, "passed")], "big")
    write_run(tmp_path / "r.db", run_info("run-big", model="big:70b"), big)
    two = replace(fresh, run_id="run-two", settings={**fresh.settings, "timeout": 1.0})
    write_run(tmp_path / "r.db", two, [outcome(0, "syntax passed"), outcome(1, "syntax syntax")])
    matched = words(mcode("match", "run-two", "run-big", "--by", "repairs", "--db", tmp_path / "r.db"))
    assert "1 sample of up to 1 resample" in matched


def test_few_repositories_have_no_interval_anywhere(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    for name, repositories in (("run-few", 5), ("run-more", 12)):
        info = replace(run_info(name, benchmark=name, debug_iters=1), harness="repositories")
        made = [
            replace(
                outcome(number, "unresolved passed" if number % 3 else "unresolved unresolved"),
                task_id=f"owner{number % repositories}__name-{number}",
            )
            for number in range(24)
        ]
        write_run(db, info, made)
    few, more = listed(mcode, "results", "--db", db)
    reason = "5 clusters of tasks do not show how others vary: an interval over clusters needs at least 6"
    assert (few["pass_rate"], few["pass_rate_low"], few["interval_withheld"]) == (16 / 24, None, reason)
    assert more["interval_method"] == "score, CR2 clusters, Wilson"
    assert more["pass_rate_low"] < 16 / 24 < more["pass_rate_high"]
    for command in ("results", "results --grouped", "results --run run-few", "show run-few"):
        assert reason in words(mcode(*command.split(), "--db", db))
    (found,) = listed(mcode, "show", "run-few", "--db", db)["results"]
    assert [point["low"] for point in found["debugging"]["curve"]] == [None, None]
    (curve,) = listed(mcode, "results", "--compare-samples", "--run", "run-few", "--db", db)
    assert (curve["curve"][0]["rate"], curve["curve"][0]["low"]) == (16 / 24, None)


def test_each_k_that_is_too_large_is_named(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    fixed = {"all_samples": True, "tasks_total": 1}
    write_run(db, run_info("run-five", samples=5, **fixed), [outcome(0, *["passed"] * 5)])
    write_run(db, run_info("run-two", samples=2, **fixed), [outcome(0, *["passed"] * 2)])
    write_run(db, run_info("run-stop", samples=4, tasks_total=1), [outcome(0, "passed")])
    shown = words(mcode("results", "--pass-at", "1,5", "--db", db))
    assert "No pass@k of run-two: k=5 needs at least as many samples a task, there are 2." in shown
    assert "No pass@k of run-stop: sampling stopped at the first pass, where c/n is biased" in shown
    whole = words(mcode("results", "--pass-at", "1,5", "--run", "run-two", "--db", db))
    assert "pass@5 not to be had: k=5 needs at least as many samples a task, there are 2" in whole
