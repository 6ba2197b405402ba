"""The session's model and sandbox, opened from its settings; and the checks before the first item."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from pytest_mcode import benchmarks
from pytest_mcode.models import Model, ModelSettings, backends
from pytest_mcode.models.options import parse_options
from pytest_mcode.prompts import Prompt, TemplatePrompt
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits, imports_numpy
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

if TYPE_CHECKING:
    from pytest_mcode.repositories.sandbox import DockerRepositories
    from pytest_mcode.session.demonstrations import Demonstrations

__all__ = [
    "check_model",
    "check_sandbox",
    "open_model",
    "open_prompt",
    "open_sandbox",
    "prepare_tasks",
    "remove_leftovers",
]


def open_model(settings: Settings) -> Model:
    """Return what answers the prompts."""
    return backends.open_model(settings.backend, _model_settings(settings))


def check_model(settings: Settings) -> Mapping[str, Any]:
    """Return what the model's server tells of the model; raises `ConfigurationError` with the remedy."""
    if settings.backend in MODEL_FREE_BACKENDS:
        return {}
    return backends.check_model(settings.backend, _model_settings(settings))


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


def _limits(settings: Settings) -> Limits:
    return Limits(timeout=settings.timeout, memory=settings.memory_bytes, pids=settings.pids_limit)


def _has_repositories(settings: Settings) -> bool:
    return benchmarks.get(settings.benchmark).kind == "repositories"


def _open_repositories(settings: Settings, session_id: str) -> "DockerRepositories":
    from pytest_mcode.repositories.images import LOCAL
    from pytest_mcode.repositories.sandbox import DockerRepositories

    return DockerRepositories(
        _limits(settings),
        session_id,
        network=settings.network,
        namespace=settings.namespace or (LOCAL if settings.task_repo else None),
        arch=settings.arch,
    )


def open_sandbox(settings: Settings, session_id: str) -> Any:
    """Return where solutions run: a `Sandbox`, or a `RepositorySandbox`, as the benchmark's tasks need."""
    if _has_repositories(settings):
        return _open_repositories(settings, session_id)
    from pytest_mcode.sandboxes import opening

    return opening.open_sandbox(
        settings.sandbox,
        image=settings.image,
        limits=_limits(settings),
        session_id=session_id,
        isolation=settings.isolation,
    )


def open_prompt(
    settings: Settings, sandbox: Any = None, demonstrations: "Demonstrations | None" = None
) -> Prompt:
    """Return how tasks are worded; without a sandbox, only the hash of repositories' prompts can be asked."""
    benchmark = benchmarks.get(settings.benchmark)
    if benchmark.kind == "functions":
        if demonstrations is None:
            return TemplatePrompt(benchmark.prompt_template)
        return TemplatePrompt(
            benchmark.prompt_template, context=demonstrations.shown, corpus=demonstrations.fingerprint
        )
    from pytest_mcode.repositories.prompting import repository_prompt

    return repository_prompt(
        sandbox.files if sandbox else None,
        agent=settings.agent,
        retrieval=settings.retrieval,
        source=settings.retrieval_source,
        context_window=settings.context_window,
        max_tokens=settings.max_tokens,
    )


def check_sandbox(
    settings: Settings, session_id: str, tasks: Sequence[Task], progress: Callable[[str], None]
) -> Mapping[str, Any]:
    """Return what the run's record says of a sandbox that can judge `tasks`.

    Raises `ConfigurationError` with the remedy.
    """
    if _has_repositories(settings):
        from pytest_mcode.repositories.building import check_builder
        from pytest_mcode.repositories.preparation import check

        if settings.task_repo:
            check_builder(settings.task_repo)
        with closing(_open_repositories(settings, session_id)) as repositories:
            return check(repositories, progress)
    from pytest_mcode.sandboxes import opening

    return opening.check_sandbox(
        settings.sandbox,
        image=settings.image,
        limits=_limits(settings),
        session_id=session_id,
        needs=["numpy"] if any(imports_numpy(task.test) for task in tasks) else [],
        progress=progress,
    )


def prepare_tasks(
    settings: Settings, session_id: str, tasks: Sequence[Task], progress: Callable[[str], None]
) -> None:
    """Bring what `tasks` need before the first of them runs; raises `ConfigurationError` with the remedy."""
    if _has_repositories(settings):
        from pytest_mcode.repositories.building import build
        from pytest_mcode.repositories.preparation import prepare_images

        if settings.task_repo:
            build(
                settings.task_repo,
                list(dict.fromkeys(task.task_id for task in tasks)),
                namespace=settings.namespace,
                workers=settings.max_workers,
                force=settings.force_rebuild,
                progress=progress,
            )
        with closing(_open_repositories(settings, session_id)) as repositories:
            prepare_images(repositories, tasks, settings.max_workers, progress)


def remove_leftovers(settings: Settings, session_id: str) -> None:
    """Remove containers that workers which were killed have left."""
    from pytest_mcode.sandboxes import opening

    opening.remove_leftovers(settings.sandbox, session_id)
