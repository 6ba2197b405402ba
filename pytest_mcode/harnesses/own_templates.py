"""Templates of prompts: those of this package, or one's own in their place."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from pytest_mcode.errors import ConfigurationError

__all__ = ["Templates", "own_names"]


class Templates:
    """Some templates of the package's directory `home`, each replaced by the one of its name in `own`."""

    def __init__(self, names: Sequence[str], home: Any, own: str | None = None) -> None:
        mine = own_names(own) if own else {}
        replaced = [name for name in names if name in mine]
        self.sources = {
            name: _read(mine[name]) if name in mine else home.joinpath(name).read_text(encoding="utf-8")
            for name in names
        }
        if replaced:
            self.sources |= {name: _read(path) for name, path in mine.items() if name.startswith("_")}
        self.replaced = tuple(replaced)
        """Names of those that are one's own."""
        self._environment = jinja2.Environment(
            loader=jinja2.DictLoader(self.sources), undefined=jinja2.StrictUndefined, autoescape=False
        )
        for name in mine.keys() & self.sources:
            try:
                self._environment.parse(self.sources[name])
            except jinja2.TemplateSyntaxError as error:
                raise ConfigurationError(
                    f"--mcode-prompts={own}: {name}, line {error.lineno}: {error.message}"
                ) from error

    @property
    def environment(self) -> jinja2.Environment:
        """What parses and renders them; an undefined variable is an error."""
        return self._environment

    def hash(self, corpus: str = "") -> str:
        """Return what changes whenever a word does, or what stands in `corpus`."""
        return hashlib.sha256("\0".join([*self.sources.values(), corpus]).encode()).hexdigest()[:16]

    def render(self, name: str, **variables: Any) -> str:
        """Return the text of a template."""
        return self._environment.get_template(name).render(variables)


def own_names(directory: str) -> dict[str, Path]:
    """Return the templates in a directory, by name; raises `ConfigurationError` where there is none."""
    found = {path.name: path for path in sorted(Path(directory).glob("*.jinja"))}
    if not found:
        what = "no file there ends in .jinja" if Path(directory).is_dir() else "there is no such directory"
        raise ConfigurationError(
            f"--mcode-prompts={directory}: {what}; give a directory of templates named as in "
            "pytest_mcode/harnesses/templates"
        )
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--mcode-prompts: cannot read {path} as UTF-8 text: {error}") from error
