"""Patches as text: which files they change, and leaving out those that must not change."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

__all__ = ["changed_files", "sections", "test_configuration", "without"]

_SECTION = re.compile(r"^(?=diff --git )|^(?=--- [^\n]*\n\+\+\+ )", re.MULTILINE)
_GIT_HEADER = re.compile(r"^diff --git (?:a/(?P<old>.+?) b/(?P<new>.+)|(?P<quoted>\".*))$", re.MULTILINE)
_NAME = re.compile(r"^(?:--- |\+\+\+ |(?:rename|copy) (?:from|to) )(?P<name>[^\n]*)$", re.MULTILINE)
_HUNK = re.compile(r"^@@ ", re.MULTILINE)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"r": b"\r"}

CONFIGURATION = frozenset(
    {"conftest.py", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "noxfile.py"}
    | {"sitecustomize.py", "usercustomize.py", "pytest.py", "runtests.py"}
)
"""Files by which a patch can decide which tests run and how they are reported."""


def changed_files(patch: str) -> list[str]:
    """Return every path that a patch names, old or new, in its order, each once."""
    return list(dict.fromkeys(name for section in sections(patch) for name in _names(section)))


def without(patch: str, files: Collection[str]) -> tuple[str, list[str]]:
    """Return the patch less its edits to `files`, and the files that it did edit."""
    kept, left_out = [], []
    for section in sections(patch):
        touched = [name for name in _names(section) if name in files]
        left_out += touched
        if not touched:
            kept.append(section)
    return "".join(kept), list(dict.fromkeys(left_out))


def test_configuration(files: Sequence[str]) -> list[str]:
    """Return those of `files` that configure test runs."""
    return [file for file in files if PurePosixPath(file).name in CONFIGURATION or file.endswith(".pth")]


def sections(patch: str) -> Iterator[str]:
    """Yield a patch file by file; a ``---``, ``+++`` pair that follows its ``diff --git`` stays with it."""
    pending = ""
    for part in _SECTION.split(patch):
        if pending and (not _is_header_alone(pending) or part.startswith("diff --git ")):
            yield pending
            pending = ""
        pending += part
    if pending:
        yield pending


def _is_header_alone(section: str) -> bool:
    return section.startswith("diff --git ") and "\n--- " not in section and not _HUNK.search(section)


def _names(section: str) -> Iterator[str]:
    hunk = _HUNK.search(section)
    head = section[: hunk.start()] if hunk else section
    header = _GIT_HEADER.search(head)
    if header and header["new"]:
        yield from (_plain(header["old"]), _plain(header["new"]))
    for found in _NAME.finditer(head):
        name = _plain(found["name"].partition("\t")[0].rstrip())
        if name != "/dev/null":
            yield re.sub(r"^[ab]/", "", name) if found[0][:3] in ("---", "+++") else name


def _plain(name: str) -> str:
    r"""Undo git's C-style quoting: ``"a/\303\244.py"``."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_unescape, raw).decode("utf-8", "replace")


def _unescape(found: re.Match[bytes]) -> bytes:
    code: bytes = found[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPED.get(code, code)
