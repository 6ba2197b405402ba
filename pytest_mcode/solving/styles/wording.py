"""The templates of the styles, which stand beside them."""

from importlib.resources import files
from typing import Any

from pytest_mcode.harnesses.own_templates import Templates

__all__ = ["HOME", "Wording"]

HOME = files("pytest_mcode.solving").joinpath("styles")


class Wording:
    """Some templates, by name without ``.jinja``; those of the directory `own` in their place."""

    def __init__(self, *names: str, own: str | None = None) -> None:
        self.templates = Templates([f"{name}.jinja" for name in ("failed", *names)], HOME, own)
        self.hash = self.templates.hash()

    def render(self, name: str, **variables: Any) -> str:
        """Return the text of a template; one that lacks a variable raises `jinja2.UndefinedError`."""
        return self.templates.render(f"{name}.jinja", **variables)
