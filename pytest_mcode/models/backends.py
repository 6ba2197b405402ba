"""Mellea's backends by name, each library imported only when its backend is opened."""

import os
import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models.addresses import api_key
from pytest_mcode.models.options import Generation, call_options, extra_body

__all__ = ["MELLEA_BACKENDS", "ignore_library_warnings", "open_backend", "quiet_libraries"]

_LIBRARY_MODULES = r"(mellea|ollama|openai|litellm|pydantic|httpx2?|ibm_watsonx_ai|transformers|torch)(\.|$)"


def quiet_libraries() -> None:
    """Keep the libraries from printing and from fetching things on import; call before importing them."""
    os.environ.setdefault("MELLEA_LOGS_CONSOLE", "0")
    os.environ.setdefault("MELLEA_LOGS_LEVEL", "WARNING")
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


def ignore_library_warnings() -> None:
    """Keep warnings about the libraries' own code from becoming errors under ``-W error``.

    Holds until the filters are reset, as pytest does after each test.
    """
    warnings.filterwarnings("ignore", module=_LIBRARY_MODULES)


def open_backend(name: str, *, model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    """Return Mellea's backend `name`, without asking anything of a server but its version.

    `timeout` is in seconds, for each network operation. Raises `ConfigurationError` when the
    backend's library is missing or refuses what it is given.
    """
    quiet_libraries()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _OPENERS[name](model, url, timeout, generation)
        except ImportError as error:
            raise ConfigurationError(f"--mcode-backend={name}: {error}; {_install(name)}") from error
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(
                f"--mcode-backend={name}: cannot open the model {model!r}: {type(error).__name__}: {error}"
            ) from error


def _install(name: str) -> str:
    extra = "" if name in ("ollama", "openai") else f"[{name}]"
    return f"install its library with: pip install 'mellea{extra}'"


def _ollama(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.ollama import OllamaModelBackend

    class OllamaWithoutPull(OllamaModelBackend):  # type: ignore[misc]
        """Opens without a request: Mellea's own pulls a missing model, gigabytes in the midst of a test."""

        def _check_ollama_server(self) -> bool:
            return True

        def _pull_ollama_model(self) -> bool:
            return True

    return OllamaWithoutPull(model, base_url=url, timeout=timeout)


def _openai(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.openai import OpenAIBackend

    assert url is not None
    return OpenAIBackend(
        model,
        base_url=url,
        api_key=api_key(url),
        default_extra_body=extra_body(url, generation),
        timeout=timeout,
        max_retries=0,
    )


def _litellm(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.litellm import LiteLLMBackend, litellm

    class LiteLLMThatCloses(LiteLLMBackend):  # type: ignore[misc]
        """Closes LiteLLM's connections too, which Mellea leaves open."""

        async def aclose(self) -> None:
            await litellm.close_litellm_async_clients()

    litellm.suppress_debug_info = True
    supported = _litellm_parameters(litellm, model)
    _refuse_dropped(litellm, model, supported, generation)
    own = {"max_retries": 0} if "max_retries" in supported else {}
    return LiteLLMThatCloses(model, base_url=url, model_options=own)


def _litellm_parameters(litellm: Any, model: str) -> set[str]:
    try:
        litellm.get_llm_provider(model)
    except litellm.exceptions.BadRequestError as error:
        raise ConfigurationError(
            f"--mcode-model: {model!r} names no provider that litellm knows; "
            "put it before the model, such as ollama_chat/qwen2.5-coder:7b or openai/gpt-4.1"
        ) from error
    return set(litellm.get_supported_openai_params(model) or ())


def _refuse_dropped(litellm: Any, model: str, supported: set[str], generation: Generation) -> None:
    """Refuse what Mellea lets LiteLLM drop in silence: OpenAI's parameters that the provider lacks."""
    asked = set(call_options("litellm", generation)) & set(litellm.OPENAI_CHAT_COMPLETION_PARAMS)
    if "max_tokens" in supported:
        asked.discard("max_completion_tokens")
    if dropped := sorted(asked - supported):
        raise ConfigurationError(
            f"--mcode-backend=litellm: {model} does not take {', '.join(dropped)}; leave it out"
        )


def _hf(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.huggingface import LocalHFBackend

    return LocalHFBackend(model)


def _watsonx(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.watsonx import TextChatParameters, WatsonxAIBackend

    known = {field.name for field in fields(TextChatParameters)}
    if unknown := sorted(set(generation.extra) - known):
        raise ConfigurationError(
            f"--mcode-model-option: {', '.join(unknown)} is not known to watsonx; "
            f"known are {', '.join(sorted(known))}"
        )
    return WatsonxAIBackend(model, base_url=url)


_OPENERS: dict[str, Callable[[str, str | None, float, Generation], Any]] = {
    "ollama": _ollama,
    "openai": _openai,
    "litellm": _litellm,
    "hf": _hf,
    "watsonx": _watsonx,
}
MELLEA_BACKENDS = tuple(_OPENERS)
