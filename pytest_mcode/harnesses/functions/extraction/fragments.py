"""Cutting a completion: reasoning off, fenced blocks apart from the text between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Fragment", "fragments", "strip_end_tokens", "strip_reasoning"]

_REASONING = re.compile(
    r"(?P<open>^[ \t]*<(?:think|thinking|thought|reasoning)>|^[ \t]*\[THINK\])"
    r"|(?P<close></(?:think|thinking|thought|reasoning)>(?![\"'])|\[/THINK\])",
    re.IGNORECASE | re.MULTILINE,
)
_END_TOKEN = re.compile(r"(?:<[|｜][\w▁]+[|｜]>|</s>|<eos>|<EOT>)\s*\Z")
_LONGEST_END_TOKEN = 40
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)")
_FENCE_IN_ONE_LINE = re.compile(r"[ \t]*```(?:python3?|py)?[ \t]*(?P<code>[^`]+)```[ \t]*")
_CODE_AFTER_MARK = re.compile(r"(?:[\w+-]+[ \t]+)??(?P<code>(?:def|class|import|from|async|return|@\w).*)")
_TAG = re.compile(r"\s*(?:</?[a-z]+>|\[/?(?:PYTHON|CODE|BEGIN|DONE|ANSWER|SOLUTION)\])\s*")


@dataclass(frozen=True)
class Fragment:
    """A part of a completion."""

    text: str
    fenced: bool
    """Whether a fence marks it as code."""


def strip_reasoning(text: str) -> str:
    """Return `text` without its reasoning blocks; after an unclosed one nothing is left.

    A closing tag without an opening one, which was in the prompt then, ends reasoning that
    began with the text.
    """
    kept: list[str] = []
    start, inside = 0, False
    for tag in _REASONING.finditer(text):
        if tag["open"] and not inside:
            kept.append(text[start : tag.start()])
            inside = True
        elif tag["close"]:
            if not inside:
                kept.clear()
            start, inside = tag.end(), False
    return "".join(kept) if inside else "".join([*kept, text[start:]])


def strip_end_tokens(text: str) -> str:
    """Return `text` without the special tokens that some servers leave at the end."""
    text = text.rstrip()
    while token := _END_TOKEN.search(text[-_LONGEST_END_TOKEN:]):
        text = text[: len(text) - len(token[0])].rstrip()
    return text


def fragments(text: str) -> Iterator[Fragment]:
    """Cut `text`, whose lines end in LF, at its fences and at lines of nothing but a tag."""
    lines: list[str] = []
    mark, margin = "", 0

    def finished() -> Iterator[Fragment]:
        if any(line.strip() for line in lines):
            yield Fragment("\n".join(lines), fenced=bool(mark))
        lines.clear()

    for line in text.split("\n"):
        fence = _FENCE.fullmatch(line)
        if fence and _belongs_inside(fence, mark, margin):
            lines.append(line)
        elif fence:
            yield from finished()
            info = fence["info"].strip()
            closes = mark and not info  # else it opens: models forget to close the one before
            mark, margin = ("", 0) if closes else (fence["mark"], _width(fence["indent"]))
            if code := _CODE_AFTER_MARK.fullmatch(info):
                lines.append(code["code"])
        elif mark and line.count(mark) == 1 and line.rstrip().endswith(mark):
            lines.append(line.rstrip().removesuffix(mark))
            yield from finished()
            mark, margin = "", 0
        elif not mark and (code := _FENCE_IN_ONE_LINE.fullmatch(line)):
            yield from finished()
            yield Fragment(code["code"], fenced=True)
        elif not mark and _TAG.fullmatch(line):
            yield from finished()
        else:
            lines.append(line)
    yield from finished()


def _belongs_inside(fence: re.Match[str], mark: str, margin: int) -> bool:
    """Whether a fence line is content of the open block: another mark, or indented as in a docstring."""
    return bool(mark) and (not fence["mark"].startswith(mark) or _width(fence["indent"]) > margin + 3)


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))
