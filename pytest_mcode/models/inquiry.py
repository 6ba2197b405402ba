"""Questions to a model server that come before any generation; each failure is one clear message."""

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models.loop import LoopThread
from pytest_mcode.models.network import route_to
from pytest_mcode.models.words import spoken

__all__ = ["Inquiry"]

SECONDS = 5.0
"""Longest wait for each answer."""


class Inquiry:
    """A connection to one server; paths are relative to its address, unless they are whole addresses."""

    def __init__(
        self, where: str, url: str, *, remedy: str, key: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """`where` starts every message, `remedy` says how a server is started, `key` is a variable's name."""
        self._where, self._url, self._remedy, self._key = where, url, remedy, key
        self._headers, self._route = dict(headers or {}), route_to(url)

    def __enter__(self) -> Self:
        self._loop = LoopThread()
        self._client = httpx.AsyncClient(
            headers=self._headers, timeout=None, follow_redirects=True, **self._route.options
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.close(self._client.aclose)

    def listing(self, path: str, key: str, *, may_lack: bool = False) -> list[dict[str, Any]]:
        """Return the objects listed under `key`; `may_lack` takes a server without the endpoint as empty.

        Raises `ConfigurationError` for everything else that is not such a list.
        """
        try:
            response = self._ask(path)
        except TimeoutError:
            raise ConfigurationError(
                f"{self._where}: no answer within {SECONDS:g} s; {self._remedy}"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            raise ConfigurationError(f"{self._where}: no answer ({why}); {self._remedy}") from error
        if response.status_code in (401, 403):
            raise ConfigurationError(f"{self._where}: {self._key_refused(response.status_code)}")
        entries = _objects(response, key)
        if entries is None and may_lack and response.status_code in (404, 405, 501):
            return []
        if entries is None:
            raise ConfigurationError(
                f"{self._where}: HTTP {response.status_code} at {path}, and no list of models"
                f"{_quoted(response)}; is this another kind of server (--mcode-backend), or still starting?"
            )
        return entries

    def optional(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the object that the server answers with; empty for whatever else happens."""
        try:
            response = self._ask(path, body)
            told = response.json() if response.status_code == 200 else {}
        except (TimeoutError, httpx.HTTPError, OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        url = path if "://" in path else self._url + path
        method = "GET" if body is None else "POST"
        return self._loop.run(self._request, method, url, body, seconds=SECONDS)

    async def _request(self, method: str, url: str, body: dict[str, Any] | None) -> httpx.Response:
        return await self._client.request(method, url, json=body)

    def _key_refused(self, status: int) -> str:
        if os.environ.get(self._key):
            return f"HTTP {status}: it refuses the key in {self._key}; give it another one"
        return f"HTTP {status}: it wants a key; set {self._key}"


def _quoted(response: httpx.Response) -> str:
    said = spoken(response.text) if response.status_code != 200 else ""
    return f" ({said})" if said else ""


def _objects(response: httpx.Response, key: str) -> list[dict[str, Any]] | None:
    if response.status_code != 200:
        return None
    try:
        told = response.json()
    except ValueError:
        return None
    entries = told.get(key) if isinstance(told, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else None
