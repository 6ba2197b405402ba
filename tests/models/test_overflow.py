"""A prompt that does not fit, as each server says it: HTTP status and body over a real connection."""

import json
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError, ContextOverflowError
from pytest_mcode.models.wordings import CONTEXT_OVERFLOW, is_overflow
from tests.servers import OllamaServer, OpenAIServer, Reply

from ..session_support import SMOKE, rows
from .conftest import Open, ask
from .overflow_bodies import SAID, error


def reply(server: str) -> Reply:
    status, body = SAID[server]
    return Reply(status=status, body=json.dumps(body).encode())


LONG = "x " * 5000
"""More bytes than any window that these servers name as small, so the prompt may be too long by itself."""


@pytest.mark.parametrize("server", SAID)
def test_a_server_says_that_the_prompt_does_not_fit(open_for: Open, server: str) -> None:
    serve = OllamaServer if server.startswith("Ollama") else OpenAIServer
    with serve(reply(server)) as scripted, pytest.raises(ContextOverflowError) as caught:
        open_for(scripted, retries=3, max_tokens=100).generate(ask(LONG))
    assert is_overflow([str(caught.value), json.dumps(SAID[server])]), "the server's own words"
    assert all(sent.get("max_tokens", 1) in (1, 100) for sent in scripted.requests)


def test_the_table_is_tested_whole() -> None:
    bodies = [json.dumps(body) for _, body in SAID.values()]
    for wording in CONTEXT_OVERFLOW:
        assert wording.source
        assert any(is_overflow([body]) for body in bodies), wording.server


def test_the_session_goes_on(pytester: pytest.Pytester) -> None:
    turns = iter([*SAID, *SAID])
    with OpenAIServer(lambda body: reply(next(turns))) as server:
        result = pytester.runpytest_subprocess(
            *SMOKE,
            "--mcode-backend=openai",
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-samples=4",
            "--mcode-all-samples",
        )
    assert result.ret == 1
    assert rows(pytester, "SELECT verdict, count(*) FROM attempts GROUP BY 1") == [("context_overflow", 48)]
    assert rows(pytester, "SELECT status, count(*) FROM tasks GROUP BY 1") == [("unsolved", 12)]


@pytest.mark.parametrize(
    "body",
    [
        error("Rate limit reached: too many tokens: total number of tokens", code="rate_limit_exceeded"),
        error("Too many tokens, please wait before trying again."),
    ],
)
def test_a_rate_limit_is_not_a_prompt_that_does_not_fit(open_for: Open, body: Any) -> None:
    limited = Reply(status=429, body=json.dumps(body).encode())
    with OpenAIServer([limited, "fine"]) as server:
        assert open_for(server, retries=1).generate(ask("hi")).text == "fine"


TOO_MUCH = {
    "vLLM": "'max_tokens' or 'max_completion_tokens' is too large: 8000. This model's maximum "
    "context length is "
    "4096 tokens and your request has 2778 input tokens (8000 > 4096 - 2778).",
    "vLLM, at least": "This model's maximum context length is 4096 tokens. However, you requested "
    "4000 output "
    "tokens and your prompt contains at least 97 input tokens, for a total of at least 4097 tokens.",
    "OpenAI": "This model's maximum context length is 4096 tokens. However, you requested 8020 tokens "
    "(20 in the messages, 8000 in the completion).",
    "Anthropic": "input length and `max_tokens` exceed context limit: 188059 + 20000 > 200000",
    "TGI": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 20 `inputs` tokens and 8000 "
    "`max_new_tokens`",
    "SGLang": "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
    "requested a "
    "total of 8020 tokens: 20 tokens from the input messages and 8000 tokens for the completion.",
}


@pytest.mark.parametrize("server", TOO_MUCH)
def test_more_tokens_asked_for_than_the_window_has_room_for(open_for: Open, server: str) -> None:
    refused = Reply(TOO_MUCH[server], status=400)
    with OpenAIServer(refused) as scripted, pytest.raises(ConfigurationError) as caught:
        open_for(scripted, max_tokens=4000).generate(ask("hi"))
    assert TOO_MUCH[server] in str(caught.value)
    assert str(caught.value).endswith(
        "--mcode-max-tokens=4000 and the first prompt together do not fit the context window: "
        "give a smaller one, or leave it out"
    )
    assert len(scripted.requests) == 1


def test_a_conversation_that_has_grown_does_not_fit(open_for: Open) -> None:
    with OpenAIServer(Reply(TOO_MUCH["OpenAI"], status=400)) as scripted, pytest.raises(ContextOverflowError):
        open_for(scripted, max_tokens=4000).generate(ask("hi", "x = 1", "wrong"))


@pytest.mark.parametrize(("room", "kind"), [(True, ConfigurationError), (False, ContextOverflowError)])
def test_where_the_words_leave_it_open_the_server_is_asked_for_one_token(
    open_for: Open, room: bool, kind: type[Exception]
) -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return Reply("x") if room and body["max_tokens"] == 1 else reply("Groq")

    with OpenAIServer(answer) as server, pytest.raises(kind):
        open_for(server, max_tokens=4000).generate(ask(LONG))
    assert [body["max_tokens"] for body in server.requests] == [4000, 1]


def test_the_session_stops_with_the_remedy(pytester: pytest.Pytester) -> None:
    with OpenAIServer(Reply(TOO_MUCH["OpenAI"], status=400)) as server:
        result = pytester.runpytest_subprocess(
            *SMOKE,
            "--mcode-backend=openai",
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-max-tokens=8000",
            "--mcode-concurrency=1",
        )
    result.stdout.fnmatch_lines(["! *--mcode-max-tokens=8000 and the first prompt together do not fit *"])
    asked = [body["max_tokens"] for body in server.requests]
    # One task was in flight, and the next one at most; none was asked once more with fewer tokens.
    assert asked.count(8000) <= 2
    assert set(asked) == {8000}
    assert rows(pytester, "SELECT status FROM tasks") == [("infra",)]


def test_the_preflight_catches_it_where_the_window_is_known(pytester: pytest.Pytester) -> None:
    with OpenAIServer("x = 1") as server:
        result = pytester.runpytest_inprocess(
            *SMOKE,
            "--mcode-backend=openai",
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-max-tokens=32768",
        )
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "ERROR: --mcode-max-tokens: 32768 tokens leave no room for a prompt in the context "
            "window of 32768; "
            "give a smaller one, or leave it out"
        ]
    )
    assert server.requests == []
