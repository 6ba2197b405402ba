"""Before the first task: is the model server there, does it know the model, and what does it tell of it?

Endpoints: Ollama's ``docs/api.md``; vLLM's ``/version``; llama.cpp's ``/props`` (``tools/server/README.md``);
LM Studio's REST API v0.
"""

import difflib
import importlib.util
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models.addresses import api_key, is_openai_itself, server_url
from pytest_mcode.models.inquiry import Inquiry
from pytest_mcode.models.options import generation_for

__all__ = ["preflight"]

_LIBRARIES = {"litellm": "litellm", "hf": "transformers", "watsonx": "ibm_watsonx_ai"}
_WATSONX_VARIABLES = ("WATSONX_API_KEY", "WATSONX_PROJECT_ID")


def preflight(
    *,
    backend: str,
    model: str,
    base_url: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    context_window: int | None = None,
    options: Sequence[str] = (),
    timeout: float = 5.0,
) -> dict[str, Any]:
    """Check what `open_model` will be given, and return what the server tells of `model`, JSON types.

    Loads, pulls and generates nothing, and imports none of the model libraries.

    Keys, each present only where told: ``base_url, server_version, digest, quantization,
    parameter_size, family, format, context_length, default_options, unverified``. The last says
    in words what could not be checked. Each request takes at most `timeout` seconds.

    Raises `ConfigurationError` with the remedy when the backend can't honour an option, the server
    is out of reach or refuses the key, when it does not know the model, or when the model's
    context is shorter than `context_window` tokens.
    """
    generation_for(
        backend,
        temperature=temperature,
        max_tokens=max_tokens,
        context_window=context_window,
        options=options,
    )
    match backend:
        case "ollama" | "openai":
            url = server_url(backend, base_url)
            assert url is not None
            probe = _ollama if backend == "ollama" else _openai
            info = {"base_url": url, **probe(url, model, timeout)}
        case _:
            info = {"base_url": server_url(backend, base_url), **_without_server(backend)}
    told = {key: value for key, value in info.items() if value not in (None, "", {}, [])}
    _check_context(model, told.get("context_length"), context_window)
    return told


def _check_context(model: str, length: object, asked: int | None) -> None:
    if asked is not None and isinstance(length, int) and asked > length:
        raise ConfigurationError(
            f"--mcode-context-window: {asked} tokens are more than the {length} that {model} was made for; "
            f"give at most {length}"
        )


def _without_server(backend: str) -> dict[str, Any]:
    library = _LIBRARIES[backend]
    if importlib.util.find_spec(library) is None:
        raise ConfigurationError(
            f"--mcode-backend={backend}: the package {library} is missing; "
            f"install it with: pip install 'mellea[{backend}]'"
        )
    if backend == "watsonx" and (
        missing := [name for name in _WATSONX_VARIABLES if not os.environ.get(name)]
    ):
        raise ConfigurationError(f"--mcode-backend=watsonx: set {' and '.join(missing)} in the environment")
    return {"unverified": f"{backend} tells nothing of a model before the first request"}


def _ollama(url: str, model: str, timeout: float) -> dict[str, Any]:
    with Inquiry("ollama", url, {}, timeout) as inquiry:
        listed = {
            entry.get("model") or entry.get("name"): entry for entry in inquiry.listing("/api/tags", "models")
        }
        name = model if ":" in model.rpartition("/")[2] else f"{model}:latest"
        if name not in listed:
            raise ConfigurationError(
                f"ollama at {url}: no model {model!r} there; pull it with: ollama pull {model}"
                f"{_similar(model, listed)}"
            )
        shown = inquiry.optional("/api/show", {"model": model})
        return {
            "server_version": inquiry.optional("/api/version").get("version"),
            **_ollama_details(listed[name], shown),
        }


def _ollama_details(entry: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    details = {**_mapping(shown.get("details")), **_mapping(entry.get("details"))}
    lengths = _mapping(shown.get("model_info"))
    return {
        "digest": entry.get("digest"),
        "quantization": details.get("quantization_level"),
        "parameter_size": details.get("parameter_size"),
        "family": details.get("family"),
        "format": details.get("format"),
        "context_length": lengths.get(f"{lengths.get('general.architecture')}.context_length"),
        "default_options": shown.get("parameters"),
    }


def _openai(url: str, model: str, timeout: float) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {api_key(url)}"}
    with Inquiry("openai", url, headers, timeout) as inquiry:
        listed = {entry.get("id"): entry for entry in inquiry.listing("/models", "data", may_lack=True)}
        if listed and model not in listed:
            names = ", ".join(sorted(map(str, listed))[:10])
            raise ConfigurationError(f"openai at {url}: no model {model!r} there; it has {names}")
        told = {} if is_openai_itself(url) else _compatible_server(inquiry, url, model)
        entry = _mapping(listed.get(model))
        return {
            "unverified": None if listed else "the server lists no models",
            "context_length": entry.get("max_model_len") or _mapping(entry.get("meta")).get("n_ctx_train"),
            "parameters": _mapping(entry.get("meta")).get("n_params"),
            **{key: value for key, value in told.items() if value is not None},
        }


def _compatible_server(inquiry: Inquiry, url: str, model: str) -> dict[str, Any]:
    """Ask as vLLM, llama.cpp and LM Studio want to be asked; the first that answers it is."""
    root = url.removesuffix("/v1")
    if version := inquiry.optional(f"{root}/version").get("version"):
        return {"server_version": version}
    if build := (props := inquiry.optional(f"{root}/props")).get("build_info"):
        return {
            "server_version": build,
            "model_path": props.get("model_path"),
            "context_length": _mapping(props.get("default_generation_settings")).get("n_ctx"),
        }
    shown = inquiry.optional(f"{root}/api/v0/models/{quote(model, safe='')}")
    return {
        "quantization": shown.get("quantization"),
        "family": shown.get("arch"),
        "format": shown.get("compatibility_type"),
        "context_length": shown.get("loaded_context_length") or shown.get("max_context_length"),
    }


def _similar(model: str, names: Iterable[Any]) -> str:
    known = sorted(str(name) for name in names)
    base = model.partition(":")[0]
    close = [name for name in known if name.partition(":")[0] == base]
    close += [name for name in difflib.get_close_matches(model, known, n=3) if name not in close]
    if close:
        return f" (there is: {', '.join(close[:5])})"
    return f" (it has: {', '.join(known[:10])})" if known else " (it has none yet)"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
