"""Sessions whose workers are on other machines: real sshds in network namespaces."""

import os
import subprocess
import sys

import pytest

from tests.docker_support import IMAGE, require_image
from tests.own_harness import CONFTEST
from tests.servers import OllamaServer, OpenAIServer
from tests.session_support import GOLD, SMOKE, rows
from tests.test_resume import answering, solutions

__all__ = ["solutions"]

ALONE = ("-p", "no:rerunfailures")
"""That plugin reaches its controller on loopback."""
TASKS = "SELECT status, count(*) FROM tasks GROUP BY 1"


def asking(server, *more):
    return (*SMOKE, *ALONE, f"--mcode-backend={server.backend}", f"--mcode-model={server.model}", *more)


@pytest.fixture(params=["ollama", "openai"])
def server(request, solutions):
    kind = {"ollama": OllamaServer, "openai": OpenAIServer}[request.param]
    served = kind(answering(solutions), host="0.0.0.0")
    served.backend = request.param
    with served:
        yield served


VARIABLE = {"ollama": "OLLAMA_HOST", "openai": "OPENAI_BASE_URL"}


def test_workers_ask_the_server_of_the_controllers_environment(pytester, ada, bob, server, monkeypatch):
    monkeypatch.setenv(VARIABLE[server.backend], f"http://{ada.here}:{server.port}")
    monkeypatch.setenv("OPENAI_API_KEY", "from-here")
    result = pytester.runpytest_subprocess(*asking(server, ada.tx(), "--tx=popen"))
    result.assert_outcomes(passed=12)
    assert len(server.requests) == 12
    if server.backend == "openai":
        assert {each["authorization"] for each in server.headers} == {"Bearer from-here"}
    assert "from-here" not in result.stdout.str()


def test_an_address_on_loopback_is_refused_before_the_first_task(pytester, ada, bob, server):
    url = f"http://127.0.0.1:{server.port}"
    result = pytester.runpytest_subprocess(*asking(server, ada.tx(), bob.tx(), f"--mcode-base-url={url}"))
    assert result.ret == 4
    for name in (ada.name, bob.name):
        line = f"mcode: {name} takes no part: --mcode-base-url: {url}* means {name} itself there: give the *"
        result.stdout.fnmatch_lines([line])
    result.stdout.fnmatch_lines(["*in the network, or --mcode-model-here*"])
    assert not server.requests
    mixed = pytester.runpytest_subprocess(*asking(server, ada.tx(), "--tx=popen", f"--mcode-base-url={url}"))
    mixed.assert_outcomes(passed=12)
    mixed.stdout.fnmatch_lines([f"*{ada.name} takes no part*"])


def test_the_model_may_be_asked_from_here_alone(pytester, ada, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "from-here")
    url = f"http://127.0.0.1:{server.port}"
    result = pytester.runpytest_subprocess(
        *asking(server, ada.tx(), f"--mcode-base-url={url}", "--mcode-model-here")
    )
    result.assert_outcomes(passed=12)
    assert len(server.requests) == 12
    if server.backend == "openai":
        assert {each["authorization"] for each in server.headers} == {"Bearer from-here"}


def test_asked_from_here_a_server_that_goes_is_infra_there_too(pytester, ada, solutions):
    def script(body):
        if len(server.requests) > 4:
            server.stop()
        return answering(solutions)(body)

    with OllamaServer(script) as server:
        server.backend = "ollama"
        options = (f"--mcode-base-url={server.url}", "--mcode-model-here", "--mcode-retries=0")
        pytester.runpytest_subprocess(
            *asking(server, ada.tx(), *options, "--mcode-max-infra=99", "--mcode-concurrency=1")
        )
    found = dict(rows(pytester, TASKS))
    assert found["solved"] + found["infra"] == 12
    assert found["infra"] >= 7


def test_model_here_needs_a_server(pytester):
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-model-here")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-model-here: the backend gold tells no address of *"])


def test_another_model_behind_the_same_address_is_refused_with_both_digests(pytester, ada, solutions):
    script = answering(solutions)
    with OllamaServer(script, host="0.0.0.0") as ours, OllamaServer(script, host="0.0.0.0") as other:
        other.DIGEST = "f" * 64
        into = ["-d", ada.here, "-p", "tcp", "--dport", str(ours.port), "-j", "DNAT"]
        nat = ["ip", "netns", "exec", ada.name, "iptables", "-t", "nat"]
        subprocess.run([*nat, "-A", "OUTPUT", *into, "--to", f"{ada.here}:{other.port}"], check=True)
        ours.backend = "ollama"
        result = pytester.runpytest_subprocess(
            *asking(ours, ada.tx(), f"--mcode-base-url=http://{ada.here}:{ours.port}")
        )
        subprocess.run([*nat, "-F", "OUTPUT"], check=True)
    assert result.ret == 2
    assert f"has the digest {'f' * 64} there and {ours.DIGEST} where the session was" in result.stdout.str()
    assert not other.requests


def test_another_version_is_left_out_with_both(pytester, ada):
    other = pytester.path / "there" / "pytest_mcode-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Name: pytest-mcode\nVersion: 9.9.9\n")
    python = pytester.path / "older"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={other.parent} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    result = pytester.runpytest_subprocess(*GOLD, *ALONE, ada.tx(python), "--tx=popen")
    result.assert_outcomes(passed=12)
    result.stdout.fnmatch_lines(
        [f"mcode: {ada.name} takes no part: pytest-mcode is 9.9.9 there and * where the session was *"]
    )


def test_what_only_a_conftest_here_knows_is_one_message_and_no_restart(pytester, ada):
    pytester.makeconftest(CONFTEST)
    benchmark = "--mcode-benchmark=functions-swebench"
    options = (benchmark, "--mcode-sandbox=process", "--mcode-backend=gold", *ALONE)
    result = pytester.runpytest_subprocess(*options, ada.tx(), "--mcode-db=results.db")
    assert result.ret == 4
    told = [line for line in result.outlines if line.startswith(f"mcode: {ada.name} takes no part")]
    assert len(told) == 1
    assert "copy it there, and name the folder: --tx ssh=HOST//chdir=FOLDER" in told[0]
    assert not [line for line in result.outlines if "replacing crashed worker" in line]
    (ada.chdir / "conftest.py").write_text(CONFTEST)
    again = pytester.runpytest_subprocess(*options, ada.tx(), "--mcode-db=results.db")
    (ada.chdir / "conftest.py").unlink()
    assert again.ret == 0


def test_a_python_without_the_package_is_restarted_a_few_times_only(pytester, ada):
    python = pytester.path / "bare"
    hidden = "import sys; sys.modules['pytest_mcode'] = None; exec(sys.argv[-1])"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{hidden}" "$@"\n')
    python.chmod(0o755)
    result = pytester.runpytest_subprocess(*GOLD, *ALONE, ada.tx(python))
    assert result.ret != 0
    assert len([line for line in result.outlines if line.startswith("replacing crashed")]) <= 4


@pytest.mark.docker
def test_the_controller_needs_no_engine_where_nothing_runs_beside_it(pytester, ada, monkeypatch):
    docker = ("--mcode-sandbox=docker", f"--mcode-image={require_image(IMAGE)}")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert "DOCKER_HOST" in os.environ
    result = pytester.runpytest_subprocess(*GOLD, *ALONE, *docker, ada.tx())
    result.assert_outcomes(passed=12)
    beside = pytester.runpytest_subprocess(*GOLD, *ALONE, *docker, ada.tx(), "--tx=popen")
    assert beside.ret == 4
    beside.stderr.fnmatch_lines(["ERROR: *no Docker engine at unix:///nowhere.sock*"])


def test_other_templates_there_are_refused_with_both_hashes(pytester, ada):
    for folder, word in ((pytester.path, "Complete"), (ada.chdir, "Finish")):
        (folder / "own").mkdir(exist_ok=True)
        (folder / "own" / "humaneval.jinja").write_text(f"{word} this:\n\n{{{{ task.prompt }}}}\n")
    result = pytester.runpytest_subprocess(*GOLD, *ALONE, "--mcode-prompts=own", ada.tx())
    assert result.ret == 4
    assert f"{ada.name} takes no part: --mcode-prompts=" in result.stdout.str() + result.stderr.str()
    assert "other templates are there (hash " in result.stdout.str() + result.stderr.str()
