"""The scripted servers speak the protocols they claim to, streamed and whole, and misbehave as told."""

import json

import httpx
import ollama
import openai
import pytest

from tests.servers import DROP, OllamaServer, OpenAIServer, Reply

REPLY = Reply("def f():\n    return 1\n", reasoning="let me think", finish="length", completion_tokens=9)
QUESTION = [{"role": "user", "content": "hi"}]


def test_ollama_streamed_and_whole_agree() -> None:
    with OllamaServer(REPLY) as server, ollama.Client(server.url) as client:
        whole = client.chat(server.model, messages=QUESTION)
        parts = list(client.chat(server.model, messages=QUESTION, stream=True))
    assert len(parts) > 3
    assert "".join(part.message.content or "" for part in parts) == whole.message.content == REPLY.text
    assert "".join(part.message.thinking or "" for part in parts) == whole.message.thinking == REPLY.reasoning
    assert (
        (parts[-1].eval_count, parts[-1].done_reason)
        == (whole.eval_count, whole.done_reason)
        == (9, "length")
    )


def test_openai_streamed_and_whole_agree() -> None:
    with OpenAIServer(REPLY) as server, openai.OpenAI(base_url=f"{server.url}/v1", api_key="x") as client:
        whole = client.chat.completions.create(model=server.model, messages=QUESTION)
        parts = list(
            client.chat.completions.create(
                model=server.model, messages=QUESTION, stream=True, stream_options={"include_usage": True}
            )
        )
    choices = [choice for part in parts for choice in part.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == REPLY.text
    assert whole.choices[0].message.content == REPLY.text
    assert choices[-1].finish_reason == whole.choices[0].finish_reason == "length"
    assert parts[-1].usage == whole.usage
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 9


@pytest.mark.parametrize("serve", [OllamaServer, OpenAIServer])
def test_half_a_stream(serve: type[OllamaServer] | type[OpenAIServer]) -> None:
    with serve(DROP) as server, pytest.raises(httpx.RemoteProtocolError):
        httpx.post(server.url + serve.CHAT, json={"model": server.model, "stream": True})


def test_ollama_pulls_when_asked() -> None:
    with OllamaServer() as server, ollama.Client(server.url) as client:
        assert [part.status for part in client.pull("new:1b", stream=True)] == ["pulling manifest", "success"]
        assert [each.model for each in client.list().models] == ["qwen2.5-coder:7b", "new:1b"]
        assert client.show("new:1b").details is not None
        assert client.ps().models


def test_the_same_port_after_a_stop() -> None:
    with OllamaServer() as server:
        httpx.get(f"{server.url}/api/version").raise_for_status()
        server.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/api/version")
        server.start()
        assert json.loads(httpx.get(f"{server.url}/api/version").text) == {"version": "0.13.5"}


def test_a_script_that_fails_fails_the_test() -> None:
    def script(body: dict[str, object]) -> str:
        raise KeyError("typo")

    with pytest.raises(KeyError, match="typo"), OllamaServer(script) as server:
        assert httpx.post(server.url + server.CHAT, json={"model": server.model}).status_code == 500
