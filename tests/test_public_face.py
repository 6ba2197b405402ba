"""What `pytest_mcode` offers to a conftest.py, a notebook or a plugin: all there, documented, and light."""

import ast
import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import pytest_mcode

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTATION = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
RESULTS = "experiments/results"
"""Made by sessions."""
HEAVY = ("pytest", "mellea", "sqlalchemy", "docker", "rich", "jinja2", "httpx", "datasets", "scipy", "typer")


def code_blocks(text: str) -> list[str]:
    """Return the Python blocks of a Markdown text."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def imports(source: str) -> list[tuple[str, str]]:
    """Return module and name of each `from pytest_mcode… import …`."""
    return [
        (node.module, each.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "pytest_mcode"
        for each in node.names
    ]


@pytest.mark.parametrize("name", pytest_mcode.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(pytest_mcode, name)
    if inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value):
        assert inspect.getdoc(value), f"{name} has no docstring"
    if inspect.isclass(value) or inspect.isroutine(value):
        assert value.__module__.startswith("pytest_mcode."), f"{name} is not ours to offer"


def test_what_is_imported_on_demand_is_public() -> None:
    homes = [name for names in pytest_mcode._HOMES.values() for name in names]
    assert len({*homes}) == len(homes)
    assert {*homes} <= {*pytest_mcode.__all__}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'pytest_mcode' has no attribute 'Benchmarc'"):
        _ = pytest_mcode.Benchmarc


def test_the_version_is_that_of_the_distribution() -> None:
    assert pytest_mcode.__version__ == version("pytest-mcode")


def test_what_the_documentation_imports_is_public() -> None:
    found = [each for block in code_blocks(DOCUMENTATION) for each in imports(block)]
    assert found
    assert {module for module, _ in found} == {"pytest_mcode"}
    assert {name for _, name in found} <= {*pytest_mcode.__all__}


def test_the_documentation_names_nothing_that_is_not_there() -> None:
    """``pytest_mcode.Completion`` in the text means what it says, too."""
    named = set(re.findall(r"`pytest_mcode\.([A-Za-z_]\w*)", DOCUMENTATION))
    assert "Completion" in named
    assert named <= {*pytest_mcode.__all__}


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = "import sys, pytest_mcode; print(*sorted(set(sys.argv[1:]) & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", script, *HEAVY], capture_output=True, text=True, check=True, timeout=60
    )
    assert loaded.stdout.split() == []


def test_a_public_name_is_imported_when_it_is_first_used() -> None:
    script = """
import sys, pytest_mcode
pytest_mcode.Task, pytest_mcode.Verdict, pytest_mcode.Settings
assert "pytest_mcode.benchmarks" not in sys.modules
pytest_mcode.FunctionJudge
assert "pytest_mcode.benchmarks" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_files_that_the_pages_name_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:pytest_mcode|tests|experiments)/[\w./-]*\w/?(?![\w*…])", text))
    missing = {name for name in named if not (ROOT / name).exists() and not name.startswith(RESULTS)}
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_of_the_pages_lead_somewhere(page: str) -> None:
    """Those of docs/ are checked where the site is built."""
    links = re.findall(r"\]\((?!http)([^)#\s]+)(?:#([^)\s]+))?\)", (ROOT / page).read_text(encoding="utf-8"))
    assert links
    for path, anchor in links:
        assert (ROOT / path).is_file(), path
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}, (
                path
            )


def test_the_route_of_a_task_is_short() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    route = text.partition("### The route of one HumanEval task")[2].partition("\n## ")[0]
    files = set(re.findall(r"pytest_mcode/[\w/]+\.py", route))
    assert 10 <= len(files) <= 15
