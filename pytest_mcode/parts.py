"""The session's model and sandbox, opened from its settings; and the checks before the first item."""

from collections.abc import Callable, Mapping
from typing import Any

from pytest_mcode.models import Model
from pytest_mcode.sandboxes import Limits, Sandbox
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

__all__ = ["check_model", "check_sandbox", "open_model", "open_sandbox"]


def open_model(settings: Settings) -> Model:
    """Return what answers the prompts."""
    from pytest_mcode.models import opening

    return opening.open_model(**_server(settings), **_generation(settings))


def check_model(settings: Settings) -> Mapping[str, Any]:
    """Return what the model's server tells of the model; raises `ConfigurationError` with the remedy."""
    if settings.backend in MODEL_FREE_BACKENDS:
        return {}
    from pytest_mcode.models.preflight import preflight

    return preflight(**_server(settings))


def _server(settings: Settings) -> dict[str, Any]:
    return {"backend": settings.backend, "model": settings.model, "base_url": settings.base_url}


def _generation(settings: Settings) -> dict[str, Any]:
    return {
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "context_window": settings.context_window,
        "options": settings.model_option,
        "request_timeout": settings.request_timeout,
        "retries": settings.retries,
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
