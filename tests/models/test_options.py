"""Options: what is parsed, what is refused, and in which words."""

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import backends, ollama
from pytest_mcode.models.openai import extra_body
from pytest_mcode.models.options import parse_options

from .conftest import asked


def test_values_are_json_where_they_parse_as_json() -> None:
    pairs = [
        "a=1",
        "b=0.5",
        "c=true",
        "d=null",
        'e={"k": [1]}',
        "f=END",
        'g="1"',
        "h=a=b",
        "i=",
        "j=NaN",
        " k =x",
    ]
    assert parse_options(pairs) == {
        "a": 1,
        "b": 0.5,
        "c": True,
        "d": None,
        "e": {"k": [1]},
        "f": "END",
        "g": "1",
        "h": "a=b",
        "i": "",
        "j": "NaN",
        "k": "x",
    }


@pytest.mark.parametrize(
    ("backend", "options", "message"),
    [
        ("openai", ["top_p"], "top_p is not KEY=VALUE"),
        ("openai", ["=1"], "=1 is not KEY=VALUE"),
        ("openai", ["a=1", "a=2"], "a is given twice"),
        ("openai", ["seed=1"], "seed has a flag of its own; use --mcode-seed"),
        ("ollama", ["num_predict=1"], "num_predict has a flag of its own; use --mcode-max-tokens"),
        ("ollama", ["num_ctx=1"], "num_ctx has a flag of its own; use --mcode-context-window"),
        ("openai", ["model=x"], "model has a flag of its own; use --mcode-model"),
        (
            "openai",
            ["stream=true"],
            "stream is not for you to set: pytest-mcode sends it itself, or can't do without it",
        ),
        (
            "ollama",
            ["keep_alive=1h"],
            "keep_alive is not known to ollama; known are frequency_penalty, main_gpu, min_p, num_batch, "
            "num_gpu, num_keep, num_thread, presence_penalty, repeat_last_n, repeat_penalty, stop, think, "
            "top_k, top_p, typical_p, use_mmap",
        ),
    ],
)
def test_bad_options(backend: str, options: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        backends.open_model(backend, asked("m", options=options))
    assert str(caught.value) == f"--mcode-model-option: {message}"


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("openai", "an OpenAI-compatible server sets its window when it starts"),
        ("litellm", "litellm has no name for it; give your provider's own with --mcode-model-option"),
        ("hf", "transformers uses the model's own window"),
        ("watsonx", "watsonx uses the model's own window"),
    ],
)
def test_a_context_window_that_cannot_be_had(backend: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^--mcode-context-window: {words}"):
        backends.open_model(backend, asked("m", context_window=4096))


def test_ollama_wants_a_list_of_stops() -> None:
    assert ollama.BACKEND.call_options(asked("m", options=["stop=END"])) == {"stop": ["END"]}
    assert ollama.BACKEND.call_options(asked("m", options=['stop=["a", "b"]'])) == {"stop": ["a", "b"]}


@pytest.mark.parametrize(
    ("backend", "limit"),
    [
        ("ollama", "num_predict"),
        ("litellm", "max_completion_tokens"),
        ("hf", "max_new_tokens"),
        ("watsonx", "max_completion_tokens"),
    ],
)
def test_each_backend_has_its_own_word_for_the_token_limit(backend: str, limit: str) -> None:
    settings = asked("m", temperature=0.5, max_tokens=9, options=["top_p=1"])
    assert backends.get(backend).call_options(settings) == {"temperature": 0.5, limit: 9, "top_p": 1}


def test_openai_itself_wants_the_newer_word() -> None:
    settings = asked("m", max_tokens=9)
    assert extra_body("https://api.openai.com/v1", settings) == {"max_completion_tokens": 9}
    assert extra_body("http://localhost:8000/v1", settings) == {"max_tokens": 9}
