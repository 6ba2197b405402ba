"""What a server says reaches the user, whatever its answer looks like; answers of unusual form are read."""

import json
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError, ContentFilterError, InfraError
from tests.servers import OllamaServer, OpenAIServer, Reply

from ..session_support import SMOKE, rows
from .conftest import Open, Wire, ask

PAGE = (
    "<!DOCTYPE html><html><head><title>502</title><style>p {}</style></head><body><h1>GPU on fire</h1></body>"
)
EVENTS = 'event: error\ndata: {"error": {"message": "GPU on fire", "code": 500}}\n\ndata: [DONE]\n\n'
SHAPES: dict[str, Any] = {
    "text": {"error": "GPU on fire"},
    "list": {"error": ["GPU on fire", "call for help"]},
    "error.message": {"error": {"message": "GPU on fire", "code": None}},
    "message": {"message": "GPU on fire", "object": "error"},
    "detail": {"detail": "GPU on fire"},
    "detail list": {"detail": [{"loc": ["body"], "msg": "GPU on fire", "type": "value_error"}]},
    "errors": {"errors": [{"code": "x", "message": "GPU on fire"}]},
    "list of errors": [{"error": {"message": "GPU on fire"}}],
    "JSON in text": {"error": '{"error": {"message": "GPU on fire"}}'},
    "page": PAGE,
    "plain": "GPU on fire",
    "events": EVENTS,
}


def raw(body: Any, status: int = 200) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "application/json"
    if isinstance(body, str):
        kind = (
            "text/html" if body.startswith("<") else "text/event-stream" if "data:" in body else "text/plain"
        )
    return Reply(status=status, body=text.encode(), headers={"Content-Type": kind})


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [500, 200])
def test_the_words_of_a_failing_server(wire: Wire, open_for: Open, shape: str, status: int) -> None:
    if (wire.backend, status, shape) == ("ollama", 200, "list of errors"):
        pytest.skip("Ollama's library keeps nothing of an answer that is a list")
    with wire.serve(raw(SHAPES[shape], status)) as server, pytest.raises(InfraError) as caught:
        open_for(server, retries=1).generate(ask("hi"))
    message = str(caught.value)
    assert message.startswith(f"{wire.where(server)}: ")
    assert "GPU on fire" in message
    assert "<" not in message
    assert len(server.requests) == 2


@pytest.mark.parametrize("shape", SHAPES)
def test_the_words_of_a_server_that_refuses(wire: Wire, open_for: Open, shape: str) -> None:
    with wire.serve(raw(SHAPES[shape], 422)) as server, pytest.raises(ConfigurationError) as caught:
        open_for(server).generate(ask("hi"))
    assert "HTTP 422: " in str(caught.value)
    assert "GPU on fire" in str(caught.value)


def test_an_error_inside_a_good_status_means_what_its_code_says(open_for: Open) -> None:
    answers = [raw({"error": {"message": "slow down", "code": 429}}), "fine"]
    with OpenAIServer(answers) as server:
        assert open_for(server, retries=1).generate(ask("hi")).text == "fine"
    refused = raw({"error": {"message": "no such key", "code": 401}})
    with (
        OpenAIServer(refused) as server,
        pytest.raises(ConfigurationError, match="HTTP 401: no such key; check"),
    ):
        open_for(server).generate(ask("hi"))


def choice(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> Reply:
    first = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **more}
    return raw({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [first]})


def test_content_as_a_list_of_parts(open_for: Open) -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm "}, {"type": "text", "text": "so"}]},
        {"type": "text", "text": "def f():\n"},
        {"type": "text", "text": "    return 1"},
    ]
    with OpenAIServer(choice({"content": parts})) as server:
        completion = open_for(server).generate(ask("hi"))
    assert (completion.text, completion.reasoning) == ("def f():\n    return 1", "hm so")
    with OpenAIServer(choice({"content": ["a", {"text": "b"}, {"type": "image_url"}]})) as server:
        assert open_for(server).generate(ask("hi")).text == "ab"


@pytest.mark.parametrize("reason", ["abort", "error", "cancelled", "Canceled"])
@pytest.mark.parametrize("text", ["", "def f(): retu"])
def test_an_answer_that_the_server_ended_is_tried_again(
    wire: Wire, open_for: Open, reason: str, text: str
) -> None:
    ended = Reply(text, finish=reason)
    with wire.serve([ended, "fine"]) as server:
        assert open_for(server, retries=1).generate(ask("hi")).text == "fine"
    with (
        wire.serve(ended) as server,
        pytest.raises(InfraError, match=rf"reason '{reason}'\) \(asked 2 times"),
    ):
        open_for(server, retries=1).generate(ask("hi"))


def test_a_model_that_was_loaded_and_said_nothing(open_for: Open) -> None:
    with OllamaServer([Reply("", finish="load", completion_tokens=1), "fine"]) as server:
        assert open_for(server, retries=1).generate(ask("hi")).text == "fine"


def test_an_error_inside_a_choice(open_for: Open) -> None:
    broken = choice({"content": "def f("}, "error", error={"message": "upstream died", "code": 502})
    with OpenAIServer(broken) as server, pytest.raises(InfraError, match="HTTP 502: upstream died"):
        open_for(server, retries=0).generate(ask("hi"))


AZURE = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}


def test_a_prompt_that_a_filter_refuses(open_for: Open) -> None:
    with (
        OpenAIServer(raw(AZURE, 400)) as server,
        pytest.raises(ContentFilterError, match="content management"),
    ):
        open_for(server).generate(ask("hi"))


def session(pytester: pytest.Pytester, server: Any, *arguments: str) -> Any:
    return pytester.runpytest_subprocess(
        *SMOKE,
        "--mcode-backend=openai",
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-limit=2",
        "--mcode-concurrency=1",
        *arguments,
    )


def test_a_filter_is_a_verdict_of_its_own(pytester: pytest.Pytester) -> None:
    code = "```python\ndef f(): return 1\n```"
    with OpenAIServer([raw(AZURE, 400), Reply(code, finish="content_filter")]) as server:
        session(pytester, server, "--mcode-debug-iters=0")
    (refused, withheld) = rows(pytester, "SELECT verdict, message FROM attempts ORDER BY id")
    assert refused[0] == withheld[0] == "content_filter"
    assert "content management policy" in refused[1]
    assert withheld[1] == "the server's content filter withheld the answer"
    assert len(server.requests) == 2


def test_an_answer_that_is_all_reasoning_is_said_in_the_verdict(pytester: pytest.Pytester) -> None:
    with OpenAIServer(Reply("", reasoning="def f(): return 1")) as server:
        session(pytester, server)
    assert set(rows(pytester, "SELECT verdict, message FROM attempts")) == {
        (
            "no_solution",
            "the answer is empty: all of its 17 characters are in the reasoning field; "
            "look at the server's reasoning parser, or turn the model's thinking off",
        )
    }
