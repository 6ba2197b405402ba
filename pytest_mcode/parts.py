"""The session's model and sandbox, opened from its settings; and the checks before the first item."""

from collections.abc import Callable, Mapping
from typing import Any

from pytest_mcode.models import Model
from pytest_mcode.sandboxes import Limits, Sandbox
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

__all__ = ["check_model", "check_sandbox", "open_model", "open_sandbox", "remove_leftovers"]


def open_model(settings: Settings) -> Model:
    """Return what answers the prompts."""
    from pytest_mcode.models import opening

    return opening.open_model(
        **_generation(settings),
        request_timeout=settings.request_timeout,
        retries=settings.retries,
        retry_for=settings.retry_for,
    )


def check_model(settings: Settings) -> Mapping[str, Any]:
    """Return what the model's server tells of the model; raises `ConfigurationError` with the remedy."""
    if settings.backend in MODEL_FREE_BACKENDS:
        return {}
    from pytest_mcode.models.preflight import preflight

    return preflight(**_generation(settings))


def _generation(settings: Settings) -> dict[str, Any]:
    return {
        "backend": settings.backend,
        "model": settings.model,
        "base_url": settings.base_url,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "context_window": settings.context_window,
        "options": settings.model_option,
    }


def _limits(settings: Settings) -> Limits:
    return Limits(timeout=settings.timeout, memory=settings.memory_bytes, pids=settings.pids_limit)


def open_sandbox(settings: Settings, session_id: str) -> Sandbox:
    """Return where solutions run."""
    from pytest_mcode.sandboxes import opening

    return opening.open_sandbox(
        settings.sandbox,
        image=settings.image,
        limits=_limits(settings),
        session_id=session_id,
        isolation=settings.isolation,
    )


def check_sandbox(settings: Settings, session_id: str, progress: Callable[[str], None]) -> Mapping[str, Any]:
    """Return what the run's record says of the sandbox; raises `ConfigurationError` with the remedy."""
    from pytest_mcode.sandboxes import opening

    return opening.check_sandbox(
        settings.sandbox,
        image=settings.image,
        limits=_limits(settings),
        session_id=session_id,
        progress=progress,
    )


def remove_leftovers(settings: Settings, session_id: str) -> None:
    """Remove containers that workers which were killed have left."""
    from pytest_mcode.sandboxes import opening

    opening.remove_leftovers(settings.sandbox, session_id)
