"""Mellea's backends by name, each library imported only when its backend is opened."""

import os
import warnings
from collections.abc import Callable
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models.addresses import api_key
from pytest_mcode.models.options import Generation, extra_body

__all__ = ["MELLEA_BACKENDS", "open_backend", "quiet_libraries"]


def quiet_libraries() -> None:
    """Keep the libraries from printing and from fetching things on import; call before importing them."""
    os.environ.setdefault("MELLEA_LOGS_CONSOLE", "0")
    os.environ.setdefault("MELLEA_LOGS_LEVEL", "WARNING")
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


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
    from mellea.backends import litellm

    litellm.litellm.suppress_debug_info = True
    return litellm.LiteLLMBackend(model, base_url=url)


def _hf(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.huggingface import LocalHFBackend

    return LocalHFBackend(model)


def _watsonx(model: str, url: str | None, timeout: float, generation: Generation) -> Any:
    from mellea.backends.watsonx import WatsonxAIBackend

    return WatsonxAIBackend(model, base_url=url)


_OPENERS: dict[str, Callable[[str, str | None, float, Generation], Any]] = {
    "ollama": _ollama,
    "openai": _openai,
    "litellm": _litellm,
    "hf": _hf,
    "watsonx": _watsonx,
}
MELLEA_BACKENDS = tuple(_OPENERS)
