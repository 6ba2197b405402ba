"""What the site needs beside its pages: the files of the repository that they link to, as pages of their own.

``[the prompt](../experiments/examples/prompt/conftest.py)`` so leads to the file where docs/ is read in the
repository, and to a page that shows it on the site.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
SHOWN_AS_IT_IS = {".md", ".svg", ".png"}
IN_THE_REPOSITORY = re.compile(r"\]\(\.\./([^)#\s]+)")
ALWAYS = ("CONTRIBUTING.md", "CHANGELOG.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each file of the repository that a page links to."""
    linked = set(ALWAYS)
    for page in files.documentation_pages():
        linked.update(IN_THE_REPOSITORY.findall(page.content_string))
    for path in sorted(linked):
        files.append(_page(path, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links into the repository lead to the pages made of its files."""
    if page.file.src_uri.startswith("repository/"):
        return markdown
    return IN_THE_REPOSITORY.sub(lambda found: f"](repository/{_address(found[1])}", markdown)


def _address(path: str) -> str:
    return path if Path(path).suffix in SHOWN_AS_IT_IS else f"{path}.md"


def _page(path: str, config: MkDocsConfig) -> File:
    file = ROOT / path
    if not file.is_file():
        raise PluginError(f"A page links to ../{path}, which is not there")
    where = f"repository/{_address(path)}"
    if file.suffix == ".md":
        text = file.read_text(encoding="utf-8")
        return File.generated(config, where, content=text.replace("](docs/", "](../"))
    if file.suffix in SHOWN_AS_IT_IS:
        return File.generated(config, where, abs_src_path=str(file))
    language = {".py": "python", ".toml": "toml"}.get(file.suffix, "text")
    text = file.read_text(encoding="utf-8")
    return File.generated(config, where, content=f"# {path}\n\n````{language}\n{text}\n````\n")
