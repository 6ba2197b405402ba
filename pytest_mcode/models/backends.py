"""Backends by name: ours, those of installed packages, and those that conftest files and plugins offer.

A name is known without importing its backend; a backend imports its library when it opens a model.
"""

import difflib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from threading import Thread
from typing import Any

from pytest_mcode.errors import ConfigurationError, raised_at
from pytest_mcode.models import OPTIONAL, Backend, Model, ModelSettings
from pytest_mcode.models.noise import silence
from pytest_mcode.settings import BACKENDS, MODEL_FREE_BACKENDS

__all__ = ["GROUP", "check", "check_model", "get", "import_ahead", "names", "offer", "open_model"]

GROUP = "pytest_mcode.backends"
"""Group of entry points through which installed packages offer backends: a name, and an object or class."""
METHODS = ("preflight", "open")
ATTRIBUTES = ("name", "summary", "takes")

_offered: dict[str, Backend] = {}
"""Those of conftest files and installed plugins."""


def names() -> list[str]:
    """Return every known name: ours, then entry points, then what was offered."""
    return list(dict.fromkeys([*BACKENDS, *_installed(), *_offered]))


def get(name: str) -> Backend:
    """Return the backend `name`; raises `ConfigurationError` that lists all names."""
    if name in MODEL_FREE_BACKENDS:
        backend: Backend = getattr(import_module("pytest_mcode.models.gold"), name.upper())
    elif name in BACKENDS:
        backend = import_module(f"pytest_mcode.models.{name}").BACKEND
    elif name in _offered:
        backend = _offered[name]
    elif point := _installed().get(name):
        backend = _loaded(point)
    else:
        near = difflib.get_close_matches(name, names(), n=3)
        hint = f" (near: {', '.join(near)})" if near else ""
        raise ConfigurationError(
            f"--mcode-backend: {name!r} is not a backend; give one of {', '.join(names())}{hint}"
        )
    return backend


def offer(found: Mapping[str, Backend]) -> None:
    """Let `get` find these as well, instead of those offered before; see `check`."""
    _offered.clear()
    _offered.update(found)


def check(backend: Any, origin: str) -> Backend:
    """Return what `origin` (a file, a package) brings, if it is a `Backend`; else `ConfigurationError`."""
    if isinstance(backend, type):
        try:
            backend = backend()
        except Exception as error:
            raise ConfigurationError(
                f"{origin}: {backend.__name__}() failed ({type(error).__name__}: {error}); "
                "a backend's class takes no arguments"
            ) from error
    kind = type(backend).__name__
    lacking = [name for name in ATTRIBUTES if not hasattr(backend, name)]
    lacking += [f"{name}()" for name in METHODS if not callable(getattr(backend, name, None))]
    if lacking:
        raise ConfigurationError(
            f"{origin}: backend {kind} lacks {', '.join(lacking)}; pytest_mcode.models.Backend describes them"
        )
    name, takes = backend.name, backend.takes
    if not isinstance(name, str) or not name or name.split() != [name]:
        raise ConfigurationError(f"{origin}: backend {kind}: name {name!r} is not one word")
    if name in BACKENDS:
        raise ConfigurationError(
            f"{origin}: backend {kind} has the name of pytest-mcode's own {name!r}: rename it"
        )
    if not isinstance(takes, Collection) or isinstance(takes, str) or set(takes) - set(OPTIONAL):
        raise ConfigurationError(
            f"{origin}: backend {kind}: takes is {takes!r}; give a set of some of {', '.join(OPTIONAL)}"
        )
    return backend  # type: ignore[no-any-return]


def import_ahead(name: str) -> None:
    """Begin to import what the backend `name` needs, in a thread; what is missing is said when it opens."""
    modules = getattr(get(name), "modules", ())

    def import_all() -> None:
        silence()
        with suppress(Exception):
            for module in modules:
                import_module(module)

    if modules:
        Thread(target=import_all, name="mcode-import", daemon=True).start()


def open_model(name: str, settings: ModelSettings) -> Model:
    """Return the model that a session asked for; `check_model` asks its server, this only checks options.

    Raises `ConfigurationError`.
    """
    backend = _honouring(name, settings)
    model = backend.open(settings)
    if not callable(getattr(model, "generate", None)) or not callable(getattr(model, "close", None)):
        raise ConfigurationError(
            f"--mcode-backend={name}: open() of {type(backend).__name__} returned {type(model).__name__}, "
            "which has no generate(request) and close(): return a pytest_mcode.Model"
        )
    return model


def check_model(name: str, settings: ModelSettings) -> Mapping[str, Any]:
    """Return what the backend's preflight finds out of the model, JSON types; see `Backend.preflight`.

    Raises `ConfigurationError` with the remedy.
    """
    backend = _honouring(name, settings)
    try:
        found = backend.preflight(settings)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"--mcode-backend={name}: preflight() of {type(backend).__name__} failed "
            f"({raised_at(error)}: {type(error).__name__}: {error})"
        ) from error
    if not isinstance(found, Mapping):
        raise ConfigurationError(
            f"--mcode-backend={name}: preflight() of {type(backend).__name__} returned "
            f"{type(found).__name__}; return a dict of what is known of the model, {{}} for nothing"
        )
    try:
        json.dumps(dict(found))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"--mcode-backend={name}: preflight() of {type(backend).__name__} returned what JSON cannot hold "
            f"({error}); return a dict of texts, numbers, lists and dicts"
        ) from error
    _check_window(settings, found.get("context_length"))
    return found


def _check_window(settings: ModelSettings, length: object) -> None:
    asked, most = settings.context_window, settings.max_tokens
    if asked is not None and isinstance(length, int) and asked > length:
        raise ConfigurationError(
            f"--mcode-context-window: {asked} tokens are more than the {length} that {settings.model} "
            f"was made for; give at most {length}"
        )
    window = asked or length
    if most is not None and isinstance(window, int) and most >= window:
        raise ConfigurationError(
            f"--mcode-max-tokens: {most} tokens leave no room for a prompt in the context window "
            f"of {window}; give a smaller one, or leave it out"
        )


def _honouring(name: str, settings: ModelSettings) -> Backend:
    """Return the backend `name`, unless something is asked of it that it does not take."""
    backend = get(name)
    if name not in MODEL_FREE_BACKENDS and not settings.model:
        raise ConfigurationError(f"--mcode-model is needed with --mcode-backend={name}")
    reasons: Mapping[str, str] = getattr(backend, "reasons", {})
    for field, flag in OPTIONAL.items():
        if field not in backend.takes and getattr(settings, field) not in (None, {}):
            why = reasons.get(field, f"the backend {name} does not take it; leave it out")
            raise ConfigurationError(f"{flag}: {why}")
    return backend


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> Backend:
    origin = f"entry point {point.name} = {point.value}"
    try:
        found = point.load()
    except Exception as error:
        raise ConfigurationError(
            f"{origin}: cannot be imported ({type(error).__name__}: {error}); mend or uninstall its package"
        ) from error
    backend = check(found, origin)
    if backend.name != point.name:
        raise ConfigurationError(f"{origin}: its backend's name is {backend.name!r}: give both the same name")
    return backend
