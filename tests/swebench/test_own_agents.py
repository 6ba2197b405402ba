"""Agents of somebody else's, over `mcode_task`."""

import importlib.util
import json
import shutil
import subprocess
import sys

import pytest

from ..servers import OpenAIServer, Reply
from ..session_support import SMOKE, rows
from ..test_examples import EXAMPLES
from . import instance
from .test_sessions import SWEBENCH, task_file

__all__ = ["task_file"]

NONE = (*SWEBENCH, "--mcode-backend=none", "--mcode-dataset=rows.jsonl")
HAS_MINI = importlib.util.find_spec("minisweagent") is not None


@pytest.mark.docker
def test_commands_and_files_of_a_repository(pytester, task_file):
    pytester.makepyfile(
        test_own="""
        import pytest

        def test_own(mcode_task):
            assert mcode_task.diff() == ""
            assert "numbers[1:]" in mcode_task.run("cat sums/core.py; cd /; X=1").output
            step = mcode_task.run("pwd; echo [$X]; kill -11 $$")
            assert (step.status, step.output) == (139, "/testbed\\n[]\\n")
            assert mcode_task.run("sleep 30", seconds=1).status == 124
            assert len(mcode_task.run("seq 200000").output) > 10**6
            with pytest.raises(FileNotFoundError, match="sums/gone.py"):
                mcode_task.read("sums/gone.py")
            with pytest.raises(OSError, match="sums can't be written"):
                mcode_task.write("sums", "x")
            mcode_task.run("printf '\\\\377' > odd; git add odd")
            mcode_task.write("odd", mcode_task.read("odd") + "x")
            assert mcode_task.run("od -An -tx1 odd; rm odd; git reset -q").output == " ff 78\\n"
            mcode_task.write("deep/new.txt", "x")
            mcode_task.run("rm -r deep")
            text = mcode_task.read("sums/core.py")
            mcode_task.write("sums/core.py", text.replace("[1:]", "[2:]"))
            assert not mcode_task.judge(mcode_task.diff()).passed
            mcode_task.write("sums/core.py", text.replace("[1:]", ""))
            assert mcode_task.judge(mcode_task.diff(), extra={"ended": "done", "price": 0.5}).passed
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "test_own.py")
    assert result.ret == 0, result.stdout.str()
    found = rows(pytester, "SELECT verdict, solution, extra FROM attempts ORDER BY iteration")
    assert [row[0] for row in found] == ["unresolved", "passed"]
    assert found[1][1] == instance.gold()
    first, second = (json.loads(row[2]) for row in found)
    assert first["agent"] == "own"
    assert first["steps"][1]["status"] == 139
    assert "numbers[1:]" in first["steps"][0]["output"]
    assert [each["write"] for each in second["steps"]] == ["sums/core.py"]
    assert (second["ended"], second["price"]) == ("done", 0.5)


@pytest.mark.docker
def test_a_container_that_is_lost_or_ended_is_replaced(pytester, task_file):
    pytester.makepyfile(
        test_own="""
        import os, subprocess

        def containers():
            form = '{{.ID}} {{.Label "pytest-mcode.process"}}'
            listed = subprocess.run(["docker", "ps", "--format", form], capture_output=True, text=True).stdout
            return [line.split()[0] for line in listed.splitlines() if f" {os.getpid()} " in f"{line} "]

        def test_own(mcode_task):
            mcode_task.run("echo one > one")
            mcode_task.write("two", "two")
            (first,) = containers()
            subprocess.run(["docker", "rm", "-f", first], check=True)
            assert mcode_task.run("cat one two").output == "one\\ntwo"
            (second,) = containers()
            subprocess.run(["docker", "pause", second], check=True)
            assert mcode_task.read("two") == "two"
            (third,) = containers()
            assert len({first, second, third}) == 3
            ended = mcode_task.run(":(){ :|:& }; : & while true; do sleep 100 & done", seconds=1)
            assert ended.status != 0
            for _ in range(3):
                mcode_task.run("for i in {1..30}; do (sleep 0.1 &); done; sleep 0.5")
            assert mcode_task.run("cat one two").output == "one\\ntwo"
            mcode_task.run("rm one two; sed -i 's/.1:.//' sums/core.py")
            mcode_task.judge(mcode_task.diff())
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "--mcode-pids-limit=64", "test_own.py")
    assert result.ret == 0, result.stdout.str()


def test_functions_have_no_files_to_work_in(pytester):
    pytester.makepyfile(test_own="def test_own(mcode_task): mcode_task.run('ls')")
    result = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=none", "--mcode-limit=1", "test_own.py")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*functions have no files to work in: run(), read(), write() and diff()*"])


@pytest.mark.docker
@pytest.mark.skipif(not HAS_MINI, reason="mini-swe-agent is not installed (pip install --group examples)")
def test_mini_swe_agent_itself(pytester, task_file, monkeypatch):
    commands = (
        "grep -n numbers sums/core.py",
        "sed -i 's/\\[1:\\]//' sums/core.py",
        "git diff -- sums/core.py > patch.txt",
        "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt",
    )

    def reply(number, command):
        function = {"name": "bash", "arguments": json.dumps({"command": command})}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        return Reply("THOUGHT: on it", message={"tool_calls": [call]}, finish="tool_calls")

    shutil.copytree(EXAMPLES / "mini_swe_agent", pytester.path, dirs_exist_ok=True)
    with OpenAIServer([reply(*each) for each in enumerate(commands)]) as server:
        for name, value in {
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": "none-needed",
            "MSWEA_MODEL_NAME": f"openai/{server.model}",
            "MSWEA_COST_TRACKING": "ignore_errors",
            "MSWEA_SILENT_STARTUP": "1",
            "MSWEA_GLOBAL_CONFIG_DIR": str(pytester.path / "mini"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }.items():
            monkeypatch.setenv(name, value)
        command = [sys.executable, "-m", "pytest", *NONE, "--mcode-model=m", "test_mini_swe_agent.py"]
        done = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    ((verdict, solution, extra),) = rows(pytester, "SELECT verdict, solution, extra FROM attempts")
    assert (verdict, solution) == ("passed", instance.gold())
    told = json.loads(extra)
    assert [step["command"] for step in told["steps"]] == list(commands)
    assert (told["ended"], told["calls"], told["agent"]) == ("Submitted", 4, "own")
    assert "7:    for number in numbers[1:]:" in server.requests[1]["messages"][-1]["content"]
