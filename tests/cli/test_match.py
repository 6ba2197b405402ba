"""`mcode match`, prices, and what stands first in a report of two models."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.analysis.passk import pass_at_k
from pytest_mcode.errors import ConfigurationError
from tests.store.builders import answered_apart, one_by_one, outcome, run_info, write_run

Mcode = Callable[..., Any]
TASKS = 60
BIG = {"model": "big:70b", "model_digest": "sha256:big"}


def words(result: Any) -> str:
    assert (result.status, result.err) == (0, "")
    return " ".join(result.out.split())


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model, ten samples of each task, and a big one that solves 70 %, as the small one within 4."""
    db = tmp_path_factory.mktemp("match") / "r.db"
    passes = [(0, 1, 2, 3, 5, 9)[number % 6] for number in range(TASKS)]
    small = [outcome(n, *["passed"] * c, *["syntax"] * (10 - c)) for n, c in enumerate(passes)]
    write_run(db, run_info("small-ten", samples=10, all_samples=True), small)
    big = [outcome(n, "passed" if n % 10 < 7 else "syntax") for n in range(TASKS)]
    write_run(db, run_info("big-one", **BIG), answered_apart(big, "big"))
    perfect = [outcome(n, "passed") for n in range(TASKS)]
    write_run(db, run_info("big-best", **BIG, seed=1), answered_apart(perfect, "best"))
    poor = [outcome(n, "passed" if n < 3 else "syntax") for n in range(TASKS)]
    write_run(db, run_info("big-poor", **BIG, seed=2), answered_apart(poor, "poor"))
    repairs = [outcome(n, "passed" if n % 2 else "syntax assertion passed") for n in range(TASKS)]
    write_run(db, run_info("small-debug", debug_iters=2), repairs)
    for run_id in ("small-ten", "big-one", "small-debug"):
        one_by_one(db, run_id)
    return db


def test_the_smallest_budget_that_matches(mcode: Mcode, db: Path) -> None:
    found = json.loads(mcode("match", "small-ten", "big-one", "--db", db, "--json").out)
    rates = [sum(pass_at_k(10, c, k) for c in (0, 1, 2, 3, 5, 9)) / 6 for k in range(1, 11)]
    assert [point["rate"] for point in found["curve"]] == pytest.approx(rates)
    enough = next(k for k, rate in enumerate(rates, 1) if rate >= 0.7 - 0.05)
    assert (found["estimate"]["samples"], found["b"]["rate"], found["margin"]) == (enough, 0.7, 0.05)
    assert found["low"]["samples"] <= enough < found["high"]["samples"]
    assert (found["never"], found["withheld"], found["tasks"]) == (False, None, TASKS)
    low, high = found["low"]["samples"], found["high"]["samples"]
    assert found["sentence"] == (
        f"granite4:3b (ollama) needs {enough} samples to be at most 5 points below big:70b (ollama) with 1 "
        f"sample (95 % confidence: from {low} samples to {high} samples)"
    )
    shown = mcode("match", "small-ten", "big-one", "--db", db)
    assert words(shown).startswith(f"{found['sentence']}. A humaneval@")
    assert "B solved 70.0%" in words(shown)
    assert "not sure" in shown.out


def test_repeats_give_a_curve(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    """Three runs of one sample are three samples of each task; where one lost a task, two of each count."""
    db = Path(shutil.copy(db, tmp_path / "r.db"))
    for seed in (11, 12, 13):
        made = [outcome(n, "passed" if n % 3 == seed % 3 else "syntax") for n in range(TASKS)]
        write_run(db, run_info(f"single-{seed}", seed=seed, timeout=9.0), answered_apart(made, str(seed)))
    arguments = ("big-one", "--by", "tokens", "--db", db)
    found = json.loads(mcode("match", "timeout=9.0,samples=1", *arguments, "--json").out)
    assert found["a"]["run_ids"] == ["single-11", "single-12", "single-13"]
    assert [point["rate"] for point in found["curve"]] == pytest.approx([1 / 3, 2 / 3, 1])
    assert [point["amount"] for point in found["curve"]] == pytest.approx([120, 200, 240])
    assert (found["estimate"]["samples"], found["warnings"]) == (2, [])
    more = [outcome(n, "passed") for n in range(1, TASKS)]
    write_run(db, run_info("single-14", seed=14, timeout=9.0), answered_apart(more, "more"))
    shown = words(mcode("match", "timeout=9.0,samples=1", *arguments))
    assert "the repeats have 3 to 4 samples of a task: of each the first 3 count" in shown
    assert "run single-14 is partial" in shown
    for seed in (21, 22):
        stops = answered_apart([outcome(n, "passed") for n in range(TASKS)], str(seed))
        write_run(db, run_info(f"stops-{seed}", samples=3, seed=seed, timeout=9.0), stops)
    refused = mcode("match", "timeout=9.0,samples=3", *arguments)
    assert (refused.status, refused.err.count("\n")) == (4, 1)
    assert (
        "runs stops-21, stops-22 stopped sampling at the first pass, so that their samples cannot be taken "
        "together: name one of them, or make them with --all-samples" in refused.err
    )


def test_never_is_an_answer(mcode: Mcode, db: Path) -> None:
    shown = words(mcode("match", "small-ten", "big-best", "--db", db))
    assert shown.startswith(
        "granite4:3b (ollama) is shown to stay more than 5 points below big:70b (ollama) with 1 sample "
        "within every budget shown, up to 10 samples: never."
    )
    better = words(mcode("match", "small-ten", "big-poor", "--db", db))
    assert (
        "(95 % confidence: no other budget shown fits); from 1 sample on it is shown to be better." in better
    )


def test_budgets_of_repairs_tokens_and_money(mcode: Mcode, db: Path) -> None:
    repairs = json.loads(
        mcode("match", "small-debug", "big-one", "--by", "repairs", "--db", db, "--json").out
    )
    assert [(each["samples"], each["repairs"], each["rate"]) for each in repairs["curve"]] == [
        (1, 0, 0.5),
        (1, 1, 0.5),
        (1, 2, 1.0),
    ]
    assert repairs["estimate"]["repairs"] == 2
    shown = words(mcode("match", "small-debug", "big-one", "--by", "tokens", "--db", db))
    assert "needs 240 tokens a task (1 sample of up to 2 repairs)" in shown
    assert "B solved 70.0% for 120 tokens a task" in shown
    priced = json.loads(
        mcode(
            *("match", "small-debug", "big-one", "--by", "price", "--db", db, "--json"),
            *("--price", "1,10", "--price-per-hour", "3.6"),
        ).out
    )
    one = (100 * 1 + 20 * 10) / 1e6 + 1.5 / 3600 * 3.6
    assert [each["amount"] for each in priced["curve"]] == pytest.approx([one, 1.5 * one, 2 * one])
    assert priced["b"]["cost"] == pytest.approx(one)


def test_a_table_of_prices_by_model(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text('"granite4:3b" = {per_hour = 3.6}\n"big:70b" = [1, 10]\n')
    found = json.loads(mcode("results", "--price", table, "--db", db, "--json").out)
    by_run = {each["run_id"]: each for each in found}
    assert by_run["big-one"]["price"] == pytest.approx(TASKS * (100 * 1 + 20 * 10) / 1e6)
    assert by_run["big-one"]["price_per_solved"] == pytest.approx(by_run["big-one"]["price"] / 42)
    assert by_run["small-ten"]["price"] == pytest.approx(TASKS * 10 * 1.5 / 1000)
    shown = words(mcode("results", "--price", table, "--run", "big-one", "--db", db))
    assert "price 0.018; 0.0003 a judged task; 0.000429 a solved task" in shown
    assert json.loads(mcode("results", "--db", db, "--json").out)[0]["prices"] is None


@pytest.mark.parametrize(("at_a_time", "share"), [(1, 1.0), (4, 2 * 15 / (60 * 1.5))])
def test_hours_are_those_in_which_tasks_were_in_flight(
    mcode: Mcode, tmp_path: Path, at_a_time: int, share: float
) -> None:
    """Requests side by side share the machine's time; the night before a run went on has no price."""
    db = tmp_path / "r.db"
    write_run(db, run_info("rented"), [outcome(n, "passed") for n in range(TASKS)])
    one_by_one(db, "rented", gap=8 * 3600, at_a_time=at_a_time)
    (found,) = json.loads(mcode("results", "--price-per-hour", "3.6", "--db", db, "--json").out)
    assert found["prices"]["machine_share"] == pytest.approx(share)
    assert found["price"] == pytest.approx(TASKS * 1.5 * share / 1000)


def test_repeats_cost_what_a_run_costs(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    first = [outcome(n, "passed" if n else "syntax") for n in range(4)]
    write_run(db, run_info("first", tasks_total=4), first)
    second = answered_apart([outcome(n, "passed") for n in range(4)], "second")
    write_run(db, run_info("second", seed=1, tasks_total=4), second)
    (group,) = json.loads(mcode("results", "--grouped", "--price", "1,10", "--db", db, "--json").out)
    assert group["price"] == pytest.approx(4 * 300 / 1e6)
    assert group["price_per_solved"] == pytest.approx(8 * 300 / 1e6 / 7)
    shown = words(mcode("results", "--grouped", "--price", "1,10", "--db", db))
    assert "(a solved)" in shown
    assert "0.0012" in shown
    silent = [replace(each, attempts=(replace(each.attempts[0], prompt_tokens=None),)) for each in first]
    write_run(db, run_info("silent", timeout=1.0, tasks_total=4), silent)
    shown = words(mcode("results", "--grouped", "--price", "1,10", "--db", db))
    assert "No price of silent: not all tokens were reported" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("match small-ten big-one --by euro", "--by: 'euro' is not allowed; give one of samples, repairs"),
        (
            "match small-ten big-one --margin 1",
            "--margin: 1.0 is not allowed; give a share from 0 to below 1",
        ),
        (
            "match small-ten big-one --by price",
            "--by=price: of run small-ten no price is known: give --price IN,OUT per million tokens",
        ),
        ("match small-ten small-ten", "a run compared with itself shows nothing; give two different ones"),
        ("results --price 1", "--price: 1: No such file or directory; give IN,OUT per million tokens"),
        ("results --price bad.json", "--price: bad.json is not JSON or TOML: Expecting value"),
        ("results --price list.json", "--price: list.json holds no prices by model; give a table such as"),
        ("results --price-per-hour 1e308", "1e+308 is not allowed; give a price, from 0 to 1,000,000"),
        (
            "results --price odd.toml",
            "--price: odd.toml: 'm' has no price in [1]; give [IN, OUT]",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    mcode: Mcode, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text("nothing")
    Path("list.json").write_text("[1, 2]")
    Path("odd.toml").write_text("m = [1]")
    result = mcode(*arguments.split(), "--db", db)
    assert (result.status, result.out, result.err.count("\n")) == (4, "", 1)
    assert message in result.err


def test_what_cannot_be_matched_says_why(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    lost = [outcome(n, status="infra", error="gone") for n in range(3)]
    write_run(db, run_info("lost-all"), lost)
    write_run(db, run_info("one-task", **BIG), [outcome(0, "passed")])
    write_run(db, run_info("one-more"), answered_apart([outcome(0, "passed")], "more"))
    told = outcome(0, "passed")
    silent = replace(told, attempts=(replace(told.attempts[0], prompt_tokens=None),))
    write_run(db, run_info("silent", timeout=1.0), [silent, outcome(1, "syntax")])
    write_run(db, run_info("other", **BIG, timeout=1.0), [outcome(0, "passed"), outcome(1, "syntax")])
    untimed = replace(told, attempts=(replace(told.attempts[0], generation_seconds=0.0),))
    write_run(db, run_info("replayed", timeout=1.0, seed=7), [untimed, outcome(1, "syntax")])
    for arguments, message in (
        (
            "match lost-all one-task",
            "lost-all judged no task: each of its 3 ended in infra; go on with it (--mcode-resume-run)",
        ),
        ("compare one-task lost-all", "lost-all judged no task: each of its 3 ended in infra"),
        ("match one-more one-task", "one common task, which shows nothing of others: run more"),
        (
            "match silent other --by price --price 1,1",
            "--by=price: of run silent not all tokens were reported, or a helper model's are among them; "
            "give --price-per-hour alone",
        ),
        (
            "match replayed other --by price --price-per-hour 1",
            "--by=price: of run replayed the model's time was not measured, as of replayed answers; match by "
            "attempts or by tokens",
        ),
        (
            "match silent other --by price",
            "--by=price: of run silent no price is known: give --price IN,OUT per million tokens, or "
            "--price-per-hour where not all tokens were reported",
        ),
        (
            "match silent other --by tokens",
            "--by=tokens: of run silent not all tokens were reported; match by attempts or by seconds",
        ),
    ):
        result = mcode(*arguments.split(), "--db", db)
        assert (result.status, result.err.count("\n")) == (4, 1)
        assert message in result.err
    shown = words(mcode("results", "--price", "1,1", "--run", "silent", "--db", db))
    assert "price not to be had: not all tokens were reported, or a helper model's are among them;" in shown


def test_runs_that_are_not_of_the_same_tasks_or_samples(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    pair = [outcome(0, "passed", "syntax", "passed"), outcome(1, "syntax", "passed")]
    write_run(db, run_info("uneven", samples=3, all_samples=True), pair)
    write_run(db, run_info("whole", **BIG), answered_apart([outcome(0, "passed"), outcome(1, "passed")], "w"))
    write_run(db, run_info("elsewhere", **BIG, benchmark="mbpp"), [outcome(7, "passed")])
    changed = [replace(outcome(n, "passed"), task_fingerprint="f" * 64) for n in (0, 1)]
    write_run(db, run_info("changed", **BIG, seed=1), changed)
    shown = words(mcode("match", "uneven", "whole", "--db", db))
    assert (
        "warning run uneven has 2 to 3 samples of a task, so that each of its budgets was drawn once" in shown
    )
    write_run(db, run_info("others", **BIG, seed=2), [outcome(7, "passed"), outcome(8, "passed")])
    for arguments, message in (
        (
            "match uneven elsewhere",
            "uneven and elsewhere have no common task: uneven judged 2 such as HumanEval/0, elsewhere judged "
            "1 such as HumanEval/7; compare runs of one benchmark",
        ),
        (
            "compare uneven others",
            "uneven and others have no common task: uneven judged 2 such as HumanEval/0, others judged "
            "2 such as HumanEval/7; select the same tasks in both",
        ),
        (
            "compare uneven whole --pass-at 4",
            "--pass-at: run uneven: tasks that passed were given 2.5 samples on average, up to 3 to them: "
            "sampling went by the outcome, where c/n is biased; make as many samples of every task",
        ),
        ("match uneven changed", "but none of the same content (fingerprint); compare runs over the same"),
        ("compare uneven uneven", "a run compared with itself shows nothing; give two different ones"),
    ):
        result = mcode(*arguments.split(), "--db", db)
        assert (result.status, result.err.count("\n")) == (4, 1)
        assert message in result.err


def test_the_library_matches_as_the_command(db: Path) -> None:
    with pytest_mcode.results.open(db, price="1,10") as results:
        found = results.match("small-ten", results.run("big-one"), by="model-seconds", margin=0.0)
        assert (found["by"], found["curve"][0]["amount"]) == ("model_seconds", 1.5)
        assert found["curve"][0]["costs"]["price"] == pytest.approx(300 / 1e6)
    with pytest.raises(ConfigurationError, match=r"no\.json: No such file"):
        pytest_mcode.results.open(db, price="no.json")


def test_it_stands_first_in_a_report_of_two_models(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert", reason="needs the extra `report`")
    path = tmp_path / "r.html"
    assert mcode("report", "big-one", "small-ten", "-o", path, "--db", db).status == 0
    page = path.read_text(encoding="utf-8")
    body = page[page.index("<main>") :]
    with pytest_mcode.results.open(db) as results:
        said = results.match("small-ten", "big-one")["sentence"]
    assert 0 < body.index(said) < body.index('id="summary"')
    assert mcode("report", "small-ten", "small-debug", "-o", path, "--db", db).status == 0
    assert "What it takes" not in path.read_text(encoding="utf-8")
