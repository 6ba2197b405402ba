"""Addresses of model servers as people write them: what the rules of each backend have in common."""

from urllib.parse import urlsplit, urlunsplit

from pytest_mcode.errors import ConfigurationError

__all__ = ["join_address", "split_address"]


def split_address(url: str) -> tuple[str, str, int | None, str]:
    """Return scheme (may be empty), host, port and path without a trailing slash.

    Raises `ConfigurationError` for what is not an address, and for one that holds a user name.
    """
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


def join_address(scheme: str, host: str, port: int | None, path: str) -> str:
    """Return the address; a missing scheme is ``http``."""
    return urlunsplit((scheme or "http", f"{host}:{port}" if port else host, path, "", ""))


def _no_address(url: str) -> ConfigurationError:
    return ConfigurationError(
        f"model server: {url!r} is not an address; give one such as http://localhost:11434"
    )
