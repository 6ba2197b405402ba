"""How many requests wait at a server, where it says so: its metrics in the text format of Prometheus.

Names: vLLM's ``docs/usage/metrics.md`` (vllm/v1/metrics/loggers.py), SGLang's
``docs/references/production_metrics.md`` (started with ``--enable-metrics``), llama.cpp's
``tools/server/README.md`` (``--metrics``).
"""

import re

from pytest_mcode.models.network import Route

__all__ = ["LoadMeter", "waiting_requests"]

WAITING = ("vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred")
_LINE = re.compile(
    rf"^(?:{'|'.join(map(re.escape, WAITING))})(?:\{{[^\n]*\}})?[ \t]+([0-9.eE+-]+)", re.MULTILINE
)
SECONDS = 5.0
"""Longest wait for an answer."""


def waiting_requests(metrics: str) -> int | None:
    """Return how many requests wait, over all engines of a server; None where its metrics do not say."""
    found = _LINE.findall(metrics)
    try:
        return round(sum(map(float, found))) if found else None
    except (ValueError, OverflowError):
        return None


class LoadMeter:
    """Reads a server's metrics; for one thread at a time."""

    def __init__(self, url: str, route: Route) -> None:
        import httpx

        self._url = url
        self._client = httpx.Client(timeout=SECONDS, **route.options)

    def waiting(self) -> int | None:
        """Return how many requests wait at the server; None where it does not say."""
        import httpx

        try:
            answer = self._client.get(self._url)
        except (httpx.HTTPError, RuntimeError):  # closed meanwhile
            return None
        return waiting_requests(answer.text) if answer.status_code == 200 else None

    def close(self) -> None:
        """Release the connection."""
        self._client.close()
