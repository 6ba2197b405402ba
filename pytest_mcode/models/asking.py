"""Asking any model, also a user's own: an error is reported with its file, not with ours."""

import inspect

from pytest_mcode.activity import tell_attempt
from pytest_mcode.errors import ConfigurationError, line_in, raised_at
from pytest_mcode.models import Completion, Model, Request

__all__ = ["ask"]

_REMEDY = "a model returns a pytest_mcode.Completion, its fields given by name: Completion(text=…)"


def ask(model: Model, request: Request) -> Completion:
    """Return the model's answer to `request`.

    Raises what `Model.generate` raises, and `ConfigurationError` with file and line where the
    model makes a `Completion` wrongly, returns something else, or one whose fields have other types.
    """
    tell_attempt(request.sample, request.iteration)
    try:
        completion = model.generate(request)
    except TypeError as error:
        if not str(error).startswith(f"{Completion.__name__}.__init__()"):
            raise
        raise ConfigurationError(
            f"generate() of {type(model).__name__} makes a wrong Completion "
            f"({raised_at(error)}: {error}); {_REMEDY}"
        ) from error
    if not isinstance(completion, Completion):
        raise ConfigurationError(
            f"generate() of {_named(model)} returned {type(completion).__name__}; {_REMEDY}"
        )
    if wrong := completion.wrong_field():
        raise ConfigurationError(f"generate() of {_named(model)} returned a Completion whose {wrong}")
    return completion


def _named(model: Model) -> str:
    """Return the model's class, and where its `generate` is written if that can be known."""
    name = type(model).__name__
    try:
        code = inspect.unwrap(type(model).generate).__code__
    except AttributeError:
        return name
    return f"{name} ({line_in(code.co_filename, code.co_firstlineno)})"
