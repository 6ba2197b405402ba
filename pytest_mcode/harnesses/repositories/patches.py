"""Patches as text: which files they change, and leaving out those that must not change."""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence

__all__ = ["added_lines", "changed_files", "makes_link", "sections", "without"]

_SECTION = re.compile(r"^(?=diff --git )|^(?=--- [^\n]*\n\+\+\+ )", re.MULTILINE)
_GIT_HEADER = re.compile(r"^diff --git (?P<names>[^\n]*)", re.MULTILINE)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\S+')
_NAME = re.compile(
    r"^(?P<kind>--- |\+\+\+ |\*\*\* |Index: |(?:rename|copy) (?:from|to) )(?P<name>[^\n]*)$", re.MULTILINE
)
_HUNK = re.compile(r"^@@ ", re.MULTILINE)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"r": b"\r"}


def changed_files(patch: str) -> list[str]:
    """Return every path that a patch names, old or new, in its order, each once, as git takes it."""
    return list(dict.fromkeys(name for section in sections(patch) for name, *_ in _names(section)))


def without(patch: str, files: Collection[str]) -> tuple[str, list[str]]:
    """Return the patch less its edits to `files`, and the files that it did edit.

    A path counts in each reading that git or ``patch -p1`` may have of it: with its first folder and without.
    """
    kept, left_out = [], []
    for section in sections(patch):
        touched = [path for readings in _names(section) for path in readings if path in files]
        left_out += touched
        if not touched:
            kept.append(section)
    return "".join(kept), list(dict.fromkeys(left_out))


def added_lines(section: str) -> list[str]:
    """Return the lines that a part of a patch adds."""
    found = _HUNK.search(section)
    lines = section[found.start() :].split("\n") if found else []
    return [line[1:] for line in lines if line.startswith("+")]


def makes_link(section: str) -> bool:
    """Whether a part of a patch makes a symbolic link."""
    return re.search(r"^new (?:file )?mode 120000", section, re.MULTILINE) is not None


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


def _names(section: str) -> Iterator[tuple[str, ...]]:
    """Yield, for each path that the head of a section names, its readings, git's usual one first."""
    hunk = _HUNK.search(section)
    head = section[: hunk.start()] if hunk else section
    header = _GIT_HEADER.search(head)
    if header:
        yield from (_readings(name) for name in _header_names(header["names"]))
    for found in _NAME.finditer(head):
        name = _plain(found["name"].partition("\t")[0].rstrip())
        if name and name != "/dev/null":
            whole = found["kind"].startswith(("rename", "copy"))
            yield (_normal(name),) if whole else _readings(name)


def _header_names(names: str) -> Sequence[str]:
    """Return the two names after ``diff --git``; unquoted ones with spaces are the same file."""
    if '"' in names:
        return [_plain(token) for token in _TOKEN.findall(names)]
    for space in re.finditer(" ", names):
        old, new = names[: space.start()], names[space.end() :]
        if old.partition("/")[2] == new.partition("/")[2] or old == new:
            return [old, new]
    parted = re.fullmatch(r"a/(.+?) b/(.+)", names)
    return [f"a/{parted[1]}", f"b/{parted[2]}"] if parted else names.split()


def _readings(name: str) -> tuple[str, ...]:
    """Return a path less its first folder, and as it is: without ``diff --git``, git may take it so."""
    return tuple(dict.fromkeys((_normal(name.lstrip("/").partition("/")[2] or name), _normal(name))))


def _normal(path: str) -> str:
    return posixpath.normpath(path).lstrip("/")


def _plain(name: str) -> str:
    r"""Undo git's C-style quoting: ``"a/\303\244.py"``."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_unescape, raw).decode("utf-8", "replace")


def _unescape(found: re.Match[bytes]) -> bytes:
    code: bytes = found[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPED.get(code, code)
