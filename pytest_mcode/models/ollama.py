"""Ollama over its own API. Endpoints: its ``docs/api.md``; addresses: its ``envconfig/config.go``."""

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import OPTIONAL, ModelSettings
from pytest_mcode.models.addresses import join_address, split_address
from pytest_mcode.models.mellea import MelleaBackend
from pytest_mcode.models.network import Route
from pytest_mcode.models.options import refusal, without_none
from pytest_mcode.models.words import mapping

__all__ = ["BACKEND"]

OPTIONS = frozenset(
    {
        "frequency_penalty",
        "main_gpu",
        "min_p",
        "num_batch",
        "num_gpu",
        "num_keep",
        "num_thread",
        "presence_penalty",
        "repeat_last_n",
        "repeat_penalty",
        "stop",
        "think",
        "top_k",
        "top_p",
        "typical_p",
        "use_mmap",
    }
)
"""Ollama drops an option that it does not know with no more than a line in its own log."""
PORTS = {"": 11434, "http": 80, "https": 443}


class Ollama(MelleaBackend):
    """Models of an Ollama server."""

    name = "ollama"
    summary = "models of an Ollama server, over its own API"
    keys = "OLLAMA_API_KEY"
    takes = frozenset(OPTIONAL)
    remedies = {404: "pull the model (ollama pull {model}), or check --mcode-base-url"}  # noqa: RUF012
    unasked_window = (
        "Ollama takes its own default (4096 in many versions) and cuts longer prompts without a word"
    )

    modules = ("mellea.backends.ollama", "pytest_mcode.models.chat")

    def address(self, base_url: str | None) -> str:
        """Return `base_url`, else ``OLLAMA_HOST``, else this machine; without a path ``/v1`` or ``/api``.

        A missing scheme is ``http``, a missing port 11434.
        """
        written = base_url or os.environ.get("OLLAMA_HOST") or "127.0.0.1"
        scheme, host, port, path = split_address(written)
        return join_address(
            scheme, host, port or PORTS[scheme], path.removesuffix("/v1").removesuffix("/api")
        )

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse what Ollama would drop."""
        for key in options:
            if key == "num_ctx":
                raise refusal(key, "has a flag of its own; use --mcode-context-window")
            if key not in OPTIONS:
                raise refusal(key, f"is not known to ollama; known are {', '.join(sorted(OPTIONS))}")

    def call_options(self, settings: ModelSettings) -> dict[str, Any]:
        """Return Ollama's ``options``; of ``stop`` it takes a list alone."""
        stop = settings.options.get("stop")
        named = {
            "temperature": settings.temperature,
            "num_predict": settings.max_tokens,
            "num_ctx": settings.context_window,
            "stop": [stop] if isinstance(stop, str) else stop,
        }
        return {**settings.options, **without_none(named)}

    def connect(self, settings: ModelSettings, url: str | None, route: Route | None) -> Any:
        """Return Mellea's backend."""
        from mellea.backends.ollama import OllamaModelBackend

        class OllamaWithoutPull(OllamaModelBackend):  # type: ignore[misc]
            """Opens without a request: Mellea's own pulls a missing model, gigabytes in mid-test."""

            def _check_ollama_server(self) -> bool:
                return True

            def _pull_ollama_model(self) -> bool:
                return True

        assert route is not None
        backend = OllamaWithoutPull(settings.model, base_url=url, timeout=settings.request_timeout)
        backend._client_kwargs |= route.options
        return backend

    def inquire(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Ask for the model's digest, its details and its longest context."""
        from pytest_mcode.models.inquiry import Inquiry

        url, model = self.address(settings.base_url), settings.model
        where = f"ollama at {url}"
        remedy = "start it with: ollama serve; or give its address with --mcode-base-url or OLLAMA_HOST"
        with Inquiry(where, url, remedy=remedy, key="OLLAMA_API_KEY") as inquiry:
            listed = {
                entry.get("model") or entry.get("name"): entry
                for entry in inquiry.listing("/api/tags", "models")
            }
            name = model if ":" in model.rpartition("/")[2] else f"{model}:latest"
            if name not in listed:
                raise ConfigurationError(
                    f"{where}: no model {model!r} there; pull it with: ollama pull {model}"
                    f"{_similar(model, listed)}"
                )
            shown = inquiry.optional("/api/show", {"model": model})
            version = inquiry.optional("/api/version").get("version")
        details = {**mapping(shown.get("details")), **mapping(listed[name].get("details"))}
        lengths = mapping(shown.get("model_info"))
        length = lengths.get(f"{lengths.get('general.architecture')}.context_length")
        return {
            "server_version": version,
            "digest": listed[name].get("digest"),
            "quantization": details.get("quantization_level"),
            "parameter_size": details.get("parameter_size"),
            "family": details.get("family"),
            "format": details.get("format"),
            "context_length": length,
            "default_options": shown.get("parameters"),
        }


def _similar(model: str, names: Iterable[Any]) -> str:
    known = sorted(str(name) for name in names)
    base = model.partition(":")[0]
    close = [name for name in known if name.partition(":")[0] == base]
    close += [name for name in difflib.get_close_matches(model, known, n=3) if name not in close]
    if close:
        return f" (there is: {', '.join(close[:5])})"
    return f" (it has: {', '.join(known[:10])})" if known else " (it has none yet)"


BACKEND = Ollama()
