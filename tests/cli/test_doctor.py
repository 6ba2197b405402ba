"""`mcode doctor` as typed: what it says, in which form, with which exit status."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docker_support import IMAGE, NUMPY_IMAGE, require_image
from tests.servers import OllamaServer, Reply
from tests.session_support import needs_data

Mcode = Callable[..., Any]
PROCESS = ("--sandbox", "process", "--mem-limit", "64m")
FILES = {
    "humaneval": "HumanEval.jsonl.gz",
    "mbpp": "mbpp.jsonl",
    "humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz",
    "mbpp+": "MbppPlus-OriginFmt.jsonl.gz",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(result: Any, check: str) -> list[dict[str, Any]]:
    return [each for each in json.loads(result.out)["findings"] if each["check"] == check]


def only(result: Any, check: str) -> dict[str, Any]:
    (finding,) = findings(result, check)
    return finding


def row(task_id: str, body: str, test: str) -> dict[str, str]:
    """A task in HumanEval's form: to write `double`."""
    return {
        "task_id": task_id,
        "prompt": 'def double(n):\n    """Return twice n.\n\n    >>> double(2)\n    4\n    """\n',
        "entry_point": "double",
        "canonical_solution": f"    {body}\n",
        "test": f"def check(candidate):\n{test}\n",
    }


GOOD = row("T/good", "return 2 * n", "    assert candidate(2) == 4\n    assert candidate(3) == 6")


@pytest.fixture
def write(here: Path) -> Callable[..., Path]:
    """Write rows to a file that `--dataset` takes."""

    def write_rows(*rows: dict[str, str]) -> Path:
        path = here / "own.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in rows))
        return path

    return write_rows


def test_each_finding_is_a_line_and_nothing_is_left_behind(mcode: Mcode, here: Path) -> None:
    result = mcode("doctor", *PROCESS)
    lines = result.out.splitlines()
    assert result.status == 0
    assert lines[0].startswith("ok       versions   Python 3")
    assert f"ok       database   {here}/experiments/results/results.db can be created" in lines
    assert "ok       output     printing 128 MiB where 64 are allowed is stopped" in lines
    assert "ok       time       running on after 0.5 s is stopped" in lines
    said = "warning  sandbox    sandbox `process` is for code that you trust"
    assert any(line.startswith(said) for line in lines)
    assert lines[-1] == "problems: 0, warnings: 1"
    assert list(here.iterdir()) == []


def test_a_terminal_of_80_columns_gets_folded_lines(mcode: Mcode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    result = mcode("doctor", *PROCESS)
    assert max(len(line) for line in result.out.splitlines() if "/" not in line) <= 80
    assert "\n                    → --sandbox docker isolates\n" in result.out


def test_json_holds_what_the_lines_say(mcode: Mcode) -> None:
    result = mcode("doctor", *PROCESS, "--json")
    told = json.loads(result.out)
    assert (told["problems"], told["warnings"]) == (0, 1)
    assert only(result, "output")["data"]["verdict"] == "output_limit"
    assert only(result, "time")["level"] == "ok"
    assert "pytest" in only(result, "versions")["data"]["versions"]


def test_a_database_that_cannot_be_written_is_a_problem(mcode: Mcode, here: Path) -> None:
    (here / "notes.db").write_text("not a database, but long enough to be looked at by SQLite" * 10)
    result = mcode("doctor", *PROCESS, "--db", "notes.db", "--json")
    assert result.status == 1
    assert only(result, "database")["level"] == "problem"
    assert only(result, "database")["message"] == (
        f"--mcode-db/--db: cannot open {here}/notes.db: file is not a database; give another path"
    )


def test_the_ini_file_is_read_as_by_a_session(mcode: Mcode, here: Path) -> None:
    (here / "pytest.ini").write_text("[pytest]\nmcode_sandbox = process\nmcode_db = mine.db\n")
    result = mcode("doctor", "--json")
    assert only(result, "database")["message"] == f"{here}/mine.db can be created"
    assert findings(result, "engine") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--gold"], "--gold: name a benchmark as well, such as `mcode doctor smoke --gold`"),
        (["--limit", "3", "--task", "a"], "--limit, --task: name a benchmark as well, such as"),
        (["smoke", "--repeat", "2"], "--repeat: it repeats what --gold judges; give --gold as well"),
        (["smoke", "--gold", "--repeat", "0"], "--repeat: 0 is not allowed; give a whole number, 1 or more"),
        (["smoek"], "unknown benchmark 'smoek'. Did you mean smoke?"),
        (["--backend", "ollama"], "--mcode-model is needed with --mcode-backend=ollama"),
        (["--mem-limit", "lots"], "--mcode-mem-limit: 'lots' is not allowed; give a size such as 512m or 4g"),
    ],
)
def test_bad_usage_is_one_message(mcode: Mcode, arguments: list[str], message: str) -> None:
    result = mcode("doctor", *PROCESS, *arguments)
    assert (result.status, result.out) == (4, "")
    assert result.err.startswith(f"ERROR: {message}")


def test_a_bad_ini_file_is_one_message(mcode: Mcode, here: Path) -> None:
    (here / "pytest.ini").write_text("[pytest]\nminversion = 99\n")
    result = mcode("doctor")
    assert result.status == 4
    assert "requires pytest-99" in result.err


def test_a_conftest_that_cannot_be_imported_is_one_message(mcode: Mcode, here: Path) -> None:
    (here / "conftest.py").write_text("import not_installed\n")
    result = mcode("doctor", "smoke", "--sandbox", "process")
    assert (result.status, result.out) == (4, "")
    assert result.err == (
        f"ERROR: {here / 'conftest.py'} cannot be imported: ModuleNotFoundError: No module named "
        "'not_installed'; mend it\n"
    )


def test_gold_of_smoke(mcode: Mcode) -> None:
    result = mcode("doctor", "smoke", *PROCESS, "--gold", "--repeat", "2", "--json")
    assert result.status == 0
    assert only(result, "dataset")["data"]["tasks"] == 12
    assert only(result, "gold")["message"] == "12 reference solutions pass, each of 2 times"
    assert only(result, "empty")["message"] == "idle solutions fail on all 12 tasks"


def test_a_benchmark_that_judges_wrongly(mcode: Mcode, write: Callable[..., Path]) -> None:
    # Each attempt takes the next two process ids of its sandbox.
    flip = "    import os\n    assert candidate(1) == 2 and os.getpid() // 2 % 2 == 0"
    rows = [
        GOOD,
        row("T/wrong", "return n", "    assert candidate(2) == 4"),
        row("T/lax", "return 2 * n", "    candidate(2)\n    assert 1 < 2"),
        row("T/flaky", "return 2 * n", flip),
        row("T/slow", "import time; time.sleep(1.3); return 2 * n", "    assert candidate(2) == 4"),
        row("T/no-python", "return 2 * n", "    assert candidate(2) =! 4"),
    ]
    result = mcode(
        "doctor",
        "humaneval",
        *PROCESS,
        "--dataset",
        write(*rows),
        "--gold",
        "--repeat",
        2,
        "--timeout",
        2,
        "--json",
    )
    assert result.status == 1
    told = {(each["check"], each["level"]): each for each in json.loads(result.out)["findings"]}
    assert told["tests", "problem"]["items"] == ["T/no-python: invalid syntax"]
    failed, unjudged = [each for each in findings(result, "gold") if each["level"] == "problem"]
    assert failed["message"] == "1 of 6 reference solutions fail"
    assert [item[:20] for item in failed["items"]] == ["T/wrong (assertion: "]
    assert unjudged["message"] == "1 tasks could not be judged"
    assert [item[:12] for item in unjudged["items"]] == ["T/no-python "]
    (lax,) = told["empty", "problem"]["items"]
    assert lax.startswith("T/lax (return None, return first, return 0, return 1, return -1, return True, ")
    assert told["flaky", "problem"]["items"] == ["T/flaky (passed, assertion, exception)"]
    assert told["slow", "warning"]["items"][0].startswith("T/slow (1.")
    assert all(each["remedy"] for each in told.values() if each["level"] == "problem")


def test_what_idle_solutions_pass_is_named_with_what_they_return(
    mcode: Mcode, write: Callable[..., Path]
) -> None:
    rows = [
        row("T/truthy", "return 2 * n", "    assert candidate(2)"),
        row("T/no-float", "return 2 * n", "    assert abs(candidate(0) - 0.0) < 1e-6"),
        GOOD,
    ]
    result = mcode("doctor", "humaneval", *PROCESS, "--dataset", write(*rows), "--gold", "--json")
    assert result.status == 1
    assert only(result, "empty")["message"] == "2 tasks are passed by a solution that does nothing"
    assert only(result, "empty")["items"] == [
        "T/truthy (return first, return 1, return -1, return True, return [[]])",
        "T/no-float (return first, return 0, return False)",
    ]


def test_a_published_task_that_an_idle_solution_passes_is_a_warning(mcode: Mcode) -> None:
    file = needs_data("mbpp.jsonl")
    tasks = ("--task", "Mbpp/404", "--task", "Mbpp/11")
    result = mcode("doctor", "mbpp", *PROCESS, "--dataset", file, *tasks, "--gold", "--json")
    assert result.status == 0
    warned = only(result, "empty")
    assert warned["level"] == "warning"
    assert warned["message"] == (
        "1 tasks are passed by a solution that does nothing: their tests stay as they are published"
    )
    assert warned["items"] == [
        "Mbpp/404 (return first: the first of two numbers is the lesser one in every assert)"
    ]


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_gold_of_every_benchmark(name: str, mcode: Mcode) -> None:
    image, file = require_image(NUMPY_IMAGE), needs_data(FILES[name])
    result = mcode("doctor", name, "--image", image, "--dataset", file, "--gold", "--json")
    assert result.status == 0
    assert only(result, "gold")["data"]["failed"] == {}
    assert only(result, "empty")["level"] == ("warning" if name == "mbpp" else "ok")


def test_tasks_that_none_can_judge_end_the_trial(mcode: Mcode, write: Callable[..., Path]) -> None:
    rows = [row(f"T/{number}", "return 2 * n", "    assert candidate(2) =! 4") for number in range(5)]
    result = mcode("doctor", "humaneval", *PROCESS, "--dataset", write(*rows), "--gold", "--json")
    assert only(result, "gold")["message"] == (
        "3 tasks could not be judged; the 2 that follow were not tried"
    )


def test_prompts_that_show_the_judging_asserts_are_named(mcode: Mcode, write: Callable[..., Path]) -> None:
    rows = [
        row("T/all", "return 2 * n", "    assert candidate( 2 ) == 4"),
        GOOD,
        row("T/none", "return 2 * n", "    assert candidate(22) == 44"),
        row("T/loop", "return 2 * n", "    for n in range(9):\n        assert candidate(n) == 2 * n"),
    ]
    result = mcode("doctor", "humaneval", *PROCESS, "--dataset", write(*rows), "--json")
    assert [
        (each["level"], each["message"].split(":")[0], each["items"]) for each in findings(result, "overlap")
    ] == [
        ("note", "1 of 4 prompts show every judging assert", ["T/all"]),
        ("note", "1 of 4 prompts show some of the judging asserts", ["T/good"]),
        ("note", "1 of 4 tests hold no assert that could be compared with the prompt", ["T/loop"]),
    ]
    assert result.status == 0


def test_a_dataset_that_is_not_there_is_a_problem(mcode: Mcode) -> None:
    result = mcode("doctor", "humaneval", *PROCESS, "--dataset", "nowhere.jsonl", "--gold", "--json")
    assert result.status == 1
    assert only(result, "dataset")["message"].startswith("no dataset file nowhere.jsonl")
    assert findings(result, "gold") == []


def test_modules_that_the_tests_need_are_looked_for(mcode: Mcode, write: Callable[..., Path]) -> None:
    there = row("T/there", "return 2 * n", "    import pytest\n    assert candidate(2) == 4")
    result = mcode("doctor", "humaneval", *PROCESS, "--dataset", write(there), "--json")
    assert only(result, "modules")["message"] == "this Python has what the tests import: pytest"
    missing = row("T/missing", "return 2 * n", "    import no_such_module\n    assert candidate(2) == 4")
    result = mcode("doctor", "humaneval", *PROCESS, "--dataset", write(missing, there), "--gold", "--json")
    assert only(result, "modules")["message"] == "the tests import no_such_module, which this Python lacks"
    assert only(result, "modules")["remedy"] == "pip install no_such_module"
    assert findings(result, "gold") == []


def test_a_model_is_asked(mcode: Mcode) -> None:
    with OllamaServer(Reply("```python\ndef gap(a, b):\n    return 1\n```", completion_tokens=50)) as server:
        result = mcode("doctor", *PROCESS, "--model", server.model, "--base-url", server.url, "--json")
    assert result.status == 0
    assert "server version 0.13.5" in only(result, "model")["message"]
    assert only(result, "completion")["data"]["completion_tokens"] == 50
    said = "an equal request with an equal seed got an equal answer, another seed another one"
    assert only(result, "seed")["message"] == said
    assert only(result, "context")["level"] == "note"


@pytest.mark.docker
def test_on_a_docker_engine_every_limit_holds(mcode: Mcode) -> None:
    image = require_image(IMAGE)
    result = mcode("doctor", "smoke", "--image", image, "--gold", "--json")
    assert (result.status, result.err) == (0, "")
    levels = {each["check"]: each["level"] for each in json.loads(result.out)["findings"]}
    for check in ("engine", "image", "memory", "pids", "network", "output", "read-only", "time", "gold"):
        assert levels[check] == "ok", check
    assert [each["data"]["verdict"] for each in findings(result, "memory")] == ["memory", "memory"]


@pytest.mark.docker
def test_an_image_that_is_not_there_is_a_problem_and_nothing_is_tried_in_it(mcode: Mcode) -> None:
    require_image(IMAGE)
    result = mcode("doctor", "smoke", "--image", "127.0.0.1:9/no-such-image", "--gold", "--json")
    assert result.status == 1
    assert "name another with --mcode-image" in only(result, "image")["message"]
    assert findings(result, "memory") == findings(result, "gold") == []
    assert only(result, "tasks")["message"] == "not tried: there is no sandbox that works"


@pytest.mark.docker
def test_the_image_must_suit_the_tests(mcode: Mcode, write: Callable[..., Path]) -> None:
    task = row("T/numpy", "return 2 * n", "    import numpy\n    assert candidate(2) == 4")
    arguments = ("humaneval", "--dataset", write(task), "--json")
    plain = mcode("doctor", *arguments, "--image", require_image(IMAGE))
    assert only(plain, "modules")["level"] == "problem"
    assert only(plain, "modules")["remedy"].startswith("`mcode image build` makes an image that has it")
    suited = mcode("doctor", *arguments, "--image", require_image(NUMPY_IMAGE))
    assert (suited.status, only(suited, "modules")["level"]) == (0, "ok")


@pytest.mark.docker
def test_no_engine_is_a_problem_with_its_remedy(mcode: Mcode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    result = mcode("doctor", "--json")
    assert result.status == 1
    assert only(result, "engine")["message"].startswith(
        "no Docker engine at unix:///nowhere/docker.sock: install Docker"
    )
    assert findings(result, "image") == []
