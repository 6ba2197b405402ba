"""A session's model, opened from its settings and checked before the first item; its tasks' handles."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Model, ModelSettings, backends
from pytest_mcode.models.options import parse_options
from pytest_mcode.records import Task
from pytest_mcode.session.plan import Plan
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings
from pytest_mcode.solving import TaskHandle
from pytest_mcode.solving.journal import Journal

__all__ = ["check_model", "import_model", "new_handle", "open_helper", "open_model"]


def open_model(settings: Settings) -> Model:
    """Return what answers the prompts."""
    return backends.open_model(settings.backend, _model_settings(settings))


def import_model(settings: Settings) -> None:
    """Begin to import what the model needs, beside other work; its sandbox may start meanwhile."""
    if settings.backend not in MODEL_FREE_BACKENDS:
        backends.import_ahead(settings.backend)


def check_model(settings: Settings) -> Mapping[str, Any]:
    """Return what the model's server reports of the model; raises `ConfigurationError` with the remedy."""
    told: Mapping[str, Any] = {}
    if settings.backend not in MODEL_FREE_BACKENDS:
        told = backends.check_model(settings.backend, _model_settings(settings))
    backend, helper = _helper(settings)
    if settings.helper_model and backend not in MODEL_FREE_BACKENDS:
        try:
            told = {**told, "helper": backends.check_model(backend, helper)}
        except ConfigurationError as error:
            raise ConfigurationError(f"--mcode-helper-model={settings.helper_model}: {error}") from error
    return told


def open_helper(settings: Settings) -> Model | None:
    """Return the model that explains failures; None where none is asked for."""
    return backends.open_model(*_helper(settings)) if settings.helper_model else None


def _helper(settings: Settings) -> tuple[str, ModelSettings]:
    """Return its backend, and how it is asked: with its own temperature, lengths and options."""
    backend = settings.helper_backend or settings.backend
    same = settings.base_url if backend == settings.backend else None
    return backend, ModelSettings(
        model=settings.helper_model or "",
        base_url=settings.helper_base_url or same,
        request_timeout=settings.request_timeout,
        retries=settings.retries,
        retry_for=settings.retry_for,
    )


def new_handle(plan: Plan, sandbox: Any, function: str, task: Task) -> TaskHandle:
    """Return the handle of a task for a test function: nothing was tried yet."""
    return TaskHandle(
        task=task,
        benchmark=plan.benchmark,
        harness=plan.harness,
        sandbox=sandbox,
        feedback=plan.settings.feedback,
        detail=plan.settings.feedback_detail,
        tells_apart=plan.settings.tells_apart,
        journal=Journal(plan.session_id, function, task.task_id),
    )


def _model_settings(settings: Settings) -> ModelSettings:
    return ModelSettings(
        model=settings.model or "",
        base_url=settings.base_url,
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        context_window=settings.context_window,
        options=parse_options(settings.model_option),
        request_timeout=settings.request_timeout,
        retries=settings.retries,
        retry_for=settings.retry_for,
    )
