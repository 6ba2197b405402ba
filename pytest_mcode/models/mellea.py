"""What the backends through Mellea share: a model that asks, waits, retries, and tells what errors mean."""

import importlib.util
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from threading import Event, Lock, current_thread, main_thread
from typing import Any, ClassVar

from pytest_mcode.errors import ConfigurationError, ContextOverflowError, InfraError
from pytest_mcode.models import OPTIONAL, Completion, Gate, ModelSettings, Request
from pytest_mcode.models.failures import PASSING, TransientError, meaning_of
from pytest_mcode.models.limits import is_first, prompt_alone_fits
from pytest_mcode.models.load import LoadMeter
from pytest_mcode.models.loop import LoopThread
from pytest_mcode.models.network import Route, exempt, route_to
from pytest_mcode.models.noise import silence
from pytest_mcode.models.retries import BACKOFF, Backoff, Retries

__all__ = ["MelleaBackend", "MelleaModel", "unasked"]

_ENDED_BY_SERVER = {
    "abort": "the server aborted the answer",  # vLLM, SGLang
    "cancelled": "the server cancelled the answer",
    "canceled": "the server cancelled the answer",
    "error": "the server ended the answer with an error",  # OpenRouter, vLLM
    "load": "an empty reply, as servers send while a model loads",  # Ollama
    "unload": "an empty reply, as servers send while a model unloads",  # Ollama
}
"""Finish reasons that are not the model's doing."""
_OPENING = Lock()
"""Opening shows libraries an environment of their own for a moment, and there is but one."""


class MelleaBackend:
    """A `Backend` through Mellea. Each module says in its own class how its backend differs."""

    name: ClassVar[str]
    summary: ClassVar[str]
    takes: ClassVar[Collection[str]] = frozenset(OPTIONAL) - {"context_window"}
    reasons: ClassVar[Mapping[str, str]] = {}
    """Why it does not take a field of `OPTIONAL`, and what to do instead."""
    modules: ClassVar[Collection[str]] = ()
    """What opening it imports: it takes a second, in which a container can start."""
    extra: ClassVar[str] = ""
    """The extra of Mellea that installs the backend's library, such as ``[hf]``."""
    reads_environment: ClassVar[bool] = False
    """Whether its library looks for proxies at every request, and can't be given the way to a server."""
    passing: ClassVar[frozenset[int]] = PASSING
    """HTTP statuses besides 500 and above that may pass when the request is sent again."""
    remedies: ClassVar[Mapping[int, str]] = {}
    """What to do about an HTTP status; ``{model}`` stands for the model's id."""

    keys: ClassVar[str] = ""
    """Pattern of the names of the environment variables that hold its keys."""

    def address(self, base_url: str | None) -> str | None:
        """Return the address to send requests to, without a trailing slash; None leaves it to the library.

        Raises `ConfigurationError` for what is not an address.
        """
        return base_url.rstrip("/") if base_url else None

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse model options that the backend would drop in silence, with `ConfigurationError`."""

    def call_options(self, settings: ModelSettings) -> dict[str, Any]:
        """Return the options of every call but the seed, by the backend's names, which Mellea knows."""
        raise NotImplementedError

    def connect(self, settings: ModelSettings, url: str | None, route: Route | None) -> Any:
        """Return Mellea's backend, without asking anything of a server but its version.

        `route` is the way to `url`, where there is one.
        """
        raise NotImplementedError

    def preflight(self, settings: ModelSettings) -> Mapping[str, Any]:
        """See `Backend.preflight`; imports none of the model libraries."""
        self.check_options(settings.options)
        found = {"base_url": self.address(settings.base_url), **self.inquire(settings)}
        return {key: value for key, value in found.items() if value not in (None, "", {}, [])}

    def inquire(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Return what the server says of the model; None, ``""``, ``{}`` and ``[]`` count as not said."""
        raise NotImplementedError

    def open(self, settings: ModelSettings, *, backoff: Backoff = BACKOFF) -> "MelleaModel":
        """Return the model; nothing is pulled. Raises `ConfigurationError` for what can't be honoured."""
        self.check_options(settings.options)
        return MelleaModel(self, settings, backoff)

    def load_meter(self, settings: ModelSettings) -> LoadMeter | None:
        """Return what reads how many requests wait at the server; None where none of this kind says it."""
        return None

    def meaning(self, error: Exception, settings: ModelSettings, where: str) -> Exception:
        """Return what an exception of the library means, as one of the package's own errors."""
        return meaning_of(
            error,
            where,
            passing=self.passing,
            remedies={
                401: f"check the key that {self.name} takes from the environment, and what it is allowed",
                **{status: text.format(model=settings.model) for status, text in self.remedies.items()},
            },
        )


def unasked(backend: MelleaBackend, library: str) -> Mapping[str, Any]:
    """Return what a preflight finds where a library alone talks to the server; checks that it is there."""
    if importlib.util.find_spec(library) is None:
        raise ConfigurationError(
            f"--mcode-backend={backend.name}: the package {library} is missing; "
            f"install it with: pip install 'mellea{backend.extra}'"
        )
    return {"unverified": f"{backend.name} reports nothing of a model before the first request"}


class MelleaModel:
    """One model behind one backend; stateless, safe to share between threads."""

    concurrent = True

    def __init__(self, backend: MelleaBackend, settings: ModelSettings, backoff: Backoff) -> None:
        url = backend.address(settings.base_url)
        self._backend, self._settings = backend, settings
        self.gate: Gate = lambda ask: ask()
        self._where = f"{backend.name} at {url}" if url else backend.name
        self._client = _connected(backend, settings)
        from pytest_mcode.models.chat import Verbatim, chat

        self._chat, self._client.formatter = chat, Verbatim()
        self._options = backend.call_options(settings)
        self._meter = backend.load_meter(settings)
        self._closed = Event()
        self._retries = Retries(settings.retries, settings.retry_for, backoff, self._closed)
        self._loop = LoopThread()

    def generate(self, request: Request) -> Completion:
        """Answer `request`; raises as `Model.generate` does."""
        return self._retries(lambda: self._ask(request), self.gate)

    def waiting(self) -> int | None:
        """See `Metered`; for one thread at a time."""
        return self._meter.waiting() if self._meter else None

    def close(self) -> None:
        """Release connections and drop requests in flight. May be called twice, from any thread."""
        self._closed.set()
        if self._meter:
            self._meter.close()
        self._loop.close(self._client.aclose)

    def _ask(self, request: Request) -> Completion:
        start, limit = time.monotonic(), self._settings.request_timeout
        try:
            completion = self._loop.run(self._chat, self._client, request, self._options, seconds=limit)
        except InfraError:
            raise
        except TimeoutError as error:
            message = f"{self._where}: no complete answer within {limit:g} s"
            raise TransientError(message, overload=True) from error
        except Exception as error:
            meaning = self._backend.meaning(error, self._settings, self._where)
            if isinstance(meaning, ContextOverflowError) and self._is_misconfigured(request, str(meaning)):
                meaning = ConfigurationError(
                    f"{meaning}; --mcode-max-tokens={self._settings.max_tokens} and the first prompt "
                    "together do not fit the context window: give a smaller one, or leave it out"
                )
            raise meaning from error
        if ended := _ENDED_BY_SERVER.get(completion.finish_reason.lower()):
            raise TransientError(f"{self._where}: {ended} (finish reason {completion.finish_reason!r})")
        if _is_hollow(completion):
            raise TransientError(f"{self._where}: an empty reply, as servers send while a model loads")
        return replace(completion, seconds=time.monotonic() - start)

    def _is_misconfigured(self, request: Request, said: str) -> bool:
        """Whether ``--mcode-max-tokens`` is why a first prompt does not fit; asks again with 1 if need be."""
        most = self._settings.max_tokens
        if most is None or most == 1 or not is_first(request):
            return False
        fits = prompt_alone_fits(said, request, most)
        return self._fits_with_one_token(request) if fits is None else fits

    def _fits_with_one_token(self, request: Request) -> bool:
        settings = replace(self._settings, max_tokens=1)
        client, options = _connected(self._backend, settings), self._backend.call_options(settings)
        seconds = settings.request_timeout

        async def tried() -> None:
            try:
                await self._chat(client, request, options)
            finally:
                await client.aclose()

        try:
            self._loop.run(tried, seconds=seconds)
        except Exception as error:
            return not isinstance(self._backend.meaning(error, settings, self._where), ContextOverflowError)
        return True


def _connected(backend: MelleaBackend, settings: ModelSettings) -> Any:
    """Open Mellea's backend, without its noise; raises `ConfigurationError` where it can't be had."""
    silence()
    flag = f"--mcode-backend={backend.name}"
    url = backend.address(settings.base_url)
    with _OPENING, ExitStack() as stack:
        route = route_to(url) if url else None
        if backend.reads_environment and url and route and route.proxy is None:
            exempt(url)
        stack.enter_context(_quiet())
        stack.enter_context(route.in_environment() if route else nullcontext())
        try:
            return backend.connect(settings, url, route)
        except ConfigurationError:
            raise
        except ImportError as error:
            install = f"install its library with: pip install 'mellea{backend.extra}'"
            raise ConfigurationError(f"{flag}: {error}; {install}") from error
        except Exception as error:
            raise ConfigurationError(
                f"{flag}: cannot open the model {settings.model!r}: {type(error).__name__}: {error}"
            ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Let libraries warn of nothing meanwhile, in the main thread: filters are the whole process's."""
    if current_thread() is not main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_hollow(completion: Completion) -> bool:
    """Whether a reply is empty with no sign that the model generated anything.

    A model that ends its turn at once has failed by itself: servers count the end-of-turn token.
    """
    empty = not completion.text and not completion.reasoning and not completion.tool_calls
    cut = completion.finish_reason in ("length", "content_filter")
    return empty and not completion.completion_tokens and not cut
