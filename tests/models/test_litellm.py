"""LiteLLM over both wires; runs where its extra is installed."""

import pytest

from pytest_mcode.errors import ConfigurationError, ContextOverflowError, InfraError
from pytest_mcode.models.mellea import MelleaModel
from tests.servers import DROP, OllamaServer, OpenAIServer, Reply, ScriptedServer, status

from .conftest import ask, open_at_once

pytest.importorskip("litellm", reason="the extra mellea[litellm] is not installed", exc_type=ImportError)
PREFIXES = {OllamaServer: ("ollama_chat/", ""), OpenAIServer: ("openai/", "/v1")}


@pytest.fixture(params=PREFIXES, ids=["ollama", "openai"])
def serve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[ScriptedServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "none-needed")
    serve: type[ScriptedServer] = request.param
    return serve


def open_for(server: ScriptedServer, **more: object) -> MelleaModel:
    prefix, path = PREFIXES[type(server)]
    return open_at_once("litellm", model=prefix + server.model, base_url=server.url + path, **more)


def test_what_was_asked_arrives(serve: type[ScriptedServer]) -> None:
    with serve(Reply("x", reasoning="hm", finish="length")) as server:
        model = open_for(server, temperature=0.2, max_tokens=9, options=["top_p=0.5"])
        completion = model.generate(ask("a {{b}}\n", "c", "d", seed=5))
        model.close()
    assert (completion.text, completion.reasoning, completion.finish_reason) == ("x", "hm", "length")
    assert (completion.prompt_tokens, completion.completion_tokens) == (11, 7)
    body = server.requests[0]
    assert [each["content"] for each in body["messages"]] == ["a {{b}}\n", "c", "d"]
    options = body.get("options", body)
    assert (options["seed"], options["temperature"], options["top_p"]) == (5, 0.2, 0.5)
    assert options.get("num_predict", options.get("max_completion_tokens")) == 9


@pytest.mark.parametrize(
    "reply", [status(503), status(429), status(400), DROP], ids=["503", "429", "400", "drop"]
)
def test_infra(serve: type[ScriptedServer], reply: Reply) -> None:
    with serve(reply) as server:
        model = open_for(server, retries=1)
        with pytest.raises(InfraError, match="asked 2 times"):
            model.generate(ask("hi"))
        model.close()
    assert len(server.requests) == 2


def test_the_rest_of_the_table(serve: type[ScriptedServer]) -> None:
    answers = [status(401), status(404), status(400, message="maximum context length is 9 tokens")]
    with serve(answers) as server:
        model = open_for(server)
        for expected in (ConfigurationError, ConfigurationError, ContextOverflowError):
            with pytest.raises(expected):
                model.generate(ask("hi"))
        model.close()
    assert len(server.requests) == 3


def test_what_the_provider_would_drop_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_at_once("litellm", model="anthropic/claude-sonnet-4-5", options=["presence_penalty=1"])
    assert str(caught.value) == (
        "--mcode-backend=litellm: anthropic/claude-sonnet-4-5 does not take presence_penalty; leave it out"
    )


def test_a_model_without_a_provider() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_at_once("litellm", model="qwen:7b")
    assert str(caught.value) == (
        "--mcode-model: 'qwen:7b' names no provider that litellm knows; "
        "put it before the model, such as ollama_chat/qwen2.5-coder:7b or openai/gpt-4.1"
    )
