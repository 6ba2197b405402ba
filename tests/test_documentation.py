"""The pages of docs/ that are made of what the package declares: up to date, and whole."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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


PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
OWN = {"--mcode-base"}
"""Options of examples."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_that_a_page_names_are_there(page: Path) -> None:
    named = set(re.findall(r"--(?:no-)?mcode-[a-z][\w-]*\w", page.read_text(encoding="utf-8")))
    ours = {spec.flag for spec in option_specs()}
    ours |= {f"--no-mcode-{spec.name}" for spec in option_specs() if spec.is_switch}
    assert named - OWN <= ours


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_a_page_shows_are_there(page: Path) -> None:
    """Each `mcode …` line of a block names a command and options that it takes; text names commands."""
    text = re.sub(r"\\\n\s*", "", page.read_text(encoding="utf-8"))
    assert {*re.findall(r"`mcode ([a-z-]+)", text)} <= {*typer.main.get_command(app).commands}  # type: ignore[attr-defined]
    blocks = re.findall(r"^```(?:console|bash)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [
        line
        for block in blocks
        for line in re.findall(r"^(?:\$ )?(mcode [a-z-]+(?: .*)?)$", block, re.MULTILINE)
    ]
    for line in lines:
        if "[OPTIONS]" not in line:
            check(shlex.split(line.partition("#")[0])[1:], typer.main.get_command(app), line)


def check(words: list[str], command: Any, line: str) -> None:
    """Assert that `command` knows the options among `words`."""
    if hasattr(command, "commands"):
        assert words[0] in command.commands, line
        return check(words[1:], command.commands[words[0]], line)
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    ours = words[: words.index("--")] if "--" in words else words
    assert {word.partition("=")[0] for word in ours if word.startswith("-")} <= known, line
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_other_sites_are_well_formed(page: Path) -> None:
    """Whether they answer can't be known here."""
    for link in re.findall(r"\]\((\w+:[^)]*)\)", page.read_text(encoding="utf-8")):
        parts = urlsplit(link)
        assert parts.scheme == "https", link
        assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc), link
        assert not re.search(r"\s", link), link


def test_the_backend_that_a_page_shows_works(pytester: pytest.Pytester) -> None:
    text = (DOCS / "own-backend.md").read_text(encoding="utf-8")
    pytester.makeconftest(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0])
    answer = pytester.path / "answer.sh"
    answer.write_text("#!/bin/sh\ncat > asked; printf '```python\\ndef increment(n): return n + 1\\n```'\n")
    answer.chmod(0o755)
    chosen = (
        "--mcode-benchmark=smoke",
        "--mcode-limit=1",
        "--mcode-sandbox=process",
        "--mcode-backend=shell",
    )
    result = pytester.runpytest_subprocess(*chosen, "--mcode-model=./answer.sh")
    result.stdout.fnmatch_lines(["*judged * 1/1 tasks*"])
    assert (pytester.path / "asked").read_text()
    missing = pytester.runpytest_subprocess(*chosen, "--mcode-model=./other.sh")
    missing.stderr.fnmatch_lines(["ERROR: --mcode-model=./other.sh: there is no such program; give its path"])
