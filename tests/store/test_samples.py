import gzip
import json
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import Store
from pytest_mcode.store.samples import Answer, read_answers_of_run, read_samples
from tests.store.builders import attempt, outcome, run_info, write_run


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def test_lines_are_samples_of_their_task(tmp_path: Path) -> None:
    file = write(
        tmp_path / "samples.jsonl",
        {"task_id": "T/1", "completion": "c", "solution": "s", "raw": "r", "passed": True},
        {"task_id": "T/2", "completion": "    return 1"},
        "",
        {"task_id": "T/1", "solution": "def f(): ..."},
    )
    assert read_samples(file) == {
        "T/1": [
            [Answer(completion="r", solution=None, line=1)],
            [Answer(completion="def f(): ...", solution="def f(): ...", line=4)],
        ],
        "T/2": [[Answer(completion="    return 1", solution=None, line=2)]],
    }


def test_gzip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write('{"task_id": "T/1", "raw": "\\ud800"}\n')
    assert read_samples(path)["T/1"][0][0].completion == "\ud800"


def test_predictions_are_patches(tmp_path: Path) -> None:
    file = write(
        tmp_path / "predictions.jsonl",
        {"instance_id": "a__b-1", "model_name_or_path": "m", "model_patch": "diff --git"},
        {"instance_id": "a__b-2", "model_patch": ""},
        {"instance_id": "a__b-3", "model_patch": None},
    )
    solutions = [samples[0][0].solution for samples in read_samples(file).values()]
    assert solutions == ["diff --git\n", None, None]


ROWS = [
    {"instance_id": "a__b-1", "model_name_or_path": "m", "model_patch": "diff\n"},
    {"instance_id": "a__b-2", "model_name_or_path": "m", "model_patch": "diff\n"},
]
LINES = "".join(f"{json.dumps(row)}\n" for row in ROWS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("preds.json", json.dumps(ROWS)),
        ("preds.json", json.dumps(ROWS, indent=2)),
        ("preds.json", json.dumps({row["instance_id"]: row for row in ROWS}, indent=2)),
        ("preds.json", json.dumps({row["instance_id"]: {"model_patch": "diff"} for row in ROWS})),
        ("preds.json", LINES),
        ("preds.jsonl", json.dumps({row["instance_id"]: row for row in ROWS})),
        ("preds.jsonl", f"\ufeff{LINES}"),
        ("preds.jsonl", LINES.replace("\n", "\r\n")),
        ("preds.jsonl", f"\ufeff\n{LINES}".replace("\n", "\r\n").rstrip()),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_predictions_come_in_many_files(tmp_path: Path, name: str, content: str, zipped: bool) -> None:
    file = tmp_path / (f"{name}.gz" if zipped else name)
    file.write_bytes(gzip.compress(content.encode()) if zipped else content.encode())
    answers = read_samples(file)
    assert {task: samples[0][0].solution for task, samples in answers.items()} == {
        "a__b-1": "diff\n",
        "a__b-2": "diff\n",
    }


def test_samples_may_be_one_list_and_gzip_may_hide_behind_any_name(tmp_path: Path) -> None:
    file = tmp_path / "samples.json"
    file.write_bytes(gzip.compress(b'[{"task_id": "T/1", "raw": "a"}, {"task_id": "T/1", "raw": "b"}]'))
    assert [sample[0].completion for sample in read_samples(file)["T/1"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a__b-1": "diff"}', "preds.json, a__b-1: not an object, but str"),
        ('{"a__b-1": {"instance_id": "x", "model_patch": ""}}', "a__b-1: its instance_id is 'x'"),
        ('{"a__b-1": {"instance_id": "a__b-1"}}', "a__b-1: model_patch is missing"),
        ('[{"instance_id": "a", "model_patch": 5}]', "entry 1: model_patch is no text"),
        (
            json.dumps([ROWS[0], ROWS[0]]),
            "entry 2: a second prediction for a__b-1, whose first is in entry 1",
        ),
        ('{\n  "a": {"model_patch": ""},\n}', "preds.json: not JSON: .*, line 3, column 1"),
        ("[]", "holds no sample"),
        ("{}", "holds no sample"),
        ("", "holds no sample"),
    ],
)
def test_bad_entry_of_a_whole_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "preds.json").write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        read_samples(tmp_path / "preds.json")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"task_id": "T/1", "raw": "x"}, "{"], r"samples.jsonl, line 2: not JSON: .*, column 2"),
        (["[1]"], "entry 1: not an object, but int"),
        (["", "7", "8"], "line 2: not an object, but int"),
        (["[" * 100_000], "line 1: not JSON: nested too deeply"),
        ([{"raw": "x"}], "line 1: task_id is missing"),
        ([{"task_id": 1, "raw": "x"}], "line 1: task_id is no text"),
        (["", {"task_id": "T/1"}], "line 2: one of raw, solution, completion is needed"),
        ([{"task_id": "T/1", "raw": 5}], "line 1: raw is no text"),
        ([{"instance_id": "a"}], "line 1: model_patch is missing"),
        (
            [{"instance_id": "a", "model_patch": ""}] * 2,
            "line 2: a second prediction for a, whose first is in line 1",
        ),
        ([], "samples.jsonl holds no sample; give what `mcode export` wrote"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, rows: list[object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_samples(write(tmp_path / "samples.jsonl", *rows))


def test_bad_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"none.jsonl: No such file .*; give a JSONL file of samples"
    ):
        read_samples(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    with pytest.raises(ConfigurationError, match="is not text in UTF-8"):
        read_samples(tmp_path / "latin.jsonl")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"task_id": "T", "raw": ""}\n' * 99)[:30])
    with pytest.raises(ConfigurationError, match=r"cut.jsonl.gz: .*end-of-stream"):
        read_samples(tmp_path / "cut.jsonl.gz")
    (tmp_path / "plain.jsonl.gz").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"plain.jsonl.gz: Not a gzipped file"):
        read_samples(tmp_path / "plain.jsonl.gz")


def test_run_gives_every_attempt_of_judged_tasks(tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    cut = attempt(1, completion="cut", solution=None, finish_reason="length")
    made = outcome(0, attempts=(attempt(), attempt(0, 1), cut))
    write_run(
        db, run_info(), [made, outcome(1, "passed", status="infra"), outcome(2, "passed", test="other")]
    )
    with Store.open(str(db), read_only=True) as store:
        answers = read_answers_of_run(store, "run-1", "test_task")
    assert list(answers) == ["HumanEval/0"]
    first, second = answers["HumanEval/0"]
    assert [answer.solution for answer in first] == [each.solution for each in made.attempts[:2]]
    assert second == [Answer(completion="cut", solution=None, finish_reason="length")]
