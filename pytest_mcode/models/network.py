"""How a model server is reached: proxies and certificates of the environment, as curl and requests read them.

httpx alone fails on ``NO_PROXY`` with an IPv6 address, ignores networks in it, and sends what is meant
for this machine through a proxy.
"""

import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies_environment

from pytest_mcode.errors import ConfigurationError

__all__ = ["Route", "exempt", "is_loopback", "route_to"]

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
_SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Route:
    """The way to one server."""

    proxy: str | None
    certificates: ssl.SSLContext | None
    """None leaves them to httpx, which has its own."""

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of an httpx client that takes this way and asks the environment nothing."""
        return {
            "trust_env": False,
            "proxy": self.proxy,
            "verify": True if self.certificates is None else self.certificates,
        }

    @contextmanager
    def in_environment(self) -> Iterator[None]:
        """Show libraries that open clients of their own nothing but this way, meanwhile."""
        kept = {name: value for name, value in os.environ.items() if name.lower() in _VARIABLES}
        for name in kept:
            del os.environ[name]
        if self.proxy:
            os.environ |= {"http_proxy": self.proxy, "https_proxy": self.proxy}
        try:
            yield
        finally:
            for name in ("http_proxy", "https_proxy"):
                os.environ.pop(name, None)
            os.environ.update(kept)


def route_to(url: str) -> Route:
    """Return the way to the server at `url`; raises `ConfigurationError` with the remedy."""
    parts = urlsplit(url)
    return Route(
        proxy=_proxy(parts.scheme, parts.hostname or "", parts.port),
        certificates=_certificates() if parts.scheme == "https" else _certificates_of_httpx(),
    )


@cache
def _certificates_of_httpx() -> ssl.SSLContext:
    """Return those of all clients that need them after a redirect at most: to read them takes 20 ms each."""
    import httpx

    return httpx.create_ssl_context()


def exempt(url: str) -> None:
    """Let libraries that read the environment at every request reach `url` without a proxy.

    What httpx stumbles over in ``NO_PROXY`` (brackets, IPv6 networks) is left out.
    """
    written = getproxies_environment().get("no", "").split(",")
    entries = [entry.strip().strip("[]") for entry in written if not ("/" in entry and ":" in entry)]
    exempted = ",".join(filter(None, [*entries, urlsplit(url).hostname]))
    os.environ |= {"NO_PROXY": exempted, "no_proxy": exempted}


def _proxy(scheme: str, host: str, port: int | None) -> str | None:
    proxies = getproxies_environment()
    variable = next((name for name in (scheme, "all") if proxies.get(name)), None)
    if variable is None or is_loopback(host) or _is_excluded(host, port, proxies.get("no", "")):
        return None
    written = proxies[variable]
    proxy = written if "://" in written else f"http://{written}"
    flag = f"{variable.upper()}_PROXY={_without_password(proxy)}"
    instead = f"or add {host} to NO_PROXY to reach the model server without a proxy"
    kind = urlsplit(proxy).scheme
    if kind not in _SCHEMES or not _has_host(proxy):
        raise ConfigurationError(
            f"{flag}: not a proxy that can be used; give one such as http://host:3128, {instead}"
        )
    if kind.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ConfigurationError(
            f"{flag}: a SOCKS proxy needs the package socksio; "
            f"install it with: pip install 'httpx[socks]', {instead}"
        )
    return proxy


def _has_host(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return bool(parts.hostname) and parts.port is not False
    except ValueError:
        return False


def _without_password(proxy: str) -> str:
    parts = urlsplit(proxy)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means the very machine that says it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_excluded(host: str, port: int | None, no_proxy: str) -> bool:
    return any(_excludes(entry.strip().lower(), host.lower(), port) for entry in no_proxy.split(","))


def _excludes(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of ``NO_PROXY`` means `host`: ``*``, an address, a network, or the end of a name."""
    if entry == "*":
        return True
    if (address := _address(host)) is not None:
        network = _network(entry) or _network(_without_port(entry, port))
        return network is not None and address in network
    name = _without_port(entry, port).lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def _without_port(entry: str, port: int | None) -> str:
    return entry.removesuffix(f":{port}") if port else entry


def _certificates(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext | None:
    places = {name: environment[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environment.get(name)}
    if not places:
        return None
    for name, place in places.items():
        if not os.path.exists(place):  # noqa: PTH110
            what = "file" if name == "SSL_CERT_FILE" else "directory"
            raise ConfigurationError(
                f"{name}={place}: there is no such {what}; give one with certificates, or unset {name}"
            )
    try:
        return ssl.create_default_context(
            cafile=places.get("SSL_CERT_FILE"), capath=places.get("SSL_CERT_DIR")
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"{', '.join(f'{name}={place}' for name, place in places.items())}: no certificates can be read "
            f"there ({error}); give a PEM file, or unset it"
        ) from error
