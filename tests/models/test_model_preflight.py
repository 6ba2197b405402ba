"""What is found out before the first task."""

import json
import sys
import time
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import backends, inquiry
from tests.servers import CLOSE, DRIBBLE, DROP, HANG, HTML, OllamaServer, OpenAIServer, Reply, status

from .conftest import Wire, asked

REMEDIES = {
    "ollama": "start it with: ollama serve; or give its address with --mcode-base-url or OLLAMA_HOST",
    "openai": "start it (vLLM: vllm serve MODEL, llama.cpp: llama-server -m FILE), "
    "or give its address with --mcode-base-url or OPENAI_BASE_URL",
}
LISTINGS = {"ollama": "/api/tags", "openai": "/v1/models"}


def preflight(backend: str, model: str, **more: Any) -> Any:
    return backends.check_model(backend, asked(model, **more))


def refusal(backend: str, model: str, url: str, **more: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        preflight(backend=backend, model=model, base_url=url, **more)
    return str(caught.value)


def answer(value: object) -> Reply:
    return Reply(body=json.dumps(value).encode())


def test_ollama_tells_everything() -> None:
    with OllamaServer() as server:
        info = preflight(backend="ollama", model=server.model, base_url=server.url)
        assert info == {
            "base_url": server.url,
            "server_version": "0.13.5",
            "digest": OllamaServer.DIGEST,
            "quantization": "Q4_K_M",
            "parameter_size": "7.6B",
            "family": "qwen2",
            "format": "gguf",
            "context_length": 32768,
            "default_options": "temperature                    0.7",
        }
        assert not {path for _, path in server.log} & {"/api/pull", "/api/chat", "/api/generate"}


def test_an_older_ollama_tells_less() -> None:
    with OllamaServer() as server:
        server.overrides |= {"/api/show": status(404), "/api/version": HTML}
        server.overrides["/api/tags"] = answer({"models": [{"name": server.model, "digest": "abc"}]})
        info = preflight(backend="ollama", model=server.model, base_url=server.url)
    assert info == {"base_url": server.url, "digest": "abc"}


def test_the_tag_latest_may_be_left_out() -> None:
    with OllamaServer(models=["qwen3:latest", "host:5000/me/own:latest"]) as server:
        for name in ("qwen3", "qwen3:latest", "host:5000/me/own"):
            assert preflight(backend="ollama", model=name, base_url=server.url)["digest"]


def test_a_name_must_be_exact_and_the_near_ones_are_named() -> None:
    with OllamaServer(models=["qwen2.5-coder:7b", "qwen2.5-coder:0.5b", "llama3:8b"]) as server:
        where = f"ollama at {server.url}: no model "
        assert refusal("ollama", "qwen2.5-coder", server.url) == (
            f"{where}'qwen2.5-coder' there; pull it with: ollama pull qwen2.5-coder "
            "(there is: qwen2.5-coder:0.5b, qwen2.5-coder:7b)"
        )
        assert refusal("ollama", "lama3:8b", server.url) == (
            f"{where}'lama3:8b' there; pull it with: ollama pull lama3:8b (there is: llama3:8b)"
        )
        assert refusal("ollama", "zzz", server.url) == (
            f"{where}'zzz' there; pull it with: ollama pull zzz "
            "(it has: llama3:8b, qwen2.5-coder:0.5b, qwen2.5-coder:7b)"
        )
        server.models.clear()
        assert refusal("ollama", "q", server.url) == (
            f"{where}'q' there; pull it with: ollama pull q (it has none yet)"
        )


def test_a_context_window_that_the_model_does_not_have() -> None:
    with OllamaServer() as server:
        preflight(backend="ollama", model=server.model, base_url=server.url, context_window=32768)
        assert refusal("ollama", server.model, server.url, context_window=32769) == (
            "--mcode-context-window: 32769 tokens are more than the 32768 "
            "that qwen2.5-coder:7b was made for; give at most 32768"
        )


def test_options_are_checked_before_anything_is_asked() -> None:
    with OllamaServer() as server:
        assert refusal("ollama", "x", server.url, options=["nonsense=1"]).startswith(
            "--mcode-model-option: nonsense is not known to ollama"
        )
        assert server.log == []


def test_vllm() -> None:
    with OpenAIServer() as server:
        info = preflight(backend="openai", model=server.model, base_url=server.url)
    assert info == {"base_url": f"{server.url}/v1", "server_version": "0.11.2", "context_length": 32768}


def test_llama_cpp() -> None:
    with OpenAIServer() as server:
        server.overrides |= {
            "/version": status(404),
            "/v1/models": answer(
                {"data": [{"id": "qwen", "meta": {"n_ctx_train": 131072, "n_params": 7615616512}}]}
            ),
            "/props": answer(
                {
                    "build_info": "b8681-2b5d1ed",
                    "model_path": "/models/qwen-q4_k_m.gguf",
                    "slots": 4,
                    "total_slots": 4,
                    "default_generation_settings": {"n_ctx": 8192},
                }
            ),
        }
        info = preflight(backend="openai", model="qwen", base_url=server.url)
    assert info == {
        "base_url": f"{server.url}/v1",
        "server_version": "b8681-2b5d1ed",
        "model_path": "/models/qwen-q4_k_m.gguf",
        "slots": 4,
        "context_length": 8192,
        "parameters": 7615616512,
    }


def test_lm_studio() -> None:
    odd = answer({"error": "Unexpected endpoint or method. (GET /props)"})
    with OpenAIServer(models=["qwen/qwen3"]) as server:
        server.overrides |= {
            "/version": odd,
            "/props": odd,
            "/v1/models": answer({"data": [{"id": "qwen/qwen3", "object": "model"}]}),
            "/api/v0/models/qwen%2Fqwen3": answer(
                {
                    "arch": "qwen3",
                    "quantization": "4bit",
                    "compatibility_type": "mlx",
                    "max_context_length": 40960,
                }
            ),
        }
        info = preflight(backend="openai", model="qwen/qwen3", base_url=server.url)
    assert info == {
        "base_url": f"{server.url}/v1",
        "quantization": "4bit",
        "family": "qwen3",
        "format": "mlx",
        "context_length": 40960,
    }


def test_an_unknown_model_on_openai() -> None:
    with OpenAIServer(models=["b", "a"]) as server:
        assert (
            refusal("openai", "c", server.url)
            == f"openai at {server.url}/v1: no model 'c' there; it has a, b"
        )


@pytest.mark.parametrize(
    "reply", [status(404), status(405), answer({"data": []})], ids=["404", "405", "none"]
)
def test_an_openai_server_may_list_no_models(reply: Reply) -> None:
    with OpenAIServer() as server:
        server.overrides["/v1/models"] = reply
        info = preflight(backend="openai", model="anything", base_url=server.url)
    assert info["unverified"] == "the server lists no models"


@pytest.mark.parametrize("code", [401, 403])
def test_keys(wire: Wire, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    variable = {"ollama": "OLLAMA_API_KEY", "openai": "OPENAI_API_KEY"}[wire.backend]
    with wire.serve() as server:
        server.overrides[LISTINGS[wire.backend]] = status(code)
        where = f"{wire.where(server)}: HTTP {code}"
        assert refusal(wire.backend, "x", server.url) == f"{where}: it wants a key; set {variable}"
        monkeypatch.setenv(variable, "sk-wrong")
        assert refusal(wire.backend, "x", server.url) == (
            f"{where}: it refuses the key in {variable}; give it another one"
        )


def test_refused(wire: Wire) -> None:
    with wire.serve() as server:
        pass
    assert refusal(wire.backend, "x", server.url) == (
        f"{wire.where(server)}: no answer (All connection attempts failed); {REMEDIES[wire.backend]}"
    )


@pytest.mark.parametrize("reply", [CLOSE, DROP], ids=["closed", "dropped"])
def test_dropped(wire: Wire, reply: Reply) -> None:
    with wire.serve() as server:
        server.overrides[LISTINGS[wire.backend]] = reply
        message = refusal(wire.backend, "x", server.url)
    assert message.startswith(f"{wire.where(server)}: no answer (")
    assert message.endswith(f"); {REMEDIES[wire.backend]}")


@pytest.mark.parametrize("reply", [HANG, DRIBBLE], ids=["hung", "dribbling"])
def test_a_server_that_does_not_end_its_answer(
    wire: Wire, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiry, "SECONDS", 0.3)
    with wire.serve() as server:
        server.overrides[LISTINGS[wire.backend]] = reply
        start = time.monotonic()
        message = refusal(wire.backend, "x", server.url)
        assert time.monotonic() - start < 3
    assert message == f"{wire.where(server)}: no answer within 0.3 s; {REMEDIES[wire.backend]}"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (HTML, 200),
        (status(503), 503),
        (status(500), 500),
        (answer([]), 200),
        (answer({"models": 1, "data": 1}), 200),
    ],
    ids=["HTML", "503", "500", "list", "number"],
)
def test_another_kind_of_server(wire: Wire, reply: Reply, code: int) -> None:
    path = LISTINGS[wire.backend]
    with wire.serve() as server:
        server.overrides[path] = reply
        said = "" if code == 200 else " (scripted failure)"
        assert refusal(wire.backend, "x", server.url) == (
            f"{wire.where(server)}: HTTP {code} at {path.removeprefix('/v1')}, and no list of models{said}; "
            "is this another kind of server (--mcode-backend), or still starting?"
        )


@pytest.mark.parametrize(
    ("backend", "library"), [("litellm", "litellm"), ("hf", "transformers"), ("watsonx", "ibm_watsonx_ai")]
)
def test_a_missing_library(monkeypatch: pytest.MonkeyPatch, backend: str, library: str) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError) as caught:
        preflight(backend=backend, model="x")
    assert str(caught.value) == (
        f"--mcode-backend={backend}: the package {library} is missing; "
        f"install it with: pip install 'mellea[{backend}]'"
    )


def test_backends_without_a_server_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: sys.modules[__name__].__spec__)
    assert preflight(backend="litellm", model="openai/x", base_url="http://h/v1/") == {
        "base_url": "http://h/v1",
        "unverified": "litellm reports nothing of a model before the first request",
    }
    monkeypatch.delenv("WATSONX_API_KEY", raising=False)
    monkeypatch.setenv("WATSONX_PROJECT_ID", "p")
    with pytest.raises(ConfigurationError) as caught:
        preflight(backend="watsonx", model="x")
    assert str(caught.value) == "--mcode-backend=watsonx: set WATSONX_API_KEY in the environment"
