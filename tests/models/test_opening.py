"""The one door to every model."""

import subprocess
import sys

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Request
from pytest_mcode.models.backends import open_model
from pytest_mcode.models.gold import GoldModel
from pytest_mcode.records import Message, Task
from pytest_mcode.settings import BACKENDS, MODEL_FREE_BACKENDS

from .conftest import asked

MESSAGES = [Message(role="user", content="write f")]


def test_gold_answers_with_the_reference_solution() -> None:
    model = open_model("gold", asked(""))
    assert isinstance(model, GoldModel)
    task = Task(task_id="t/0", prompt="", test="", canonical_solution="def f():\n    return 1")
    completion = model.generate(Request(messages=MESSAGES, seed=0, task=task))
    assert completion.text == "```python\ndef f():\n    return 1\n```"
    model.close()


def test_gold_without_a_reference_solution() -> None:
    request = Request(messages=MESSAGES, seed=0, task=Task(task_id="Own/3", prompt="", test=""))
    with pytest.raises(ConfigurationError) as caught:
        GoldModel().generate(request)
    assert str(caught.value) == (
        "--mcode-backend=gold: the dataset gives no reference solution for Own/3; "
        "use a model, or a dataset with canonical_solution"
    )


def test_unknown_backend() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_model("oracle", asked("x"))
    assert str(caught.value) == (
        "--mcode-backend: 'oracle' is not a backend; "
        "give one of ollama, openai, litellm, hf, watsonx, gold, replay, none"
    )


def test_backend_none_says_what_to_write() -> None:
    with pytest.raises(ConfigurationError, match="has no model of ours: override the fixture mcode_model"):
        open_model("none", asked(""))


@pytest.mark.parametrize("backend", sorted(set(BACKENDS) - set(MODEL_FREE_BACKENDS)))
def test_no_model(backend: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_model(backend, asked(""))
    assert str(caught.value) == f"--mcode-model is needed with --mcode-backend={backend}"


@pytest.mark.parametrize(
    ("backend", "library"), [("litellm", "litellm"), ("hf", "torch"), ("watsonx", "ibm_watsonx_ai")]
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, backend: str, library: str) -> None:
    module = {"hf": "huggingface"}.get(backend, backend)
    monkeypatch.delitem(sys.modules, f"mellea.backends.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError) as caught:
        open_model(backend, asked("ollama_chat/x"))
    assert str(caught.value).startswith(f"--mcode-backend={backend}: ")
    assert str(caught.value).endswith(f"; install its library with: pip install 'mellea[{backend}]'")


def test_gold_and_preflight_import_no_model_library() -> None:
    code = (
        "import sys; from pytest_mcode.models import ModelSettings, backends;"
        "backends.open_model('gold', ModelSettings(model=''));"
        "from pytest_mcode.models import inquiry;"
        "[backends.get(name).summary for name in backends.names()];"
        "print([name for name in ('mellea', 'openai', 'ollama', 'litellm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_mellea_prints_nothing() -> None:
    code = (
        "from pytest_mcode.models import ModelSettings, backends; import logging;"
        "logging.basicConfig(level=logging.WARNING);"
        "asked = ModelSettings(model='x', base_url='http://127.0.0.1:9');"
        "backends.open_model('ollama', asked).close()"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
