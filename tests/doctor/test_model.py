"""A model on a scripted server: what is found of it, over both wire protocols."""

from collections.abc import Callable
from typing import Any

import pytest

from pytest_mcode.doctor.model import check_completion, check_context, check_server
from pytest_mcode.harnesses.findings import Finding, run_check
from pytest_mcode.session.plan import build_settings
from pytest_mcode.settings import Settings
from tests.servers import CLOSE, OllamaServer, OpenAIServer, Reply, ScriptedServer, status

CODE = Reply("```python\ndef gap(a, b):\n    return abs(a - b)\n```", completion_tokens=40)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def settings_for(server: ScriptedServer, **options: Any) -> Settings:
    backend = "ollama" if isinstance(server, OllamaServer) else "openai"
    usual = {"benchmark": "smoke", "backend": backend, "model": server.model, "base_url": server.url}
    return build_settings({**usual, **options})


def found(check: Callable[[Settings], Any], settings: Settings) -> list[tuple[str, str]]:
    return [(each.level, each.message) for each in results(check, settings)]


def results(check: Callable[[Settings], Any], settings: Settings) -> list[Finding]:
    return list(run_check("model", lambda: check(settings)))


@pytest.mark.parametrize("serve", [OllamaServer, OpenAIServer])
def test_a_good_model(serve: type[ScriptedServer]) -> None:
    with serve(CODE) as server:
        settings = settings_for(server)
        ((level, message),) = found(check_server, settings)
        assert (level, message.split(",")[0]) == ("ok", f"{server.model} on {settings.backend}")
        speed, seed = results(check_completion, settings)
    assert (speed.level, speed.data["completion_tokens"]) == ("ok", 40)
    assert speed.data["tokens_per_second"] == pytest.approx(40 / speed.data["seconds"])
    assert (seed.level, seed.data) == ("ok", {"seeds": "honoured"})
    assert server.asked_seeds[0] == 0
    assert sorted(server.asked_seeds[1:]) == [0, 1]
    assert len(server.requests) == 2
    assert server.requests[0] == server.requests[1]


def test_an_unknown_model_and_a_server_that_is_away() -> None:
    with OllamaServer(CODE) as server:
        ((level, message),) = found(check_server, settings_for(server, model="other:1b"))
        assert (level, "pull it with: ollama pull other:1b" in message) == ("problem", True)
    ((level, message),) = found(check_server, settings_for(server))
    assert (level, "start it with: ollama serve" in message) == ("problem", True)


@pytest.mark.parametrize("reply", [CLOSE, status(503)])
def test_a_server_that_fails_is_asked_once(reply: Reply) -> None:
    with OllamaServer(reply) as server:
        ((level, message),) = found(check_completion, settings_for(server))
    assert (level, "asked once" in message) == ("problem", True)
    assert len(server.requests) == 1


def test_what_is_odd_about_an_answer() -> None:
    with OllamaServer(["I can't help with that.", "No."]) as server:
        server.seeds = "not honoured"
        _, code, seed = found(check_completion, settings_for(server))
    assert code == ("warning", 'no code in the answer to a small task: "I can\'t help with that."')
    assert seed == (
        "note",
        "equal requests with equal seeds got different answers: a run does not repeat exactly",
    )
    with OllamaServer(Reply("```python\ndef gap(", finish="length", completion_tokens=None)) as server:
        speed, cut, _ = found(check_completion, settings_for(server))
    assert (speed[0], speed[1].endswith("the server counts no tokens")) == ("warning", True)
    assert cut == ("warning", "the answer was cut by the token limit")


def test_a_seed_without_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(CODE) as server:
        server.seeds = "no effect"
        _, seed = found(check_completion, settings_for(server))
        assert seed == ("note", "every seed got the same answer, as at temperature 0")
        monkeypatch.setattr(server, "_village", lambda _body: status(503))
        _, unseen = found(check_completion, settings_for(server))
    assert (unseen[0], unseen[1].startswith("whether seeds are honoured was not seen: ")) == ("note", True)


#####


def counting(window: int | None, *, per_word: float = 1.0) -> Callable[[dict[str, Any]], Reply]:
    """A server's count of a prompt: what fits its window, whatever was asked for; None counts nothing."""

    def answer(body: dict[str, Any]) -> Reply:
        words = len(body["messages"][0]["content"].split())
        tokens = 12 + round(per_word * words)
        return Reply("OK", prompt_tokens=None if window is None else min(tokens, window))

    return answer


@pytest.mark.parametrize("per_word", [1.0, 1.37, 3.0])
def test_a_context_window_that_is_honoured(per_word: float) -> None:
    with OllamaServer(counting(8192, per_word=per_word)) as server:
        (finding,) = results(check_context, settings_for(server, context_window=8192))
    assert finding.level == "ok"
    assert finding.data["sent_tokens"] == pytest.approx(0.9 * 8192, abs=4)
    assert server.requests[-1]["options"]["num_ctx"] == 8192
    assert server.requests[-1]["options"]["num_predict"] == 8


def test_a_prompt_that_is_cut_without_a_word() -> None:
    with OllamaServer(counting(4096)) as server:
        (finding,) = results(check_context, settings_for(server, context_window=8192))
    assert finding.level == "problem"
    assert finding.message == (
        f"8192 tokens are not honoured: of about {finding.data['sent_tokens']} sent the server read 4096: "
        "the rest was cut without a word"
    )
    assert "OLLAMA_NUM_PARALLEL" in finding.remedy


def test_a_window_that_cannot_be_known() -> None:
    with OllamaServer(counting(None)) as server:
        (finding,) = results(check_context, settings_for(server, context_window=8192))
    assert (finding.level, finding.message) == (
        "warning",
        "whether 8192 tokens are honoured can't be known: the server does not count the prompt's tokens",
    )


@pytest.mark.parametrize(("serve", "said"), [(OllamaServer, "cuts longer"), (OpenAIServer, "can't be known")])
def test_no_window_asked_for(serve: type[ScriptedServer], said: str) -> None:
    with serve() as server:
        ((level, message),) = found(check_context, settings_for(server))
    assert (level, said in message, server.requests) == ("note", True, [])
