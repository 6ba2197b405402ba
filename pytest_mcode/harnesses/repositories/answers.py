"""From a completion to a patch: as it stands there, or as its search/replace blocks amount to."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches, unified_diff
from pathlib import PurePosixPath

from pytest_mcode.errors import ApplyError
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.harnesses.repositories.formats import begin_patch, path_in, recounted, whole_files
from pytest_mcode.harnesses.repositories.patches import changed_files, sections

__all__ = ["Edit", "find_change", "find_edits", "find_patch", "to_patch"]

_FENCED = re.compile(r"^```[\w.+-]*[ \t]*\n(?P<text>.*?)(?:^```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PATCH = re.compile(r"^(?:diff --git |--- \S[^\n]*\n\+\+\+ )", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(?P<first>\d+)(?:,(?P<lines>\d+))? ", re.MULTILINE)
_REMOVED = re.compile(r"^-(?!-- )[ \t]*\S.*$", re.MULTILINE)
_BLOCK = re.compile(
    r"^<{5,9} ?(?:SEARCH|ORIGINAL)(?P<path>[^\n]*)\n"
    r"(?P<text>.*?^={7}[ \t]*\n.*?)^>{5,9} ?(?:REPLACE|UPDATED)[ \t]*$",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_DIVIDER = re.compile(r"^={7}[ \t]*\n", re.MULTILINE)
_NUMBERED = re.compile(r"^ *\d+ \| ?", re.MULTILINE)
"""What prompts put before a line."""
NEAREST = 3
"""Lines shown around those that are nearest to lines that do not occur."""
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One search/replace block."""

    path: str
    readings: Sequence[tuple[str, str]]
    """What to search for and what to replace it with, both whole lines, the first empty for a new file.

    There are several where lines of `=======` stand in the block: each may be the one that divides it.
    """
    whole: bool = False
    """Whether it gives the whole file."""
    deletes: bool = False


def find_patch(completion: str) -> str | None:
    """Return the patches in a completion's fences, else those from its first one on.

    Of two that change the same place of a file the last one counts: a model corrects itself further down.
    """
    answer = strip_reasoning(completion)
    fenced = [found["text"] for found in _FENCED.finditer(answer) if _PATCH.search(found["text"])]
    start = _PATCH.search(answer)
    if not start:
        return None
    patches = [_ended(text) for text in fenced or [answer[start.start() :]]]
    kept: list[_Section] = []
    for text in reversed([section for patch in patches for section in sections(patch)]):
        section = _Section(text)
        if not any(later.corrects(section) for later in kept):
            kept.append(section)
    return "".join(section.text for section in reversed(kept))


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


class _Section:
    """What a patch does to one file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.files = changed_files(text)
        self.removed = set(_REMOVED.findall(text))
        hunks = [(int(hunk["first"]), int(hunk["lines"] or 1)) for hunk in _HUNK.finditer(text)]
        self.places = [range(first, first + max(lines, 1)) for first, lines in hunks]

    def corrects(self, earlier: "_Section") -> bool:
        """Whether it changes the same lines of the same file."""
        if not self.files or self.files != earlier.files:
            return False
        return not self.removed.isdisjoint(earlier.removed) or any(
            one.start < other.stop and other.start < one.stop
            for one in self.places
            for other in earlier.places
        )


def find_edits(completion: str) -> list[Edit]:
    """Return a completion's search/replace blocks; one without a path is of the file before it."""
    answer = strip_reasoning(completion).replace("\r\n", "\n")
    edits: list[Edit] = []
    end = 0
    for block in _BLOCK.finditer(answer):
        path = path_in(block["path"]) or _path_before(answer[end : block.start()])
        path = path or (edits[-1].path if edits else "")
        text = block["text"]
        dividers = _DIVIDER.finditer(text)
        readings = [(text[: divider.start()], text[divider.end() :]) for divider in dividers]
        edits.append(Edit(path=path, readings=readings))
        end = block.end()
    return edits


def find_change(completion: str, files: Mapping[str, str]) -> str | None:
    """Return the patch that a completion holds in whatever form, or several; None where it holds none.

    `files` are the repository's. Raises `ApplyError` where what it holds does not fit them.
    """
    answer = strip_reasoning(completion).replace("\r\n", "\n")
    edits = [*find_edits(completion), *_other_edits(answer)]
    patch = find_patch(_BLOCK.sub("", answer))
    if not edits and patch is None:
        edits = [
            Edit(path=path, readings=[("", text)], whole=True) for path, text in whole_files(answer, files)
        ]
    made = to_patch(edits, files) if edits else ""
    touched = set(changed_files(made))
    rest = [each for each in sections(recounted(patch or "")) if touched.isdisjoint(changed_files(each))]
    return (made + "".join(rest)) or (patch and recounted(patch)) or ("" if edits else None)


def _other_edits(answer: str) -> Iterator[Edit]:
    for path, search, replacement in begin_patch(answer):
        if replacement is None:
            yield Edit(path=path, readings=[("", "")], deletes=True)
        else:
            yield Edit(path=path, readings=[(search or "", replacement)])


def to_patch(edits: Collection[Edit], files: Mapping[str, str]) -> str:
    """Return git's patch that `edits`, one after the other, make of `files`; raises `ApplyError`."""
    after: dict[str, str | None] = {}
    for number, edit in enumerate(edits, 1):
        where = f"block {number}" if len(edits) > 1 else "the block"
        path = _resolve(edit, files, after, where)
        before = after.get(path, files.get(path))
        if edit.deletes:
            after[path] = None
        else:
            after[path] = edit.readings[0][1] if edit.whole else _edited(edit, before, path, where)
    return "".join(_diff(path, files.get(path), text) for path, text in after.items())


def _path_before(text: str) -> str:
    """Return the path that the line before a block names, or the info string of its fence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[-1].startswith("```"):
        named = next(filter(None, map(path_in, lines[-1].strip("`").replace(":", " ").split()[::-1])), "")
        if named:
            return named
    lines = [line for line in lines if not line.startswith(("```", "<", "=", ">"))]
    return path_in(lines[-1]) if lines else ""


def _resolve(edit: Edit, files: Mapping[str, str], after: Mapping[str, str | None], where: str) -> str:
    """Return the file that a block means: its path, or the only file that ends in it, or a new one."""
    if not edit.path:
        raise ApplyError(f"{where} has no path: write the file's path on a line of its own before it")
    path = re.sub(r"^(?:/testbed/|\./|[ab]/(?=.))", "", edit.path) if edit.path not in files else edit.path
    if path in files or path in after:
        return path
    ending = [file for file in files if file.endswith(f"/{path}")]
    if len(ending) == 1 and edit.readings[0][0].strip():
        return ending[0]
    if edit.readings[0][0].strip():
        hint = f"; do you mean {' or '.join(ending[:3])}?" if ending else ""
        raise ApplyError(f"{where}: the repository has no file {edit.path}{hint}")
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ApplyError(f"{where}: {edit.path} is outside the repository")
    return path


def _edited(edit: Edit, text: str | None, path: str, where: str) -> str:
    first, replacement = edit.readings[0]
    if text is None or (not text and not first.strip()):
        return replacement
    lines = _lines(text)
    places = [
        (search, replace, _places(lines, search)) for search, replace in edit.readings if search.strip()
    ]
    fitting = [place for place in places if len(place[2]) == 1]
    if not places:
        raise ApplyError(f"{where}: {path} exists: put the lines to replace between SEARCH and =======")
    if not fitting and all(_NUMBERED.match(search) for search, _, _ in places):
        plain = [(_NUMBERED.sub("", search), _NUMBERED.sub("", new)) for search, new, _ in places]
        return _edited(replace(edit, readings=plain), text, path, where)
    if not fitting:
        search, _, found = places[0]
        near = "" if found else _nearest(lines, search)
        problem = f"occur {len(found)} times in" if found else "do not occur in"
        remedy = "copy more lines around them" if found else "copy them exactly as they stand there"
        raise ApplyError(f"{where}: these lines {problem} {path}; {remedy}:\n{search.rstrip()}{near}")
    search, replacement, (start,) = max(fitting, key=_likeness)
    stop = start + len(_lines(search))
    return "".join(lines[:start] + _as_around(replacement, lines[start:stop]) + lines[stop:])


def _nearest(lines: list[str], search: str) -> str:
    """Return the file's lines that are nearest to lines that do not occur in it, with their numbers."""
    wanted = [line.strip() for line in _lines(search) if line.strip()]
    there = [line.strip() for line in lines]
    near = get_close_matches(max(wanted, key=len), set(there), n=1) if wanted else []
    if not near:
        return ""
    found = [at for at, line in enumerate(there) if line == near[0]]
    hits = {
        at: sum(line in there[max(0, at - len(wanted)) : at + len(wanted)] for line in wanted) for at in found
    }
    best = max(found, key=lambda at: hits[at])
    first, last = max(0, best - len(wanted) - NEAREST), best + len(wanted) + NEAREST
    shown = "".join(
        f"{number:>5} | {line.rstrip()}\n" for number, line in enumerate(lines[first:last], first + 1)
    )
    return f"\nThe nearest lines there are these (their numbers are not part of them):\n{shown.rstrip()}"


def _likeness(place: tuple[str, str, list[int]]) -> tuple[float, int]:
    """A replacement resembles what it replaces: that tells which of several dividers is meant."""
    search, replacement, _ = place
    return SequenceMatcher(None, _lines(search), _lines(replacement)).ratio(), len(search)


def _places(lines: list[str], search: str) -> list[int]:
    """Return where the lines of `search` stand, exactly or else but for spaces at their ends."""
    wanted = _lines(search)
    return list(_occurrences(lines, wanted)) or list(
        _occurrences([line.rstrip() for line in lines], [line.rstrip() for line in wanted])
    )


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


def _diff(path: str, before: str | None, after: str | None) -> str:
    if before == after:
        return ""
    mode = (
        "new file mode 100644\n" if before is None else "deleted file mode 100644\n" if after is None else ""
    )
    old = "/dev/null" if before is None else f"a/{path}"
    new = "/dev/null" if after is None else f"b/{path}"
    hunks = unified_diff(_lines(before or ""), _lines(after or ""), old, new)
    whole = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks)
    return f"diff --git a/{path} b/{path}\n{mode}{''.join(whole)}"
