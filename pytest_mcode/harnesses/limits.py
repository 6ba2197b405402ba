"""The bounds on one attempt that a session's settings ask for."""

from pytest_mcode.sandboxes import Limits
from pytest_mcode.settings import Settings

__all__ = ["limits_of"]


def limits_of(settings: Settings) -> Limits:
    """Return ``--mcode-timeout``, ``-mem-limit`` and ``-pids-limit`` as a sandbox takes them."""
    return Limits(timeout=settings.timeout, memory=settings.memory_bytes, pids=settings.pids_limit)
