"""The table of faults: what each becomes, in which words, and how often it is tried."""

import re

import pytest

from pytest_mcode.errors import ConfigurationError, ContextOverflowError, InfraError
from pytest_mcode.models import ModelSettings, hf
from pytest_mcode.models.wordings import is_overflow
from tests.servers import (
    CLOSE,
    DRIBBLE,
    DROP,
    EMPTY,
    HANG,
    HTML,
    INVALID_JSON,
    OllamaServer,
    OpenAIServer,
    Reply,
    status,
)

from .conftest import Open, Wire, ask

TRANSIENT = {
    "closed": (CLOSE, "the connection was dropped: Server disconnected without sending a response."),
    "dropped": (DROP, "the connection was dropped: peer closed connection without sending complete message"),
    "hung": (HANG, "no complete answer within 0.5 s"),
    "dribbling": (DRIBBLE, "no complete answer within 0.5 s"),
    "slow": (Reply("late", delay=5), "no complete answer within 0.5 s"),
    "408": (status(408), "HTTP 408: scripted failure"),
    "409": (status(409), "HTTP 409: scripted failure"),
    "429": (status(429), "HTTP 429: scripted failure"),
    "500": (status(500, message="CUDA out of memory"), "HTTP 500: CUDA out of memory"),
    "503": (status(503, message="loading\nmodel"), "HTTP 503: loading model"),
    "502 with HTML": (Reply(status=502, body=b"<html>Bad gateway</html>"), "HTTP 502: "),
    "HTML": (HTML, "what came back is not an answer of a model server ("),
    "invalid JSON": (INVALID_JSON, "what came back is not an answer of a model server (JSONDecodeError: "),
    "JSON of another shape": (Reply(body=b"[1, 2]"), "what came back is not an answer of a model server ("),
    "no choices": (Reply(body=b'{"choices": []}'), "what came back is not an answer of a model server ("),
    "null": (Reply(body=b"null"), "what came back is not an answer of a model server ("),
    "empty": (EMPTY, "an empty reply, as servers send while a model loads"),
    "empty and uncounted": (
        Reply(None, finish="load", prompt_tokens=None, completion_tokens=None),
        "an empty reply, as servers send while a model loads",
    ),
}


def patience(fault: str) -> float:
    return 0.5 if fault in ("hung", "dribbling", "slow") else 30.0


@pytest.mark.parametrize("fault", TRANSIENT)
def test_what_may_pass_is_tried_again_and_then_infra(wire: Wire, open_for: Open, fault: str) -> None:
    reply, words = TRANSIENT[fault]
    with wire.serve(reply) as server:
        model = open_for(server, request_timeout=patience(fault), retries=1)
        with pytest.raises(InfraError) as caught:
            model.generate(ask("hi"))
    assert len(server.requests) == 2
    message = str(caught.value)
    assert message.startswith(f"{wire.where(server)}: {words}")
    assert re.search(r" \(asked 2 times in \d\.\d s\)$", message)


@pytest.mark.parametrize("fault", TRANSIENT)
def test_what_may_pass_can_pass(wire: Wire, open_for: Open, fault: str) -> None:
    with wire.serve([TRANSIENT[fault][0], "fine"]) as server:
        model = open_for(server, request_timeout=patience(fault), retries=1)
        assert model.generate(ask("hi", seed=4)).text == "fine"
    assert server.requests[0] == server.requests[1]


def test_refused(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok") as server:
        model = open_for(server, retries=0)
    with pytest.raises(InfraError) as caught:
        model.generate(ask("hi"))
    assert re.fullmatch(
        re.escape(f"{wire.where(server)}: cannot connect: ")
        + r".*Connect call failed.* \(asked once in \d\.\d s\)",
        str(caught.value),
    )


def test_a_server_that_comes_back_is_used_again(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok") as server:
        model = open_for(server, retries=0)
        model.generate(ask("hi"))
        server.stop()
        with pytest.raises(InfraError):
            model.generate(ask("hi"))
        server.start()
        assert model.generate(ask("hi")).text == "ok"


REFUSED = "the server refuses what it is asked: check --mcode-model-option and the other model options"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (400, REFUSED),
        (401, "check the key that {backend} takes from the environment, and what it is allowed"),
        (403, "check the key that {backend} takes from the environment, and what it is allowed"),
        (422, REFUSED),
    ],
)
def test_what_will_not_pass_stops_at_once(wire: Wire, open_for: Open, code: int, remedy: str) -> None:
    with wire.serve(status(code, message="because")) as server, pytest.raises(ConfigurationError) as caught:
        open_for(server, retries=3).generate(ask("hi"))
    remedy = remedy.format(backend=wire.backend)
    assert str(caught.value) == f"{wire.where(server)}: HTTP {code}: because; {remedy}"
    assert len(server.requests) == 1


def test_an_unknown_model_on_ollama(open_for: Open) -> None:
    with OllamaServer() as server, pytest.raises(ConfigurationError) as caught:
        open_for(server, model="qwen").generate(ask("hi"))
    assert str(caught.value) == (
        f"ollama at {server.url}: HTTP 404: model 'qwen' not found; "
        "pull the model (ollama pull qwen), or check --mcode-base-url"
    )
    assert server.log == [("POST", "/api/chat")]


def test_an_unknown_model_on_openai(open_for: Open) -> None:
    with OpenAIServer() as server, pytest.raises(ConfigurationError) as caught:
        open_for(server, model="qwen").generate(ask("hi"))
    assert str(caught.value) == (
        f"openai at {server.url}/v1: HTTP 404: The model `qwen` does not exist.; check that the server "
        "knows the model 'qwen', and --mcode-base-url (it often ends in /v1)"
    )


def test_a_prompt_that_does_not_fit_is_the_models_own_failure(wire: Wire, open_for: Open) -> None:
    words = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."
    with wire.serve(status(400, message=words)) as server, pytest.raises(ContextOverflowError) as caught:
        open_for(server, retries=3).generate(ask("hi"))
    assert str(caught.value) == f"{wire.where(server)}: {words}"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4097 tokens, however you requested 5000 tokens",
        "context_length_exceeded",
        "The decoder prompt (length 5000) is longer than the maximum model length of 2048.",
        "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
        "the request exceeds the available context size. try increasing the context size or enable shift",
        "exceed_context_size_error",
        "the input length exceeds the context length",
        "input length exceeds maximum context length",
        "Trying to keep the first 5000 tokens when context overflows. However, the model is loaded with "
        "context length of only 4096 tokens, which is not enough.",
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "prompt is too long: 200001 tokens > 199999 maximum",
        "the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "litellm.ContextWindowExceededError: litellm.BadRequestError",
    ],
)
def test_words_for_a_prompt_that_does_not_fit(words: str) -> None:
    assert is_overflow([words])


@pytest.mark.parametrize(
    "words",
    [
        "model requires more system memory (5.6 GiB) than is available (3.1 GiB)",
        "context deadline exceeded",
        "max_tokens is too large: 100000",
        "llama runner process has terminated: failed to create context",
        "invalid option: num_ctx",
    ],
)
def test_words_for_something_else(words: str) -> None:
    assert not is_overflow([words])


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            ValueError("The following `model_kwargs` are not used by the model: ['nonsense']"),
            ConfigurationError,
            "hf: ValueError: The following `model_kwargs` are not used by the model: ['nonsense']; "
            "check the model and --mcode-model-option",
        ),
        (RuntimeError("CUDA out of memory"), InfraError, "hf: RuntimeError: CUDA out of memory"),
    ],
)
def test_transformers_in_this_process(error: Exception, kind: type[Exception], message: str) -> None:
    meaning = hf.BACKEND.meaning(error, ModelSettings(model="m"), "hf")
    assert (type(meaning), str(meaning)) == (kind, message)


def test_long_words_are_cut(wire: Wire, open_for: Open) -> None:
    with wire.serve(status(500, message="x" * 10_000)) as server, pytest.raises(InfraError) as caught:
        open_for(server, retries=0).generate(ask("hi"))
    assert len(str(caught.value)) < 700
