"""Whole sessions over repositories: real containers, real wire protocols."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.swebench import SWEBENCH_LITE
from pytest_mcode.harnesses.repositories.packing import unpacked

from ..servers import HANG, OllamaServer, OpenAIServer, Reply, status
from ..session_support import needs_data, rows
from . import instance
from .attempts import core

SWEBENCH = ("--mcode-benchmark=swebench-lite", "--mcode-db=results.db")
GOLD = (*SWEBENCH, "--mcode-backend=gold", "--mcode-dataset=rows.jsonl")
ATTEMPTS = (
    "SELECT sample, iteration, attempts.verdict, public_verdict, solution, messages, attempts.extra "
    "FROM tasks JOIN attempts ON attempts.task = tasks.id ORDER BY sample, iteration"
)
RIGHT = """\
The loop skips the first number.

sums/core.py
<<<<<<< SEARCH
    for number in numbers[1:]:
=======
    for number in numbers:
>>>>>>> REPLACE
"""
BREAKING = RIGHT.replace("in numbers:", "in numbers[:-1]:")
SERVERS = {"ollama": OllamaServer, "openai": OpenAIServer}


@pytest.fixture
def task_file(pytester, image):
    write_rows(pytester, instance.row())
    return "rows.jsonl"


@pytest.fixture(params=["ollama", "openai"])
def backend(request):
    return request.param


def write_rows(pytester, *found):
    lines = "".join(json.dumps(each) + "\n" for each in found)
    pytester.path.joinpath("rows.jsonl").write_text(lines)


def ask(pytester, backend, server, *arguments):
    return pytester.runpytest_subprocess(*asking(backend, server), *arguments)


def asking(backend, server):
    return (
        *SWEBENCH,
        "--mcode-dataset=rows.jsonl",
        f"--mcode-backend={backend}",
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-retries=0",
        "--mcode-timeout=60",
    )


@pytest.mark.docker
@pytest.mark.parametrize("workers", ["0", "2"])
def test_gold_resolves_and_bad_images_are_infra(pytester, task_file, workers):
    again = instance.row(instance_id="acme__sums-2")
    gone = instance.row(instance_id="acme__sums-3", image="127.0.0.1:1/sweb.eval.x86_64.gone:latest")
    write_rows(pytester, instance.row(), again, gone)
    result = pytester.runpytest_subprocess(*GOLD, "-n", workers, "--mcode-image-cache=60g")
    assert result.ret == 1
    assert rows(pytester, "SELECT task_id, status FROM tasks ORDER BY 1") == [
        ("acme__sums-1", "solved"),
        ("acme__sums-2", "solved"),
        ("acme__sums-3", "infra"),
    ]
    result.stdout.fnmatch_lines(
        ["*image 1/1: image 127.0.0.1:1/*is missing and can't be pulled*", "*1 x image 127.0.0.1:1/*missing*"]
    )
    ((environment,),) = rows(pytester, "SELECT environment FROM runs")
    sandbox = json.loads(environment)["sandbox"]
    assert sandbox["platform"] == "linux/amd64"
    assert sandbox["network"] is False
    assert sandbox["limits"]["memory"] == 4 * 2**30


@pytest.mark.docker
def test_one_completion_a_sample_repaired_by_public_feedback(pytester, backend, task_file):
    unfit = RIGHT.replace("numbers[1:]", "numbers[2:]")
    with SERVERS[backend]([unfit, BREAKING, RIGHT]) as server:
        result = ask(pytester, backend, server, "--mcode-debug-iters=3")
    assert result.ret == 0
    found = rows(pytester, ATTEMPTS)
    assert [row[2:4] for row in found] == [
        ("apply_failed", "apply_failed"),
        ("unresolved", "unresolved"),
        ("passed", "passed"),
    ]
    assert found[2][4] == instance.gold().replace("index 3c5365d..7ca7ee3 100644\n", "")
    opening, _, unfit_said, _, breaking_said = json.loads(found[2][5])
    assert "    7 |     for number in numbers[1:]:" in opening["content"]
    assert "do not occur in sums/core.py" in unfit_said["content"]
    assert "test_with_zero_first" in breaking_said["content"]
    everything = json.dumps(server.requests)
    assert "test_first_counts" not in everything
    assert "SECRET-HINT" not in everything


@pytest.mark.docker
def test_a_failing_test_of_the_repository_does_not_overrule_a_right_patch(pytester, task_file):
    write_rows(pytester, instance.outdated_row())
    right = 'sums/names.py\n<<<<<<< SEARCH\n    return name.upper() + "!"\n=======\n'
    right += '    return name.upper() + "!!"\n>>>>>>> REPLACE\n'
    with OllamaServer([right, "I give up."]) as server:
        result = ask(pytester, "ollama", server, "--mcode-debug-iters=1")
    assert result.ret == 0
    assert [row[2:4] for row in rows(pytester, ATTEMPTS)] == [
        ("passed", "unresolved"),
        ("no_solution", "no_solution"),
    ]
    assert "assert shout('a') == 'A!'" in server.requests[1]["messages"][-1]["content"]
    counted = "SELECT status, samples, samples_passed, verdict FROM tasks"
    assert rows(pytester, counted) == [("solved", 1, 1, "passed")]
    mcode = [sys.executable, "-m", "pytest_mcode.cli"]
    figures = pytester.run(*mcode, "results", "--pass-at=1", "--json", "--db=results.db")
    (at,) = json.loads(figures.stdout.str())[0]["pass_at"]
    assert (at["rate"], at["rate_after_repair"]) == (1.0, 1.0)
    done = pytester.run(*mcode, "export", "latest", "--format=predictions", "--db=results.db")
    assert '!!\\"' in json.loads(done.outlines[0])["model_patch"].replace('"', '\\"')


@pytest.mark.docker
def test_without_retrieval_the_model_sees_names_alone(pytester, task_file):
    with OllamaServer("no idea") as server:
        ask(pytester, "ollama", server, "--no-mcode-retrieval")
        ask(pytester, "ollama", server, "--mcode-retrieval-source=oracle")
    names, oracle = (body["messages"][0]["content"] for body in server.requests)
    assert "sums/: __init__.py, core.py, names.py" in names
    assert "numbers[1:]" not in names
    assert "[start of sums/core.py]" in oracle
    assert "shout" not in oracle
    assert [row[2] for row in rows(pytester, ATTEMPTS)] == ["no_solution", "no_solution"]


def fenced(command):
    return Reply(f"Next:\n```bash\n{command}\n```\n", prompt_tokens=10, completion_tokens=5)


def called(backend, command):
    arguments = {"command": command}
    call = {"function": {"name": "bash", "arguments": arguments}}
    if backend == "openai":
        function = {"name": "bash", "arguments": json.dumps(arguments)}
        call = {"id": "call_1", "type": "function", "function": function}
    return Reply("", message={"tool_calls": [call]}, prompt_tokens=10, completion_tokens=5)


COMMANDS = (
    "cat sums/core.py; cd sums; git log --all --format=%s",
    "pwd; sed -i 's/numbers\\[1:\\]/numbers/' sums/core.py; (sleep 100 &)",
    "git diff -- sums/core.py > patch.txt; pytest -q; head -c 30000 /dev/zero | tr '\\0' x; kill -SEGV $$",
    "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt",
)


@pytest.mark.docker
@pytest.mark.parametrize("with_tools", [True, False])
def test_the_bash_agent_resolves(pytester, backend, task_file, with_tools):
    def script(body):
        if body.get("tools") and not with_tools:
            return status(400, message="this model does not support tools")
        command = COMMANDS[(len(body["messages"]) - 2) // 2]
        return called(backend, command) if with_tools else fenced(command)

    with SERVERS[backend](script) as server:
        result = ask(pytester, backend, server, "--mcode-agent=bash")
    assert result.ret == 0, result.stdout.str()
    ((_, _, verdict, public, solution, messages, extra),) = rows(pytester, ATTEMPTS)
    assert (verdict, public) == ("passed", None), "nobody reads what public tests say"
    assert solution == instance.gold()
    turns = json.loads(messages)
    seen = [turn["content"] for turn in turns if turn["role"] == ("tool" if with_tools else "user")][-3:]
    if with_tools:
        assert turns[3]["tool_call_id"] == turns[2]["tool_calls"][0]["id"]
        seen = [turn["content"] for turn in turns if turn["role"] == "tool"][:3]
    assert "for number in numbers[1:]:" in seen[0]
    assert "Count the first number" not in seen[0], "history after the base commit"
    assert seen[1].startswith("<returncode>0</returncode>\n<output>\n/testbed")
    assert seen[2].startswith("<returncode>139</returncode>")
    assert "bytes left out: write the output to a file" in seen[2]
    assert len(seen[2]) < 11_000
    steps = json.loads(extra)["steps"]
    assert [(step["command"], step["status"]) for step in steps] == list(
        zip(COMMANDS, (0, 0, 139, 0), strict=True)
    )
    assert (json.loads(extra)["ended"], json.loads(extra)["scratch"]) == ("submitted", ["patch.txt"])
    assert rows(pytester, "SELECT prompt_tokens, completion_tokens FROM attempts") == [(40, 20)]


@pytest.mark.docker
def test_the_bash_agent_goes_on_after_feedback_and_stops_at_its_limits(pytester, task_file):
    break_it = fenced("sed -i 's/\\[1:\\]/[:-1]/' sums/core.py")
    mend_it = fenced("sed -i 's/\\[:-1\\]//' sums/core.py")
    with OllamaServer([break_it, fenced("submit"), mend_it, fenced("true")]) as server:
        budget = ("--mcode-agent=mini", "--mcode-debug-iters=1", "--mcode-max-steps=2")
        result = ask(pytester, "ollama", server, *budget, "--mcode-judge-unsubmitted")
    assert result.ret == 0
    found = rows(pytester, ATTEMPTS)
    assert [row[2] for row in found] == ["unresolved", "passed"]
    roles = [turn["role"] for turn in json.loads(found[1][5])]
    assert roles[3:7] == ["user", "assistant", "user", "assistant"]
    assert [json.loads(row[6])["ended"] for row in found] == ["submitted", "step limit"]
    with OllamaServer("I do not know any commands.") as server:
        ask(pytester, "ollama", server, "--mcode-agent=bash", "--mcode-db=idle.db")
    ((_, _, verdict, _, _, _, extra),) = rows(pytester, ATTEMPTS, "idle.db")
    assert (verdict, json.loads(extra)["ended"]) == ("no_solution", "no command")
    assert len(server.requests) == 3
    with OllamaServer([break_it, mend_it]) as server:
        ask(pytester, "ollama", server, "--mcode-agent=bash", "--mcode-max-steps=1", "--mcode-db=limit.db")
    message = "SELECT verdict, message FROM attempts"
    assert rows(pytester, message, "limit.db") == [
        ("no_solution", "it reached its limit of 1 answers (--mcode-max-steps) before it submitted")
    ]


@pytest.mark.docker
def test_what_an_agent_did_is_told_and_its_price_is_a_limit(pytester, task_file):
    mend = "sed -i 's/\\[1:\\]//' sums/core.py"
    mend_it = fenced(mend)
    priced = ("--mcode-agent=mini", "--mcode-price=1000000,0", "--mcode-max-price=15")
    with OllamaServer([fenced("ls"), mend_it, fenced("submit")]) as server:
        result = ask(pytester, "ollama", server, *priced)
    assert result.ret == 1
    ended = "agent      2.0 steps an attempt; ended: price limit 1"
    result.stdout.fnmatch_lines(["mcode: *; * agent mini (up to 250 steps), sandbox docker *", ended])
    message = "it reached its limit of 15 (--mcode-max-price) before it submitted"
    assert rows(pytester, "SELECT verdict, message FROM attempts") == [("no_solution", message)]
    with OllamaServer([fenced("ls; pwd"), mend_it, fenced("submit")]) as server:
        result = ask(pytester, "ollama", server, "--mcode-agent=mini", "--mcode-price=1000000,0")
    assert result.ret == 0, result.stdout.str()
    mcode = [sys.executable, "-m", "pytest_mcode.cli"]
    latest = ("latest", "--db=results.db")
    told = json.loads(pytester.run(*mcode, "results", "--latest", "--json", "--db=results.db").stdout.str())
    did = {"agents": ["mini"], "attempts": 1, "steps": 2.0, "ended": {"submitted": 1}}
    assert told[0]["agent"] == did
    pytester.run(*mcode, "show", *latest).stdout.fnmatch_lines(["*agent*mini: 2*ended: submitted 1*"])
    table = pytester.run(*mcode, "export", *latest, "--format=csv").outlines
    (line,) = csv.DictReader(table)
    assert (line["agent"], line["steps"], line["ended"]) == ("mini", "2", "submitted")
    (theirs,) = pytester.run(*mcode, "export", *latest, "--format=sweagent").outlines
    saved = json.loads(theirs)
    assert [step["action"] for step in saved["trajectory"]] == ["ls; pwd", mend, ""]
    assert "sums\ntests\n/testbed" in saved["trajectory"][0]["observation"]
    assert saved["info"]["exit_status"] == "submitted"
    assert saved["info"]["submission"] == instance.gold()
    stats = {"instance_cost": 30.0, "tokens_sent": 30, "tokens_received": 15, "api_calls": 3}
    assert saved["info"]["model_stats"] == stats
    assert [each["message_type"] for each in saved["history"]][:2] == ["system_prompt", "observation"]
    assert pytester.run(*mcode, "report", *latest, "-o", "report.html").ret == 0
    page = pytester.path.joinpath("report.html").read_text()
    assert '<td>2 steps <span class="span">submitted 1</span></td>' in page
    (minis,) = pytester.run(*mcode, "export", *latest, "--format=trajectories").outlines
    assert json.loads(minis)["info"]["model_stats"] == {"instance_cost": 30.0, "api_calls": 3}


@pytest.mark.docker
def test_attempts_of_the_bash_agent_are_taken_up(pytester, task_file):
    break_it = fenced("sed -i 's/\\[1:\\]/[:-1]/' sums/core.py; echo new > sums/new.txt")
    mend_it = fenced("cat sums/new.txt && rm sums/new.txt && sed -i 's/\\[:-1\\]//' sums/core.py")
    more = ("--mcode-agent=bash", "--mcode-debug-iters=1")
    with OllamaServer([break_it, fenced("submit"), HANG, mend_it, fenced("submit")]) as server:
        command = [sys.executable, "-m", "pytest", *asking("ollama", server), *more]
        session = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.DEVNULL)
        wait_until(lambda: len(server.requests) == 3)
        session.kill()
        session.wait()
        result = ask(pytester, "ollama", server, *more, "--mcode-resume")
    assert result.ret == 0, result.stdout.str()
    assert server.requests[3] == server.requests[2], "the conversation went on where it was cut"
    found = rows(pytester, ATTEMPTS)
    assert [row[2] for row in found] == ["unresolved", "passed"]
    assert found[1][4] == instance.gold()
    assert [len(json.loads(row[6])["steps"]) for row in found] == [1, 1]


@pytest.mark.docker
@pytest.mark.parametrize("verb", ["rm -f", "pause"])
def test_no_step_is_lost_to_an_error_and_a_container_taken_away_is_replaced(pytester, task_file, verb):
    mend_it = fenced("sed -i 's/\\[1:\\]//' sums/core.py")
    killing = fenced("kill -9 1; kill -9 -1; true")
    served = []
    own = f"{instance.image()}-{os.getpid()}"
    subprocess.run(["docker", "tag", instance.image(), own], check=True)
    write_rows(pytester, instance.row(image=own))

    def take_it_away(body):
        served.append(body)
        if len(served) == 4:
            listed = ["docker", "ps", "--format", "{{.Image}} {{.ID}}"]
            listing = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
            found = [line.split()[1] for line in listing.splitlines() if line.startswith(f"{own} ")]
            subprocess.run(["docker", *verb.split(), *found], capture_output=True, check=False)
        return (mend_it, killing, status(500), fenced("cat sums/core.py"), fenced("submit"))[len(served) - 1]

    with OllamaServer(take_it_away) as server:
        assert ask(pytester, "ollama", server, "--mcode-agent=mini").ret == 1
        assert rows(pytester, "SELECT status FROM tasks") == [("infra",)]
        result = ask(pytester, "ollama", server, "--mcode-agent=mini", "--mcode-resume")
        assert result.ret == 0, result.stdout.str()
    subprocess.run(["docker", "rmi", own], capture_output=True, check=True)
    assert served[3]["messages"] == served[2]["messages"], "the conversation went on where it was cut"
    ((_, _, verdict, _, solution, messages, extra),) = rows(pytester, ATTEMPTS)
    assert (verdict, solution) == ("passed", instance.gold())
    told = json.loads(extra)
    assert [step["status"] for step in told["steps"]] == [0, 137, 0]
    assert len(told["answers"]) == 4
    assert "for number in numbers:" in json.loads(messages)[-2]["content"]


@pytest.mark.docker
def test_a_killed_session_leaves_no_container(pytester, task_file):
    sleeping = 'import subprocess\n    subprocess.Popen(["sleep", "98765"])\n    while True: pass'
    hanging = core(instance.FIXED.replace("result = 0", sleeping))
    write_rows(pytester, instance.row(patch=hanging))
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", *GOLD], cwd=pytester.path, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: any("sleep 98765" in processes_in(each) for each in ours(session.pid)), 180)
        os.kill(session.pid, signal.SIGKILL)
        session.wait()
        wait_until(lambda: ours(session.pid) == [])
    finally:
        session.kill()


def ours(pid):
    form = '{{.ID}} {{.Label "pytest-mcode.process"}}'
    found = subprocess.run(
        ["docker", "ps", "-a", "--format", form], capture_output=True, text=True, check=True
    )
    return [line.split()[0] for line in found.stdout.splitlines() if f" {pid} " in line]


def processes_in(container):
    """What runs in it; nothing where it is not started yet, or gone."""
    return subprocess.run(["docker", "top", container], capture_output=True, text=True).stdout


def wait_until(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(("split", "count", "django"), [("test", 300, 114), ("dev", 23, 0)])
def test_every_row_of_the_dataset_is_collected_with_its_mark(pytester, split, count, django):
    path = needs_data(f"SWE-bench_Lite-{split}.parquet")
    arguments = (
        f"--mcode-dataset={path}",
        f"--mcode-split={split}",
        "--collect-only",
        "-q",
        "--strict-markers",
    )
    result = pytester.runpytest_subprocess(*SWEBENCH, "--mcode-backend=gold", *arguments)
    assert result.ret == 0
    assert result.stdout.str().count("swebench-lite::test_task[") == count
    chosen = pytester.runpytest_subprocess(*SWEBENCH, "--mcode-backend=gold", *arguments, "-m", "django")
    assert chosen.stdout.str().count("swebench-lite::test_task[django__django-") == django


def test_swebench_is_imported_for_nothing_but_judging(pytester):
    path = needs_data("SWE-bench_Lite-dev.parquet")
    pytester.makeconftest(
        """
        import sys
        def pytest_unconfigure():
            assert not {"swebench", "bm25s", "docker", "mellea"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess(
        *SWEBENCH, "--mcode-backend=gold", f"--mcode-dataset={path}", "--collect-only", "-q"
    )
    assert result.ret == 0


@pytest.mark.parametrize(
    ("changes", "arguments", "message"),
    [
        ({"image": None}, (), "*rows.jsonl (for swebench-lite): row 1: image must be text*"),
        ({"FAIL_TO_PASS": "[not json"}, (), "*row 1 (acme__sums-1): FAIL_TO_PASS is not JSON*"),
        ({"image": ""}, (), "*row 1 (acme__sums-1): image '' is no name of an image: lower case, as *"),
        ({"image": "Acme/Sums:1"}, (), "*row 1 (acme__sums-1): image 'Acme/Sums:1' is no name of an image*"),
        ({"eval_type": "pass"}, (), "*(acme__sums-1): eval_type 'pass' is none of pass_and_fail, fail_only"),
        ({"eval_script": "true"}, (), "*(acme__sums-1): eval_script must hold the marks '>>>>> Start Test *"),
        ({"FAIL_TO_PASS": "[]"}, (), "*(acme__sums-1): FAIL_TO_PASS is empty: nothing would tell a patch*"),
        ({"version": None}, (), "*rows.jsonl (for swebench-lite): row 1: version must be text, not None*"),
        ({"version": " "}, (), "*(acme__sums-1): version is empty"),
        ({"base_commit": "main"}, (), "*(acme__sums-1): base_commit 'main' is no commit's hash"),
        ({}, ("--mcode-task=acme__sums-9",), "*no task 'acme__sums-9' in *; near ones: acme__sums-1"),
        ({}, ("--mcode-image=python:3",), "*--mcode-image: swebench-lite has an image of its own*"),
        ({}, ("--mcode-sandbox=process",), "--mcode-sandbox=process: a repository's tests need its own *"),
        ({}, ("--mcode-agent=bash",), "*--mcode-agent=bash: gold types no commands*"),
        ({}, ("--mcode-max-price=1",), "--mcode-max-price: it bounds an agent by what its model costs: *"),
        ({}, ("--mcode-image-cache=60",), "*--mcode-image-cache: '60' is not *; give a size such as *"),
        ({}, ("--mcode-image-cache=60g", "--mcode-rootfs=.", "--mcode-sandbox=bubblewrap"), "*no images*"),
        ({}, ("--mcode-arch=sparc",), "*--mcode-arch: 'sparc' is not *; give one of auto, x86_64, arm64"),
        ({}, ("--mcode-force-rebuild",), "--mcode-force-rebuild: only with --mcode-task-repo *"),
        ({}, ("--mcode-split=train",), "*swebench-lite has no split 'train'; its splits are test, dev"),
    ],
)  # fmt: skip
def test_bad_input_is_said_in_one_message(pytester, changes, arguments, message):
    write_rows(pytester, instance.row(**changes))
    result = pytester.runpytest_subprocess(*GOLD, *arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


@pytest.mark.docker
def test_a_log_that_could_not_be_read_is_said_before_anything_runs(pytester, task_file):
    write_rows(pytester, instance.row(log_parser="parse_log_pitest"))
    result = pytester.runpytest_subprocess(*GOLD)
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: acme__sums-1: log_parser: swebench 5.* has no parser 'parse_log_pitest'; near ones: *"]
    )


def test_rows_of_an_older_swebench_are_refused_with_the_way_out(pytester):
    new = ("image", "eval_script", "log_parser", "eval_type")
    write_rows(pytester, {name: value for name, value in instance.row().items() if name not in new})
    result = pytester.runpytest_subprocess(*GOLD)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: *row 1 lacks image, eval_script, *--mcode-dataset=PATH)*"])


def test_options_of_repositories_are_refused_elsewhere(pytester):
    result = pytester.runpytest_subprocess(
        "--mcode-benchmark=smoke", "--mcode-backend=gold", "--mcode-network"
    )
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-network: smoke has functions to write, no repositories*"])


@pytest.mark.docker
def test_predictions_are_exported_as_judged_read_by_swebench_and_judged_again(pytester, task_file):
    mixed = instance.change(**{"tests/test_core.py": "x = 1\n"}) + instance.gold()
    write_rows(pytester, instance.row(patch=mixed))
    assert pytester.runpytest_subprocess(*GOLD).ret == 0
    ((_, _, _, _, solution, _, extra),) = rows(pytester, ATTEMPTS)
    assert solution.strip() == mixed.strip()
    told = json.loads(extra)
    assert told["left_out"] == ["tests/test_core.py"]
    assert told["tests"] == {
        "FAIL_TO_PASS": {"tests": 1, "failed": []},
        "PASS_TO_PASS": {"tests": 2, "failed": []},
    }
    assert "3 passed" in unpacked(told["log"])
    mcode = [sys.executable, "-m", "pytest_mcode.cli"]
    (run_id,) = rows(pytester, "SELECT run_id FROM runs")[0]
    done = pytester.run(*mcode, "export", run_id, "--format=predictions", "--db=results.db")
    pytester.path.joinpath("predictions.jsonl").write_text("\n".join(filter(None, done.outlines)))
    read = "from swebench.harness.utils import get_predictions_from_file as read; "
    seen = pytester.run(sys.executable, "-c", f"{read}print(read('predictions.jsonl', 'd', 's'))")
    assert "sums/core.py" in seen.stdout.str()
    assert "tests/test_core.py" not in seen.stdout.str()
    assert "'model_name_or_path': 'gold'" in seen.stdout.str()
    replay = ("--mcode-backend=replay", "--mcode-replay=predictions.jsonl", "--mcode-db=again.db")
    result = pytester.runpytest_subprocess(*GOLD, *replay)
    assert result.ret == 0
    assert rows(pytester, "SELECT status FROM tasks", "again.db") == [("solved",)]


@pytest.mark.docker
def test_the_name_of_a_model_survives_replay_and_a_file_is_called_what_it_is(pytester, task_file):
    prediction = {"instance_id": "acme__sums-1", "model_name_or_path": "qwen", "model_patch": instance.gold()}
    pytester.path.joinpath("p.jsonl").write_text(json.dumps(prediction))
    replay = (*SWEBENCH, "--mcode-backend=replay", "--mcode-dataset=rows.jsonl")
    result = pytester.runpytest_subprocess(*replay, "--mcode-replay=p.jsonl")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["mcode: rows.jsonl@*", "*= mcode: rows.jsonl@*", "model      qwen (replay)"])
    assert pytester.runpytest_subprocess(*replay, "--mcode-replay=latest").ret == 0
    found = rows(pytester, "SELECT benchmark, model FROM runs")
    assert found == [("rows.jsonl", "qwen"), ("rows.jsonl", "qwen")]
    mcode = [sys.executable, "-m", "pytest_mcode.cli"]
    done = pytester.run(*mcode, "export", "latest", "--format=predictions", "--db=results.db")
    assert json.loads(done.outlines[0])["model_name_or_path"] == "qwen"
    for split in ("test", "dev"):
        path = str(needs_data(f"SWE-bench_Lite-{split}.parquet"))
        assert SWEBENCH_LITE.load(Source(dataset=path, split=split)).name == "", "that is what it is"


@pytest.mark.docker
def test_a_run_goes_on_in_the_images_that_it_had(pytester, task_file):
    own = f"{instance.image()}-{os.getpid()}"
    subprocess.run(["docker", "tag", instance.image(), own], check=True)
    gone = instance.row(instance_id="acme__sums-3", image="127.0.0.1:1/sweb.eval.x86_64.gone:latest")
    write_rows(pytester, instance.row(image=own), gone)
    try:
        assert pytester.runpytest_subprocess(*GOLD).ret == 1
        ((extra,),) = rows(pytester, "SELECT extra FROM attempts")
        inspected = ["docker", "image", "inspect", "--format={{.Id}}", own]
        digest = subprocess.run(inspected, capture_output=True, text=True, check=True).stdout.strip()
        assert json.loads(extra)["image"] == digest
        assert pytester.runpytest_subprocess(*GOLD, "--mcode-resume").ret == 1
        subprocess.run(["docker", "tag", instance.BASE_IMAGE, own], check=True)
        result = pytester.runpytest_subprocess(*GOLD, "--mcode-resume")
    finally:
        subprocess.run(["docker", "rmi", own], capture_output=True, check=True)
    assert result.ret == 4
    said = "cannot resume: 1 of the images are not those that the run judged in"
    result.stderr.fnmatch_lines([f"ERROR: {said}: acme__sums-1 ({digest[:19]} there, sha256:*"])


@pytest.mark.docker
def test_what_building_images_needs_is_said(pytester, task_file):
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-task-repo=.")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-task-repo: . has no folder tasks/*"])
    pytester.mkdir("tasks")
    docker = pytester.mkdir("bin") / "docker"
    docker.write_text("#!/bin/sh\nexit 125\n")
    docker.chmod(0o755)
    pytester._monkeypatch.setenv("PATH", f"{docker.parent}:{os.environ['PATH']}")
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-task-repo=.")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-task-repo: *buildx, which is missing: install it*"])


@pytest.mark.docker
@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("Name: swebench\nVersion: 4.1.0\n", "*needs swebench 5, not 4.1.0: pip install*"),
        (None, "*SWE-bench needs the package bm25s: pip install 'pytest-mcode[[]swebench]'"),
    ],
)  # fmt: skip
def test_the_missing_extra_is_said_with_what_installs_it(pytester, task_file, metadata, message):
    if metadata:
        pytester.mkdir("swebench-4.1.0.dist-info").joinpath("METADATA").write_text(metadata)
        pytester._monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    else:
        pytester.makeconftest(
            """
            import importlib.metadata as metadata
            found = metadata.version
            def version(name):
                if name == "bm25s":
                    raise metadata.PackageNotFoundError(name)
                return found(name)
            metadata.version = version
            """
        )
    result = pytester.runpytest_subprocess(*GOLD)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


@pytest.mark.docker
def test_rows_of_swe_rebench_are_judged_and_those_of_others_refused(pytester, image):
    row = instance.row()
    new = ("image", "eval_script", "log_parser", "eval_type")
    plain = {name: value for name, value in row.items() if name not in new}
    config = {"test_cmd": "pytest -rA", "log_parser": "parse_log_pytest", "install": "true", "python": "3.9"}
    lists = {name: json.loads(row[name]) for name in ("FAIL_TO_PASS", "PASS_TO_PASS")}
    meta = {"llm_score": {"difficulty_score": 2, "test_score": 0}, "is_lite": True}
    write_rows(pytester, {**plain, **lists, "docker_image": image, "install_config": config, "meta": meta})
    result = pytester.runpytest_subprocess(*GOLD, "--strict-markers", "-m", "difficulty_2")
    assert result.ret == 0, result.stdout.str()
    ((extra,),) = rows(pytester, "SELECT extra FROM attempts")
    assert json.loads(extra)["tests"]["PASS_TO_PASS"] == {"tests": 2, "failed": []}
    for others in (plain, {**plain, "image_name": image}):
        write_rows(pytester, others)
        refused = pytester.runpytest_subprocess(*GOLD)
        assert refused.ret == 4
        refused.stderr.fnmatch_lines(
            ["ERROR: *row 1 lacks image, eval_script, *SWE-Gym and SWE-smith do not"]
        )
