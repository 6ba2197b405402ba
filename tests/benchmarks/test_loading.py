"""Local files in every form, and what is wrong with bad ones."""

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.errors import ConfigurationError

HUMANEVAL_ROW = {
    "task_id": "HumanEval/0",
    "prompt": 'import math\n\n\ndef half(n):\n    """Half of n, rounded down."""\n',
    "entry_point": "half",
    "canonical_solution": "    return math.floor(n / 2)\n",
    "test": "def check(candidate):\n    assert candidate(5) == 2\n",
}
MBPP_ROW = {
    "task_id": 11,
    "text": "Write a function to double a number.",
    "code": "def double(n):\r\n  return 2 * n",
    "test_list": ["assert double(2) == 4", "assert double(0) == 0"],
    "test_setup_code": "",
    "challenge_test_list": [],
}


def jsonl(rows: list) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def load(path: Path, name: str = "humaneval", **source):
    return benchmarks.get(name).load(Source(dataset=str(path), **source))


def error(path: Path, name: str = "humaneval", **source) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(path, name, **source)
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    """Write bytes under a name."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def test_every_form_gives_the_same_tasks(file, tmp_path):
    rows = [HUMANEVAL_ROW, {**HUMANEVAL_ROW, "task_id": "HumanEval/1"}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    paths = [
        file("rows.jsonl", jsonl(rows)),
        file("blank-lines-and-mark.jsonl", b"\xef\xbb\xbf" + jsonl(rows).replace(b"\n", b"\r\n\r\n")),
        file("rows.jsonl.gz", gzip.compress(jsonl(rows))),
        file("rows.json", json.dumps(rows, indent=2).encode()),
        file("rows.json.gz", gzip.compress(json.dumps(rows).encode())),
        tmp_path / "rows.parquet",
    ]
    assert len({load(path).fingerprint for path in paths}) == 1
    assert load(paths[0]).origin == str(paths[0])


def test_the_home_directory_is_expanded(file, tmp_path, monkeypatch):
    file("rows.jsonl", jsonl([HUMANEVAL_ROW]))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(load(Path("~/rows.jsonl")).tasks) == 1


def test_a_missing_file(tmp_path):
    path = tmp_path / "none.jsonl"
    assert error(path) == f"no dataset file {path}; check the path given as --mcode-dataset"


@pytest.mark.parametrize("dataset", ["humaneval", "data/none.jsonl", "a/b/c", "none.parquet"])
def test_a_path_is_not_taken_for_a_hub_id(dataset):
    assert error(Path(dataset)).startswith(f"no dataset file {dataset};")


def test_a_directory(tmp_path):
    assert error(tmp_path).startswith(f"{tmp_path} is a directory; give a file in it (.jsonl,")


def test_an_unknown_kind_of_file(file):
    path = file("rows.csv", b"a,b\n")
    assert error(path) == (
        f"{path}: unknown kind of file; known are .jsonl, .jsonl.gz, .json, .json.gz, .parquet"
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b""),
        ("a.jsonl", b"\n \n"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0)),
        ("a.json", b""),
        ("a.json", b"[]"),
    ],
)
def test_an_empty_file(file, name, data):
    path = file(name, data)
    assert error(path) == f"{path} is empty: it has no row"


def test_an_empty_parquet_file(tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([HUMANEVAL_ROW]).slice(0, 0), path)
    assert error(path) == f"{path} is empty: it has no row"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(jsonl([HUMANEVAL_ROW]), mtime=0)[:-20],
        b"not gzip",
        gzip.compress(b"x" * 99, mtime=0)[:15] + b"garbage" * 9,
    ],
)
def test_a_damaged_gzip_file(file, data):
    path = file("a.jsonl.gz", data)
    assert error(path).startswith(f"{path} is damaged or cut short (")


def test_bad_json_names_the_line(file):
    path = file("a.jsonl", jsonl([HUMANEVAL_ROW]) + b"\n{'task_id': 1}\n")
    assert error(path).startswith(f"{path}, line 3: bad JSON: Expecting property name")
    path = file("a.json", b'[\n{"a": 1},\n{"b"}\n]')
    assert error(path).startswith(f"{path}, line 3: bad JSON: ")


def test_rows_must_be_objects(file):
    path = file("a.jsonl", b"[1, 2]\n")
    assert error(path) == f"{path}, line 1: an object is expected, with a column per key"
    path = file("a.json", json.dumps(HUMANEVAL_ROW).encode())
    assert error(path) == f"{path}: a JSON dataset is a list of objects; one object a line is .jsonl"


def test_text_that_is_not_utf_8(file):
    path = file("a.jsonl", b'{"task_id": "caf\xe9"}\n')
    assert error(path) == f"{path} is not UTF-8 text (byte 16); save it as UTF-8"


def test_parquet_that_is_not(file):
    path = file("a.parquet", b"PAR1 but no more")
    assert error(path).startswith(f"{path} is not a whole Parquet file: ")


def test_a_file_that_may_not_be_read(file, monkeypatch):
    path = file("a.jsonl", jsonl([HUMANEVAL_ROW]))

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert error(path) == f"{path} can't be read: Permission denied"


def test_missing_columns_are_named(file):
    path = file("a.jsonl", jsonl([HUMANEVAL_ROW, {"task_id": "HumanEval/1", "prompt": ""}]))
    assert error(path) == (
        f"{path} (for humaneval): row 2 lacks entry_point, canonical_solution, test; it has task_id, prompt"
    )


def test_data_of_another_benchmark(file):
    path = file("mbpp.jsonl", jsonl([MBPP_ROW]))
    assert "row 1 lacks prompt, entry_point, canonical_solution, test; it has task_id, text" in error(path)
    path = file("humaneval.jsonl", jsonl([HUMANEVAL_ROW]))
    assert "row 1 lacks text, code, test_list, test_setup_code; it has task_id" in error(path, "mbpp")


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("humaneval", {**HUMANEVAL_ROW, "test": None}, "test must be text, not NoneType"),
        ("humaneval", {**HUMANEVAL_ROW, "task_id": 0}, "task_id must be text, not int"),
        ("mbpp", {**MBPP_ROW, "task_id": "11"}, "task_id must be integer, not str"),
        ("mbpp", {**MBPP_ROW, "task_id": True}, "task_id must be integer, not bool"),
        ("mbpp", {**MBPP_ROW, "test_list": "assert 1"}, "test_list must be list of text, not str"),
        ("mbpp", {**MBPP_ROW, "test_list": [1]}, "test_list must be list of text, not list"),
    ],
)
def test_columns_of_another_type(file, name, row, said):
    path = file("a.jsonl", jsonl([row]))
    assert error(path, name) == f"{path} (for {name}): row 1: {said}"


def test_repeated_ids(file):
    path = file("a.jsonl", jsonl([HUMANEVAL_ROW] * 2))
    assert error(path) == f"{path} repeats the task_id HumanEval/0; each must occur once"
    many = [{**MBPP_ROW, "task_id": number} for number in range(11, 18)] * 2
    path = file("b.jsonl", jsonl(many))
    assert "repeats the task_id Mbpp/11, Mbpp/12, Mbpp/13, Mbpp/14, Mbpp/15, …; each" in error(path, "mbpp")


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        (
            "humaneval",
            {**HUMANEVAL_ROW, "prompt": "def half(n:"},
            "prompt is not Python: '(' was never closed, line 1",
        ),
        ("humaneval", {**HUMANEVAL_ROW, "entry_point": "third"}, "prompt does not define third"),
        (
            "humaneval",
            {**HUMANEVAL_ROW, "test": "assert half(5) == 2"},
            "test defines no check(candidate), so no solution could pass it",
        ),
        (
            "humaneval",
            {**HUMANEVAL_ROW, "test": "def check(candidate):\n    candidate(5)\n    assert True\n"},
            "test asserts nothing, so any solution would pass it",
        ),
        ("humaneval", {**HUMANEVAL_ROW, "task_id": " "}, "task_id is empty"),
        ("mbpp", {**MBPP_ROW, "code": "def double(n)"}, "code is not Python: expected ':', line 1"),
        (
            "mbpp",
            {**MBPP_ROW, "test_list": ["assert ("]},
            "test_list is not Python: '(' was never closed, line 1",
        ),
        ("mbpp", {**MBPP_ROW, "test_list": []}, "the tests use nothing that the reference code defines"),
        (
            "mbpp",
            {**MBPP_ROW, "test_setup_code": "a b"},
            "test_setup_code is not Python: invalid syntax, line 1",
        ),
    ],
)
def test_rows_that_make_no_task(file, name, row, said):
    path = file("a.jsonl", jsonl([row]))
    assert error(path, name) == f"{path}, row 1 ({row['task_id']}): {said}"


def test_an_unknown_split_names_the_known_ones(file):
    path = file("a.jsonl", jsonl([HUMANEVAL_ROW]))
    assert error(path, split="train") == "humaneval has no split 'train'; its splits are test"
    assert error(path, "mbpp", split="dev") == (
        "mbpp has no split 'dev'; its splits are test, train, validation, prompt, all"
    )


def test_a_split_without_rows(file):
    path = file("a.jsonl", jsonl([MBPP_ROW]))
    assert error(path, "mbpp", split="train") == (
        f"{path} has no task of the split 'train' (task_id 601 to 974); --mcode-split=all takes every row"
    )


def test_a_local_file_has_no_revision(file):
    path = file("a.jsonl", jsonl([HUMANEVAL_ROW]))
    assert (
        error(path, revision="main")
        == f"{path} is a local file, which has no revision: leave one of them out"
    )


def test_parquet_with_damage_in_the_middle(tmp_path):
    path = tmp_path / "a.parquet"
    rows = [{**HUMANEVAL_ROW, "task_id": f"HumanEval/{number}"} for number in range(500)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    assert error(path).startswith(str(path))
