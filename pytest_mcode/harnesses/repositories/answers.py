"""From a completion to a patch: as it stands there, or as its search/replace blocks amount to."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import PurePosixPath

from pytest_mcode.errors import ApplyError
from pytest_mcode.harnesses.functions.extraction import strip_reasoning

__all__ = ["Edit", "find_edits", "find_patch", "to_patch"]

_FENCED = re.compile(r"^```[\w.+-]*[ \t]*\n(?P<text>.*?)(?:^```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PATCH = re.compile(r"^(?:diff --git |--- \S[^\n]*\n\+\+\+ )", re.MULTILINE)
_BLOCK = re.compile(
    r"^<{5,9} ?SEARCH[ \t]*\n(?P<search>.*?)^={7}[ \t]*\n(?P<replace>.*?)^>{5,9} ?REPLACE[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_PATH = re.compile(r"[\w./+ -]*\w\.?[\w]*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One search/replace block."""

    path: str
    search: str
    """Whole lines; empty for a new file."""
    replace: str


def find_patch(completion: str) -> str | None:
    """Return the patches in a completion's fences, else the completion from its first patch on."""
    answer = strip_reasoning(completion)
    fenced = [found["text"] for found in _FENCED.finditer(answer) if _PATCH.search(found["text"])]
    if fenced:
        return "".join(each if each.endswith("\n") else each + "\n" for each in fenced)
    start = _PATCH.search(answer)
    return answer[start.start() :] if start else None


def find_edits(completion: str) -> list[Edit]:
    """Return a completion's search/replace blocks; one without a path is of the file before it."""
    answer = strip_reasoning(completion).replace("\r\n", "\n")
    edits: list[Edit] = []
    end = 0
    for block in _BLOCK.finditer(answer):
        path = _path_in(answer[end : block.start()]) or (edits[-1].path if edits else "")
        edits.append(Edit(path=path, search=block["search"], replace=block["replace"]))
        end = block.end()
    return edits


def to_patch(edits: Collection[Edit], files: Mapping[str, str]) -> str:
    """Return git's patch that `edits`, one after the other, make of `files`; raises `ApplyError`."""
    after: dict[str, str] = {}
    for number, edit in enumerate(edits, 1):
        where = f"block {number}" if len(edits) > 1 else "the block"
        path = _resolve(edit, files, after, where)
        after[path] = _edited(edit, after.get(path, files.get(path)), path, where)
    return "".join(_diff(path, files.get(path), text) for path, text in after.items())


def _path_in(text: str) -> str:
    """Return the path that the last line before a block names, decorations off."""
    lines = [line.strip() for line in text.splitlines()]
    named = [line for line in lines if line and not line.startswith(("```", "<", "=", ">"))]
    if not named:
        return ""
    bare = re.sub(r"^(?:#+|[-*]+|\d+\.)\s+|^(?i:file(?:name)?|path)\s*:\s*|[`*]", "", named[-1]).strip()
    bare = bare.removesuffix(":").strip()
    return bare if _PATH.fullmatch(bare) and ("." in bare or "/" in bare) and " " not in bare else ""


def _resolve(edit: Edit, files: Mapping[str, str], after: Mapping[str, str], where: str) -> str:
    """Return the file that a block means: its path, or the only file that ends in it, or a new one."""
    if not edit.path:
        raise ApplyError(f"{where} has no path: write the file's path on a line of its own before it")
    path = re.sub(r"^(?:/testbed/|\./|[ab]/(?=.))", "", edit.path) if edit.path not in files else edit.path
    if path in files or path in after:
        return path
    ending = [file for file in files if file.endswith(f"/{path}")]
    if len(ending) == 1 and edit.search.strip():
        return ending[0]
    if edit.search.strip():
        hint = f"; do you mean {' or '.join(ending[:3])}?" if ending else ""
        raise ApplyError(f"{where}: the repository has no file {edit.path}{hint}")
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ApplyError(f"{where}: {edit.path} is outside the repository")
    return path


def _edited(edit: Edit, text: str | None, path: str, where: str) -> str:
    if not edit.search.strip():
        if text:
            raise ApplyError(f"{where}: {path} exists: put the lines to replace between SEARCH and =======")
        return edit.replace
    lines, wanted = _lines(text or ""), [line.rstrip() for line in _lines(edit.search)]
    found = list(_occurrences(lines, _lines(edit.search))) or list(
        _occurrences([line.rstrip() for line in lines], wanted)
    )
    if len(found) != 1:
        problem = f"occur {len(found)} times in" if found else "do not occur in"
        remedy = "copy more lines around them" if found else "copy them exactly as they stand there"
        raise ApplyError(f"{where}: these lines {problem} {path}; {remedy}:\n{edit.search.rstrip()}")
    start, stop = found[0], found[0] + len(wanted)
    return "".join(lines[:start] + _as_around(edit.replace, lines[start:stop]) + lines[stop:])


def _occurrences(lines: list[str], wanted: list[str]) -> Iterator[int]:
    for start in range(len(lines) - len(wanted) + 1):
        if lines[start : start + len(wanted)] == wanted:
            yield start


def _as_around(replacement: str, replaced: list[str]) -> list[str]:
    """Return the lines of a replacement, ending as the replaced ones do."""
    lines = _lines(replacement)
    if replaced[0].endswith("\r\n"):
        lines = [line.removesuffix("\n").removesuffix("\r") + "\r\n" for line in lines]
    if lines and not replaced[-1].endswith("\n"):
        lines[-1] = lines[-1].removesuffix("\n")
    return lines


def _lines(text: str) -> list[str]:
    return _LINE.findall(text)


def _diff(path: str, before: str | None, after: str) -> str:
    if before == after:
        return ""
    mode = "" if before is not None else "new file mode 100644\n"
    old = f"a/{path}" if before is not None else "/dev/null"
    hunks = unified_diff(_lines(before or ""), _lines(after), old, f"b/{path}")
    whole = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks)
    return f"diff --git a/{path} b/{path}\n{mode}{''.join(whole)}"
