"""The pages of docs/ that are made of what the package declares: up to date, and whole."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from pytest_mcode.cli import app
from pytest_mcode.settings import option_specs

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Return the generated pages by name, as docs/generate.py writes them."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return {page.name: text for page, text in generate.pages().items()}


@pytest.mark.parametrize("page", ["options.md", "commands.md", "data.md", "python.md"])
def test_a_generated_page_is_up_to_date(made: dict[str, str], page: str) -> None:
    found = (DOCS / page).read_text(encoding="utf-8")
    assert found == made[page], "run: python docs/generate.py"


def test_every_option_of_a_session_has_a_row() -> None:
    rows = re.findall(
        r"^\| `(--mcode-[\w-]+)`", (DOCS / "options.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    ours = [spec.flag for spec in option_specs() if spec.group in ("", "functions", "repositories")]
    assert sorted(rows) == sorted(ours)


def test_every_command_has_a_section() -> None:
    titles = re.findall(r"^## (mcode .+)$", (DOCS / "commands.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(titles) == sorted(commands(typer.main.get_command(app), "mcode"))


def commands(command: Any, path: str) -> list[str]:
    """Return each command's path: what is typed before its arguments."""
    if not hasattr(command, "commands"):
        return [path]
    return [found for name, each in command.commands.items() for found in commands(each, f"{path} {name}")]
