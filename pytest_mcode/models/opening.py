"""One door to every model: by the name of its backend."""

from collections.abc import Sequence

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Model

__all__ = ["open_model"]


def open_model(
    *,
    backend: str,
    model: str | None = None,
    base_url: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    context_window: int | None = None,
    options: Sequence[str] = (),
    request_timeout: float = 300.0,
    retries: int = 3,
    retry_for: float | None = None,
) -> Model:
    """Return the model that a session asked for; see `MelleaModel` for the arguments.

    Call `preflight` first, once a session: this checks options, not servers.
    """
    if backend == "gold":
        from pytest_mcode.models.gold import GoldModel

        return GoldModel()
    if backend == "none":
        raise ConfigurationError(
            "--mcode-backend=none has no model of ours: override the fixture mcode_model or mcode_solver in "
            "a conftest.py, or run a test function of your own that takes mcode_task"
        )
    from pytest_mcode.models.backends import MELLEA_BACKENDS

    if backend not in MELLEA_BACKENDS:
        raise ConfigurationError(
            f"--mcode-backend: {backend!r} opens no model; give one of {', '.join(MELLEA_BACKENDS)}, gold"
        )
    if not model:
        raise ConfigurationError(f"--mcode-model is needed with --mcode-backend={backend}")
    from pytest_mcode.models.mellea import MelleaModel

    return MelleaModel(
        model=model,
        backend=backend,
        base_url=base_url,
        temperature=temperature,
        max_tokens=max_tokens,
        context_window=context_window,
        options=options,
        request_timeout=request_timeout,
        retries=retries,
        retry_for=retry_for,
    )
