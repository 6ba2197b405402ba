"""Servers that speak OpenAI's chat completions: OpenAI itself, vLLM, llama.cpp, LM Studio and many more.

Endpoints of a preflight: vLLM's ``/version``; llama.cpp's ``/props`` (``tools/server/README.md``);
LM Studio's REST API v0.
"""

import inspect
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import ModelSettings
from pytest_mcode.models.addresses import join_address, split_address
from pytest_mcode.models.failures import AnswerError
from pytest_mcode.models.load import LoadMeter
from pytest_mcode.models.mellea import MelleaBackend
from pytest_mcode.models.network import Route, route_to
from pytest_mcode.models.options import without_none
from pytest_mcode.models.words import mapping

if TYPE_CHECKING:
    from pytest_mcode.models.inquiry import Inquiry

__all__ = ["BACKEND", "api_key"]

OPENAI_ITSELF = "https://api.openai.com/v1"
DUMMY_KEY = "none-needed"


class OpenAI(MelleaBackend):
    """Models of OpenAI, or of a server that is compatible with it."""

    name = "openai"
    summary = "models of OpenAI and of compatible servers: vLLM, llama.cpp, LM Studio"
    keys = "OPENAI_API_KEY"
    reasons = {  # noqa: RUF012
        "context_window": "an OpenAI-compatible server sets its window when it starts "
        "(vLLM: --max-model-len, llama.cpp: -c, LM Studio: when the model is loaded); leave the flag out"
    }
    remedies = {  # noqa: RUF012
        404: "check that the server knows the model {model!r}, and --mcode-base-url (it often ends in /v1)"
    }

    modules = ("openai", "mellea.backends.openai", "pytest_mcode.models.chat")

    def address(self, base_url: str | None) -> str:
        """Return `base_url`, else ``OPENAI_BASE_URL``, else OpenAI's; a missing path is ``/v1``."""
        written = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_ITSELF
        scheme, host, port, path = split_address(written)
        return join_address(scheme, host, port, path or "/v1")

    def call_options(self, settings: ModelSettings) -> dict[str, Any]:
        """Return nothing: see `extra_body`."""
        return {}

    def connect(self, settings: ModelSettings, url: str | None, route: Route | None) -> Any:
        """Return Mellea's backend."""
        import openai
        from mellea.backends.openai import OpenAIBackend
        from openai.resources.chat.completions import Completions

        accepted = set(inspect.signature(Completions.create).parameters)

        class OpenAIThatReads(OpenAIBackend):  # type: ignore[misc]
            """Reads answers that Mellea stumbles over, or says what is in them."""

            def filter_chat_completions_kwargs(self, model_options: dict[str, Any]) -> dict[str, Any]:
                # Mellea's own asks for the signature at each request, which takes longer than to word it.
                return {name: value for name, value in model_options.items() if name in accepted}

            async def processing(self, mot: Any, chunk: Any) -> None:
                await super().processing(mot, readable(chunk))

        assert url is not None
        assert route is not None
        backend = OpenAIThatReads(
            settings.model,
            base_url=url,
            api_key=api_key(url),
            default_extra_body=extra_body(url, settings),
            timeout=settings.request_timeout,
            max_retries=0,
        )
        backend._openai_client_kwargs["http_client"] = openai.DefaultAsyncHttpxClient(**route.options)
        return backend

    def load_meter(self, settings: ModelSettings) -> LoadMeter | None:
        """Return what reads the metrics of vLLM, SGLang and llama.cpp; OpenAI itself has none."""
        url = self.address(settings.base_url)
        if is_openai_itself(url):
            return None
        return LoadMeter(f"{url.removesuffix('/v1')}/metrics", route_to(url))

    def inquire(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Ask for the list of models, and what is known of servers that are not OpenAI itself."""
        from pytest_mcode.models.inquiry import Inquiry

        url, model = self.address(settings.base_url), settings.model
        where = f"openai at {url}"
        remedy = (
            "start it (vLLM: vllm serve MODEL, llama.cpp: llama-server -m FILE), "
            "or give its address with --mcode-base-url or OPENAI_BASE_URL"
        )
        headers = {"Authorization": f"Bearer {api_key(url)}"}
        with Inquiry(where, url, remedy=remedy, key="OPENAI_API_KEY", headers=headers) as inquiry:
            listed = {entry.get("id"): entry for entry in inquiry.listing("/models", "data", may_lack=True)}
            if listed and model not in listed:
                names = ", ".join(sorted(map(str, listed))[:10])
                raise ConfigurationError(f"{where}: no model {model!r} there; it has {names}")
            found = {} if is_openai_itself(url) else _compatible_server(inquiry, url, model)
            entry = mapping(listed.get(model))
            meta = mapping(entry.get("meta"))
            return {
                "unverified": None if listed else "the server lists no models",
                "context_length": entry.get("max_model_len") or meta.get("n_ctx_train"),
                "parameters": meta.get("n_params"),
                **without_none(found),
            }


def is_openai_itself(url: str) -> bool:
    """Whether `url` is OpenAI's own service rather than a compatible server."""
    return urlsplit(url).hostname == urlsplit(OPENAI_ITSELF).hostname


def api_key(url: str) -> str:
    """Return ``OPENAI_API_KEY``; servers other than OpenAI's get a dummy where it is unset.

    Raises `ConfigurationError` where OpenAI itself is asked and no key is there.
    """
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and is_openai_itself(url):
        raise ConfigurationError(
            f"openai at {url}: no API key; set OPENAI_API_KEY, or name your own server "
            "with --mcode-base-url=http://localhost:8000/v1"
        )
    return key or DUMMY_KEY


def extra_body(url: str, settings: ModelSettings) -> dict[str, Any]:
    """Return what goes verbatim into every request body.

    Mellea would drop what it does not know. Compatible servers get ``max_tokens``: llama.cpp
    (before 2026), llama-cpp-python and Ollama ignore the newer ``max_completion_tokens``, which
    OpenAI itself insists on.
    """
    limit = "max_completion_tokens" if is_openai_itself(url) else "max_tokens"
    named = {"temperature": settings.temperature, limit: settings.max_tokens}
    return {**settings.options, **without_none(named)}


def readable(answer: Any) -> Any:
    """Return a chat completion whose content is text, as Mellea reads it.

    Content may be a list of parts (Mistral's is, with its thinking). Raises `AnswerError` for what
    is not a completion: a page, an event stream, an error inside HTTP 200 or inside a choice.
    """
    choices = getattr(answer, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise AnswerError(_plain(answer))
    message, error = getattr(choices[0], "message", None), getattr(choices[0], "error", None)
    if error:
        raise AnswerError({"error": error}, "an error instead of an answer")
    if message is None:
        raise AnswerError(_plain(answer), "no message in it")
    if isinstance(parts := message.content, list):
        message.content = "".join(_text(part) for part in parts)
        if thinking := "".join(_thinking(part) for part in parts):
            message.reasoning_content = thinking
    return answer


def _plain(answer: Any) -> Any:
    """Return what OpenAI's library has made of an answer as it was, JSON types."""
    if isinstance(answer, list):
        return [_plain(each) for each in answer]
    return answer.model_dump(warnings=False) if hasattr(answer, "model_dump") else answer


def _text(part: Any) -> str:
    text = part if isinstance(part, str) else mapping(part).get("text")
    return text if isinstance(text, str) else ""


def _thinking(part: Any) -> str:
    thinking = mapping(part).get("thinking")
    if isinstance(thinking, list):
        return "".join(_text(each) for each in thinking)
    return thinking if isinstance(thinking, str) else ""


def _compatible_server(inquiry: "Inquiry", url: str, model: str) -> dict[str, Any]:
    """Ask as vLLM, llama.cpp and LM Studio want to be asked; the first that answers it is."""
    root = url.removesuffix("/v1")
    if version := inquiry.optional(f"{root}/version").get("version"):
        return {"server_version": version}
    if build := (props := inquiry.optional(f"{root}/props")).get("build_info"):
        return {
            "server_version": build,
            "model_path": props.get("model_path"),
            "context_length": mapping(props.get("default_generation_settings")).get("n_ctx"),
            "slots": slots if isinstance(slots := props.get("total_slots"), int) and slots > 0 else None,
        }
    shown = inquiry.optional(f"{root}/api/v0/models/{quote(model, safe='')}")
    return {
        "quantization": shown.get("quantization"),
        "family": shown.get("arch"),
        "format": shown.get("compatibility_type"),
        "context_length": shown.get("loaded_context_length") or shown.get("max_context_length"),
    }


BACKEND = OpenAI()
