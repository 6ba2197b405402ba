"""The session's model, opened from its settings; and the check before the first item."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.models import Model
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

__all__ = ["check_model", "open_model"]


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
