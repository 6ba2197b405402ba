"""Forms besides search/replace blocks and git's patches in which models write changes."""

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from pytest_mcode.errors import ApplyError

__all__ = ["begin_patch", "path_in", "recounted", "whole_files"]

LIKE_ENOUGH = 0.5
"""Share of a file's lines that a new text of it keeps, at least: less is a part of it."""

_PATH = re.compile(r"[\w./+ -]*\w\.?[\w]*")
_LABEL = re.compile(r"^(?i:file(?:name| path)?|path|in|update|edit|create|modify)\b\s*:?\s*", re.IGNORECASE)
_DECORATION = re.compile(r"^(?:#+|[-*]+|\d+\.)\s+|[`*\"]|^#\s*")
_OPENAI = re.compile(r"^\*\*\* Begin Patch[ \t]*\n(?P<text>.*?)^\*\*\* End Patch", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^\*\*\* (?P<what>Update|Add|Delete) File: (?P<path>[^\n]+)\n", re.MULTILINE)
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$")


def path_in(line: str) -> str:
    """Return the path that a line is about, decorations and words such as ``File:`` off; else nothing."""
    bare = _DECORATION.sub("", line.strip()).strip()
    bare = _LABEL.sub("", bare).strip().removesuffix(":").strip().removesuffix(":").strip()
    return bare if _PATH.fullmatch(bare) and ("." in bare or "/" in bare) and " " not in bare else ""


def begin_patch(answer: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield path, lines to search for and lines to put in their place of each part of ``*** Begin Patch``.

    Nothing to search for adds a file, nothing to put there deletes one. The form is that of OpenAI's
    ``apply_patch`` (https://github.com/openai/codex, ``codex-rs/apply-patch``).
    """
    for patch in _OPENAI.finditer(answer):
        files = list(_FILE.finditer(patch["text"]))
        for file, following in zip(files, [*files[1:], None], strict=True):
            body = patch["text"][file.end() : following.start() if following else None]
            path = file["path"].strip()
            if file["what"] == "Delete":
                yield path, None, None
            elif file["what"] == "Add":
                yield path, None, "".join(f"{line[1:]}\n" for line in body.splitlines() if line[:1] == "+")
            else:
                yield from ((path, *sides) for sides in _sides(body))


def _sides(body: str) -> Iterator[tuple[str, str]]:
    for chunk in re.split(r"^@@.*\n|^\*\*\* End of File.*\n?", body, flags=re.MULTILINE):
        lines = [line if line else " " for line in chunk.split("\n")[:-1]]
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        if before != after:
            yield before, after


def whole_files(answer: str, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield path and new text of files that stand whole in fences, under their paths.

    Raises `ApplyError` where one of a file that exists keeps too little of it to be the whole.
    """
    end = 0
    for fence in _FENCE.finditer(answer):
        before = [line for line in answer[end : fence.start()].splitlines() if line.strip()]
        info = fence["info"].replace(":", " ").split()
        path = next(filter(None, map(path_in, info[::-1])), "") or (path_in(before[-1]) if before else "")
        end = fence.end()
        path = re.sub(r"^(?:/testbed/|\./)", "", path)
        if not path or not PurePosixPath(path).suffix or "<<<" in fence["text"]:
            continue
        if path in files and _kept(files[path], fence["text"]) < LIKE_ENOUGH:
            raise ApplyError(
                f"the block under {path} is not the whole file: change parts of a file by "
                "SEARCH/REPLACE blocks"
            )
        yield path, fence["text"]


def _kept(before: str, after: str) -> float:
    old, new = before.splitlines(), after.splitlines()
    same = sum(block.size for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks())
    return same / len(old) if old else 1.0


def recounted(patch: str) -> str:
    """Return a patch whose hunks say how many lines they have: models miscount."""
    lines, made = patch.split("\n"), []
    at = 0
    while at < len(lines):
        hunk = _HUNK.match(lines[at])
        if hunk is None:
            made.append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and not _ends_hunk(lines, end):
            end += 1
        body = lines[at + 1 : end]
        rest = []
        while body and not body[-1]:
            rest.append(body.pop())
        old = sum(line[:1] in (" ", "-", "") for line in body)
        new = sum(line[:1] in (" ", "+", "") for line in body)
        counted = f"@@ -{hunk[1]},{old} +{hunk[3]},{new} @@{hunk[5]}"
        right = (old, new) == (int(hunk[2] or 1), int(hunk[4] or 1))
        made += [lines[at], *body, *rest] if right else [counted, *(line or " " for line in body), *rest]
        at = end
    return "\n".join(made)


def _ends_hunk(lines: list[str], at: int) -> bool:
    line = lines[at]
    if line.startswith(("@@ ", "diff --git ")):
        return True
    if line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
        return True
    return line[:1] not in (" ", "+", "-", "\\", "")
