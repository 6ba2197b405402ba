"""What goes over the wire and what comes back, on both protocols."""

import json

import pytest

from pytest_mcode.models import Completion, Request
from pytest_mcode.models.noise import IGNORED
from pytest_mcode.records import Message
from tests.servers import OllamaServer, OpenAIServer, Reply

from .conftest import TASK, Open, Wire, ask

pytestmark = pytest.mark.filterwarnings(IGNORED)

AWKWARD = "  def f():\n\t{{ x }} {% raw %} ${y} <b>&amp;</b> \\n \u00e9\U0001f600 \x00\r\n\n"


def test_ollama_gets_exactly_what_was_asked(open_for: Open) -> None:
    with OllamaServer("ok") as server:
        model = open_for(
            server,
            temperature=0.2,
            max_tokens=64,
            context_window=4096,
            options=["top_p=0.9", "stop=END", "think=false"],
        )
        messages = [
            Message(role="system", content="be brief"),
            Message(role="user", content=AWKWARD),
            Message(role="assistant", content=AWKWARD),
            Message(role="user", content="again\n"),
        ]
        model.generate(Request(messages=messages, seed=2**40, task=TASK))
    assert server.requests == [
        {
            "model": "qwen2.5-coder:7b",
            "messages": messages,
            "stream": False,
            "think": False,
            "tools": [],
            "options": {
                "temperature": 0.2,
                "num_predict": 64,
                "num_ctx": 4096,
                "seed": 2**40,
                "top_p": 0.9,
                "stop": ["END"],
            },
        }
    ]


def test_openai_gets_exactly_what_was_asked(open_for: Open) -> None:
    with OpenAIServer("ok") as server:
        model = open_for(
            server,
            temperature=0.0,
            max_tokens=64,
            options=["top_k=20", 'chat_template_kwargs={"enable_thinking": false}', "stop=END", "user=7b"],
        )
        model.generate(ask(AWKWARD, AWKWARD, "again\n", seed=5))
    assert server.requests == [
        {
            "model": "Qwen/Qwen2.5-Coder-7B-Instruct",
            "messages": [
                {"role": "user", "content": AWKWARD},
                {"role": "assistant", "content": AWKWARD},
                {"role": "user", "content": "again\n"},
            ],
            "seed": 5,
            "temperature": 0.0,
            "max_tokens": 64,
            "top_k": 20,
            "chat_template_kwargs": {"enable_thinking": False},
            "stop": "END",
            "user": "7b",
            "tools": None,
        }
    ]


def test_nothing_is_sent_that_was_not_asked(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok") as server:
        open_for(server).generate(ask("hi", seed=3))
    body = server.requests[0]
    assert (body.get("options") or {"seed": body["seed"]}) == {"seed": 3}
    assert set(body) <= {"model", "messages", "seed", "options", "stream", "tools"}


def test_a_model_keeps_no_state(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok") as server:
        model = open_for(server)
        for number in range(3):
            model.generate(ask(f"question {number}", seed=number))
    contents = [[each["content"] for each in body["messages"]] for body in server.requests]
    assert contents == [["question 0"], ["question 1"], ["question 2"]]


def test_the_prompt_is_the_same_whatever_the_model_is_called(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok", models=["granite4:micro", "qwen3"]) as server:
        for name in server.models:
            open_for(server, model=name).generate(ask(AWKWARD))
    assert server.requests[0]["messages"] == server.requests[1]["messages"]


def test_lone_surrogates_become_replacement_characters(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok") as server:
        open_for(server).generate(ask("assert '\ud800' == '\U0001f600'"))
    assert server.requests[0]["messages"][0]["content"] == "assert '\ufffd' == '\U0001f600'"


def test_opening_neither_pulls_nor_asks_for_models(wire: Wire, open_for: Open) -> None:
    with wire.serve("ok") as server:
        open_for(server, model="qwen")
        assert [path for _, path in server.log if path != "/version"] == []


def test_the_key_is_sent_and_a_local_server_needs_none(
    open_for: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer("ok") as server:
        open_for(server).generate(ask("hi"))
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        open_for(server).generate(ask("hi"))
    assert [headers["Authorization"] for headers in server.headers] == [
        "Bearer none-needed",
        "Bearer sk-test",
    ]


def test_the_answer_comes_back_whole(wire: Wire, open_for: Open) -> None:
    reply = Reply(AWKWARD, reasoning="first\nthen", prompt_tokens=123, completion_tokens=45, delay=0.05)
    with wire.serve(reply) as server:
        completion = open_for(server).generate(ask("hi"))
    assert completion == Completion(
        text=AWKWARD,
        reasoning="first\nthen",
        prompt_tokens=123,
        completion_tokens=45,
        finish_reason="stop",
        seconds=completion.seconds,
    )
    assert 0.05 <= completion.seconds < 5


def test_cut_by_the_token_limit(wire: Wire, open_for: Open) -> None:
    with wire.serve(Reply("def f(", finish="length")) as server:
        assert open_for(server).generate(ask("hi")).finish_reason == "length"


def test_thinking_alone_is_the_models_own_answer(wire: Wire, open_for: Open) -> None:
    with wire.serve(Reply("", reasoning="hm", completion_tokens=2)) as server:
        completion = open_for(server).generate(ask("hi"))
    assert (completion.text, completion.reasoning, len(server.requests)) == ("", "hm", 1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("", completion_tokens=1),
        Reply("", completion_tokens=None, finish="length"),
        Reply("", completion_tokens=0, finish="content_filter"),
    ],
    ids=["ended at once", "token limit", "filtered"],
)
def test_an_empty_answer_that_was_generated_is_the_models_own(
    wire: Wire, open_for: Open, reply: Reply
) -> None:
    with wire.serve(reply) as server:
        assert open_for(server).generate(ask("hi")).text == ""
    assert len(server.requests) == 1


@pytest.mark.parametrize(("told", "kept"), [(None, None), (0, 0), (5, 5)])
def test_each_token_count_stands_alone(wire: Wire, open_for: Open, told: object, kept: int | None) -> None:
    replies = [Reply("a", prompt_tokens=told), Reply("a", completion_tokens=told)]
    with wire.serve(replies) as server:
        model = open_for(server)
        first, second = model.generate(ask("hi")), model.generate(ask("hi"))
    assert (first.prompt_tokens, first.completion_tokens) == (kept, 7)
    assert (second.prompt_tokens, second.completion_tokens) == (11, kept)


@pytest.mark.parametrize("wrong", ["many", -1, 1.5])
def test_a_token_count_that_is_none_is_not_believed(open_for: Open, wrong: object) -> None:
    with OpenAIServer(Reply("a", completion_tokens=wrong)) as server:
        assert open_for(server).generate(ask("hi")).completion_tokens is None


def test_no_usage_at_all(wire: Wire, open_for: Open) -> None:
    with wire.serve(Reply("a", prompt_tokens=None, completion_tokens=None)) as server:
        completion = open_for(server).generate(ask("hi"))
    assert (completion.prompt_tokens, completion.completion_tokens) == (None, None)


def test_reasoning_of_newer_vllm(open_for: Open) -> None:
    message = {"role": "assistant", "content": "x", "reasoning": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    with OpenAIServer(Reply(body=json.dumps(body).encode())) as server:
        completion = open_for(server).generate(ask("hi"))
    assert (completion.text, completion.reasoning) == ("x", "hm")
