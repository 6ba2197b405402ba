"""Where a model server is, and the key that opens it: as the backends' own libraries read the environment."""

import os
from urllib.parse import urlsplit, urlunsplit

from pytest_mcode.errors import ConfigurationError

__all__ = ["OPENAI_ITSELF", "api_key", "is_openai_itself", "server_url"]

OPENAI_ITSELF = "https://api.openai.com/v1"
_DUMMY_KEY = "none-needed"
_OLLAMA_PORTS = {"": 11434, "http": 80, "https": 443}


def server_url(backend: str, base_url: str | None) -> str | None:
    """Return the address to send requests to, without a trailing slash; None leaves it to the library.

    `base_url` comes before ``OLLAMA_HOST`` or ``OPENAI_BASE_URL``. A missing scheme is ``http``;
    for Ollama a missing port is 11434 and a path ``/v1`` or ``/api`` is dropped; for
    ``openai`` a missing path is ``/v1``. Raises `ConfigurationError` for what is no address.
    """
    match backend:
        case "ollama":
            return _ollama_url(base_url or os.environ.get("OLLAMA_HOST") or "127.0.0.1")
        case "openai":
            return _openai_url(base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_ITSELF)
        case "hf" if base_url:
            raise ConfigurationError(
                "--mcode-base-url: hf runs the model in this process; leave the flag out"
            )
        case _:
            return base_url.rstrip("/") if base_url else None


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
    return key or _DUMMY_KEY


def _split(url: str) -> tuple[str, str, int | None, str]:
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        scheme, rest = "", url.strip()
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        raise _no_address(url) from None
    if parts.username is not None:
        raise ConfigurationError(
            "model server: the address holds a user name; give the key in the environment instead"
        )
    if " " in url.strip() or scheme not in ("", "http", "https") or parts.query or parts.fragment:
        raise _no_address(url)
    host = parts.hostname or "127.0.0.1"
    return scheme, f"[{host}]" if ":" in host else host, port, parts.path.rstrip("/")


def _no_address(url: str) -> ConfigurationError:
    return ConfigurationError(f"model server: {url!r} is no address; give one such as http://localhost:11434")


def _join(scheme: str, host: str, port: int | None, path: str) -> str:
    return urlunsplit((scheme or "http", f"{host}:{port}" if port else host, path, "", ""))


def _ollama_url(url: str) -> str:
    scheme, host, port, path = _split(url)
    return _join(scheme, host, port or _OLLAMA_PORTS[scheme], path.removesuffix("/v1").removesuffix("/api"))


def _openai_url(url: str) -> str:
    scheme, host, port, path = _split(url)
    return _join(scheme, host, port, path or "/v1")
