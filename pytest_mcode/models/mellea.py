"""Models reached through Mellea: Ollama, OpenAI-compatible servers, LiteLLM, Hugging Face, watsonx."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import tenacity

from pytest_mcode.errors import ConfigurationError, ContextOverflowError, InfraError
from pytest_mcode.models import Completion, Request
from pytest_mcode.models.addresses import server_url
from pytest_mcode.models.backends import ignore_library_warnings, open_backend
from pytest_mcode.models.failures import TransientError, classify
from pytest_mcode.models.loop import LoopThread
from pytest_mcode.models.options import call_options, generation_for

__all__ = ["LONGEST_RETRY_AFTER", "MelleaModel"]

LONGEST_RETRY_AFTER = 300.0
"""Seconds; a server that wants to be left alone for longer is given up on."""

Backoff = Callable[[tenacity.RetryCallState], float]
_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=60, jitter=1)


class MelleaModel:
    """One model behind one backend; stateless, safe to share between threads."""

    def __init__(
        self,
        *,
        model: str,
        backend: str = "ollama",
        base_url: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        context_window: int | None = None,
        options: Sequence[str] = (),
        request_timeout: float = 300.0,
        retries: int = 3,
        retry_for: float | None = None,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        """Open the backend; no model is pulled.

        `options` are ``KEY=VALUE`` in the backend's own words. `request_timeout` bounds one
        request's wall-clock seconds, whatever the server does; a request is sent again up to
        `retries` times, never later than `retry_for` seconds after the first. Raises
        `ConfigurationError` for what the backend can't honour.
        """
        generation = generation_for(
            backend,
            temperature=temperature,
            max_tokens=max_tokens,
            context_window=context_window,
            options=options,
        )
        url = server_url(backend, base_url)
        self._name, self._model, self._seconds = backend, model, request_timeout
        self._where = f"{backend} at {url}" if url else backend
        self._backend = open_backend(
            backend, model=model, url=url, timeout=request_timeout, generation=generation
        )
        from pytest_mcode.models.chat import chat

        self._chat = chat
        self._options = call_options(backend, generation)
        self._closed = Event()
        self._retrying = _retrying(retries, retry_for, backoff, self._closed)
        self._loop = LoopThread()

    def generate(self, request: Request) -> Completion:
        """Answer `request`; raises as `Model.generate` tells."""
        start = time.monotonic()
        try:
            return self._retrying.copy()(self._ask, request)
        except tenacity.RetryError as error:
            last = error.last_attempt
            times = "once" if last.attempt_number == 1 else f"{last.attempt_number} times"
            seconds = time.monotonic() - start
            raise InfraError(f"{last.exception()} (asked {times} in {seconds:.1f} s)") from last.exception()

    def close(self) -> None:
        """Release connections and drop requests in flight. May be called twice, from any thread."""
        self._closed.set()
        self._loop.close(self._backend.aclose)

    def _ask(self, request: Request) -> Completion:
        ignore_library_warnings()
        start = time.monotonic()
        try:
            completion = self._loop.run(
                self._chat, self._backend, request, self._options, seconds=self._seconds
            )
        except (InfraError, ConfigurationError, ContextOverflowError):
            raise
        except TimeoutError as error:
            raise TransientError(f"{self._where}: no complete answer within {self._seconds:g} s") from error
        except Exception as error:
            raise classify(error, backend=self._name, model=self._model, where=self._where) from error
        if _is_hollow(completion):
            raise TransientError(f"{self._where}: an empty reply, as servers send while a model loads")
        return replace(completion, seconds=time.monotonic() - start)


def _retrying(retries: int, retry_for: float | None, backoff: Backoff, closed: Event) -> tenacity.Retrying:
    stops: list[Any] = [
        tenacity.stop_after_attempt(retries + 1),
        tenacity.stop_when_event_set(closed),
        _asks_for_too_long,
    ]
    if retry_for is not None:
        stops.append(tenacity.stop_before_delay(retry_for))
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        wait=lambda state: max(backoff(state), _retry_after(state)),
        stop=tenacity.stop_any(*stops),
        sleep=tenacity.sleep_using_event(closed),
    )


def _retry_after(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return getattr(error, "retry_after", None) or 0.0


def _asks_for_too_long(state: tenacity.RetryCallState) -> bool:
    return _retry_after(state) > LONGEST_RETRY_AFTER


def _is_hollow(completion: Completion) -> bool:
    """Whether a reply is empty with no sign that the model generated anything.

    A model that ends its turn at once has failed by itself: servers count the end-of-turn token.
    """
    empty = not completion.text and not completion.reasoning and not completion.tool_calls
    cut = completion.finish_reason in ("length", "content_filter")
    return empty and not completion.completion_tokens and not cut
