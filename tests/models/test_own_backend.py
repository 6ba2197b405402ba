"""A backend of one's own: from a conftest.py, from an installed package, and what may be wrong with it."""

import json
import os
import sys
import textwrap

import pytest

from pytest_mcode.models import backends

from ..session_support import MCODE, SMOKE, rows

ECHO = """
    from pytest_mcode import Completion, ConfigurationError

    class Parrot:
        def __init__(self, settings):
            self.settings = settings

        def generate(self, request):
            said = request.task.canonical_solution if self.settings.temperature is None else "x = 1"
            return Completion(text=f"```python\\n{said}\\n```", finish_reason=self.settings.model)

        def close(self):
            pass

    class Echo:
        name = "echo"
        summary = "repeats what is expected of it"
        takes = {"temperature"}

        def preflight(self, settings):
            if settings.model != "x":
                raise ConfigurationError(f"echo has no model {settings.model!r}; it has x")
            return {"digest": "e" * 64, "context_length": 4096}

        def open(self, settings):
            return Parrot(settings)
"""
POINTS = """
[pytest_mcode.backends]
echo = parrots:Echo
lost = nowhere:It
"""
HOOK = """
    def pytest_mcode_backends():
        return [Echo]
"""
ASKED = (*SMOKE, "--mcode-backend=echo", "--mcode-model=x")


@pytest.fixture(autouse=True)
def _offered_here_alone(monkeypatch):
    """Sessions in this process offer backends to the tests that follow."""
    monkeypatch.setattr(backends, "_offered", {})


def offer(pytester, *changes):
    source = textwrap.dedent(ECHO) + textwrap.dedent(HOOK)
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    pytester.makeconftest(source)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_conftest_brings_a_backend(pytester, workers):
    offer(pytester)
    result = pytester.runpytest_subprocess(*ASKED, "-n", workers)
    assert result.ret == 0
    assert rows(pytester, "SELECT DISTINCT backend, model, model_digest FROM runs") == [
        ("echo", "x", "e" * 64)
    ]
    assert rows(pytester, "SELECT DISTINCT verdict, finish_reason FROM attempts") == [("passed", "x")]
    assert rows(pytester, "SELECT count(*) FROM attempts WHERE completion LIKE '```python%'") == [(12,)]


def test_an_installed_package_brings_a_backend(pytester, monkeypatch):
    pytester.makepyfile(parrots=textwrap.dedent(ECHO))
    dist = pytester.mkdir("parrots-1.0.dist-info")
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: parrots\nVersion: 1.0\n")
    (dist / "entry_points.txt").write_text(POINTS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(pytester.path), *sys.path]))
    result = pytester.runpytest_subprocess(*ASKED, "--mcode-temperature=1", "--mcode-limit=1")
    result.stdout.fnmatch_lines(["*judged     1/1 tasks*"])
    assert rows(pytester, "SELECT completion FROM attempts") == [("```python\nx = 1\n```",)]
    result = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=ecko", "--mcode-model=x")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "ERROR: --mcode-backend: 'ecko' is not a backend; give one of ollama, openai, litellm, hf, "
            "watsonx, gold, replay, none, echo, lost (near: echo)"
        ]
    )
    result = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=lost", "--mcode-model=x")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: entry point lost = nowhere:It: cannot be imported (ModuleNotFoundError: *); mend *"]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mcode-model=y"], "echo has no model 'y'; it has x"),
        (["--mcode-max-tokens=9"], "--mcode-max-tokens: the backend echo does not take it; leave it out"),
        (["--mcode-base-url=http://h"], "--mcode-base-url: the backend echo does not take it; leave it out"),
        (
            ["--mcode-model-option=top_k=1"],
            "--mcode-model-option: the backend echo does not take it; leave it out",
        ),
        (
            ["--mcode-context-window=9"],
            "--mcode-context-window: the backend echo does not take it; leave it out",
        ),
    ],
)
def test_what_it_refuses(pytester, arguments, message):
    offer(pytester)
    result = pytester.runpytest_inprocess(*ASKED, *arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert not (pytester.path / "results.db").exists()


def test_it_needs_a_model(pytester):
    offer(pytester)
    result = pytester.runpytest_inprocess(*SMOKE, "--mcode-backend=echo")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mcode-model is needed with --mcode-backend=echo; *"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("return [Echo]", "return Echo"),
            "*conftest.py: pytest_mcode_backends() returned type, not a *",
        ),
        (
            ("takes = {", "taken = {"),
            "*conftest.py: backend Echo lacks takes; pytest_mcode.models.Backend describes them",
        ),
        (
            ("def open(", "def close("),
            "*conftest.py: backend Echo lacks open(); pytest_mcode.*",
        ),
        (
            ('name = "echo"', 'name = "ollama"'),
            "*conftest.py: backend Echo has the name of pytest-mcode's own 'ollama': rename it",
        ),
        (('name = "echo"', 'name = "my echo"'), "*conftest.py: backend Echo: name 'my echo' is not one word"),
        (
            ('takes = {"temperature"}', 'takes = {"heat"}'),
            "*conftest.py: backend Echo: takes is {'heat'}; give a set of some of base_url, temperature, *",
        ),
        (("[Echo]", "[Echo, Echo]"), "backend 'echo' of *conftest.py has the name of one of *conftest.py*"),
        (
            ('return {"digest": "e" * 64, "context_length": 4096}', "return None"),
            "--mcode-backend=echo: preflight() of Echo returned NoneType; return a dict *",
        ),
        (
            ('return {"digest": "e" * 64, "context_length": 4096}', 'return {"digest": object()}'),
            "--mcode-backend=echo: preflight() of Echo returned what JSON cannot hold (*); return a dict *",
        ),
        (
            ("[Echo]", "[Echo][1]"),
            "*conftest.py: pytest_mcode_backends() failed (conftest.py, line *: IndexError: *)",
        ),
        (
            ('return {"digest": "e" * 64, "context_length": 4096}', "return settings.digest"),
            "--mcode-backend=echo: preflight() of Echo failed (conftest.py, line *: AttributeError: *)",
        ),
        (
            ("def preflight(", "def __init__(self, server): ...\n\n    def preflight("),
            "*conftest.py: Echo() failed (TypeError: *); a backend's class takes no arguments",
        ),
    ],
)
def test_what_may_be_wrong_with_it(pytester, change, message):
    offer(pytester, change)
    result = pytester.runpytest_inprocess(*ASKED)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_model_that_is_not_a_model(pytester):
    offer(pytester, ("return Parrot(settings)", "return 'polly'"))
    result = pytester.runpytest_subprocess(*ASKED)
    result.stdout.fnmatch_lines(
        [
            "*--mcode-backend=echo: open() of Echo returned str, which has no generate(request) and close(): "
            "return a pytest_mcode.Model*"
        ]
    )


def test_doctor_finds_it(pytester):
    offer(pytester)
    result = pytester.run(
        *MCODE, "doctor", "smoke", "--sandbox=process", "--backend=echo", "--model=x", "--json"
    )
    findings = json.loads(result.outlines and "\n".join(result.outlines))["findings"]
    (server,) = [each for each in findings if each["check"] == "model"]
    assert (server["level"], server["message"]) == ("ok", "x on echo, context length 4096")
