"""The templates of the styles, which stand beside them."""

import hashlib
from importlib.resources import files
from typing import Any

import jinja2

__all__ = ["Wording"]

TEMPLATES = files("pytest_mcode.solving").joinpath("styles")


class Wording:
    """Some templates, by name without ``.jinja``."""

    def __init__(self, *names: str) -> None:
        sources = {
            name: TEMPLATES.joinpath(f"{name}.jinja").read_text(encoding="utf-8")
            for name in ("failed", *names)
        }
        self._environment = jinja2.Environment(
            loader=jinja2.DictLoader(sources), undefined=jinja2.StrictUndefined, autoescape=False
        )
        self.hash = hashlib.sha256("\0".join(sources.values()).encode()).hexdigest()[:16]

    def render(self, name: str, **variables: Any) -> str:
        """Return the text of a template; one that lacks a variable raises `jinja2.UndefinedError`."""
        return self._environment.get_template(name).render(variables)
