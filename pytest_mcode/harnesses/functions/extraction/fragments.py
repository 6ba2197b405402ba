"""Cutting a completion into fenced blocks and the text between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Fragment", "fragments"]

_MARK = r"(?P<mark>`{3,}|~{3,})"
_FENCE = re.compile(rf"(?P<before>[ \t]*){_MARK}(?P<info>[^`]*)")
_FENCE_AFTER_WORDS = re.compile(rf"(?P<before>(?:[^`~]|`(?!``)|~(?!~~))*+){_MARK}(?P<info>[^`]*)")
_FENCE_IN_ONE_LINE = re.compile(
    r"(?:(?P<before>[^`]*+)```(?:python3?|py)[ \t]+|[ \t]*```[ \t]*)(?P<code>[^`]+)```[ \t*_]*"
)
_CODE_AFTER_MARK = re.compile(r"(?:[\w+-]+[ \t]+)??(?P<code>(?:def|class|import|from|async|return|@\w).*)")
_LANGUAGE = re.compile(r"(?i:python|py)[\d.]*\b.*|[A-Za-z][\w+#-]*|\{.*\}|[A-Za-z]\w*[ \t]+[\w-]+=.*")
_BEFORE_BARE_MARK = re.compile(r".*(?:\s|[:*_>-])|")
_LIST_MARK = re.compile(r"\s*(?:[-*+]|\d+[.)])[ \t]+")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>(?!>>)[ \t]?)+")
"""The mark of a blockquote, which an interactive session's ``>>>`` is not."""
_CLOSED_BEFORE = re.compile(r"[*_]*|</[\w-]+>")

_CODE_TAG = r"(?:pre|code|python|answer|solution|response|output|result)"
_TAGS = re.compile(
    r"\s*(?:(?:</?[a-z][\w-]*(?:[ \t][^<>]*)?>|\[/?(?:PYTHON|CODE|BEGIN|DONE|ANSWER|SOLUTION)\])\s*)+"
)
_TAG_BEFORE_CODE = re.compile(
    rf"\s*(?:<{_CODE_TAG}(?:[ \t][^<>]*)?>\s*)+(?=(?:async|def|class|import|from)\b|@\w)", re.IGNORECASE
)
_TAG_AFTER_CODE = re.compile(rf"(?P<code>.*?)(?:</{_CODE_TAG}>\s*)+", re.IGNORECASE)
_LONGEST_TAG_AFTER_CODE = 40


@dataclass(frozen=True)
class Fragment:
    """A part of a completion."""

    text: str
    fenced: bool
    """Whether a fence marks it as code."""


def fragments(text: str) -> Iterator[Fragment]:
    """Cut `text`, whose lines end in LF, at its fences and at lines of nothing but a tag."""
    cutter = _Cutter()
    for line in text.split("\n"):
        yield from cutter.take(line)
    yield from cutter.finish()


@dataclass
class _Cutter:
    lines: list[str] = field(default_factory=list)
    mark: str = ""
    """What closes the open block; empty between blocks."""
    margin: int = 0
    quoted: bool = False
    """Whether the open block stands in a blockquote."""

    def finish(self) -> Iterator[Fragment]:
        if any(line.strip() for line in self.lines):
            yield Fragment("\n".join(self.lines), fenced=bool(self.mark))
        self.lines.clear()
        self.mark = ""

    def take(self, line: str) -> Iterator[Fragment]:
        quote = _QUOTE.match(line) if self.quoted or not self.mark else None
        if quote:
            line = line[quote.end() :]
        elif self.quoted:
            yield from self.finish()
        if not self.mark:
            self.quoted = bool(quote)
        yield from self._inside(line) if self.mark else self._outside(line)

    def _outside(self, line: str) -> Iterator[Fragment]:
        if code := _FENCE_IN_ONE_LINE.fullmatch(line):
            yield from self.finish()
            yield Fragment(code["code"], fenced=True)
        elif fence := _opening(line):
            self.lines.append(fence["before"])
            yield from self._open(fence)
        elif _TAGS.fullmatch(line):
            yield from self.finish()
        elif tag := _TAG_BEFORE_CODE.match(line):
            yield from self.finish()
            yield from self._text(line[tag.end() :])
        else:
            yield from self._text(line)

    def _text(self, line: str) -> Iterator[Fragment]:
        end = line[-_LONGEST_TAG_AFTER_CODE:]
        if tag := _TAG_AFTER_CODE.fullmatch(end):
            self.lines.append(line[: len(line) - len(end)] + tag["code"])
            yield from self.finish()
        else:
            self.lines.append(line)

    def _inside(self, line: str) -> Iterator[Fragment]:
        fence = _FENCE.fullmatch(line)
        if fence and self._is_content(fence):
            self.lines.append(line)
        elif fence and (_is_language(fence["info"]) or _CODE_AFTER_MARK.fullmatch(fence["info"].strip())):
            yield from self._open(fence)  # models forget to close the one before
        elif fence:
            yield from self.finish()
            self.lines.append(fence["info"])
        elif line.count(self.mark) == 1 and _CLOSED_BEFORE.fullmatch(line.partition(self.mark)[2].strip()):
            self.lines.append(line.partition(self.mark)[0])
            yield from self.finish()
        else:
            self.lines.append(line)

    def _open(self, fence: re.Match[str]) -> Iterator[Fragment]:
        yield from self.finish()
        before = fence["before"]
        self.mark, self.margin = fence["mark"], _width(before) if _is_margin(before) else 0
        if code := _CODE_AFTER_MARK.fullmatch(fence["info"].strip()):
            self.lines.append(code["code"])

    def _is_content(self, fence: re.Match[str]) -> bool:
        """Whether a fence line is content of the open block: another mark, or indented as in a docstring."""
        return not fence["mark"].startswith(self.mark) or _width(fence["before"]) > self.margin + 3


def _opening(line: str) -> re.Match[str] | None:
    """Return a fence that opens at the end of a line, after words, marks of emphasis or a tag."""
    if fence := _FENCE.fullmatch(line):
        return fence
    fence = _FENCE_AFTER_WORDS.fullmatch(line)
    if fence is None:
        return None
    info = fence["info"].strip()
    opens = _is_language(info) or (info and _CODE_AFTER_MARK.fullmatch(info))
    return fence if opens or (not info and _BEFORE_BARE_MARK.fullmatch(fence["before"])) else None


def _is_language(info: str) -> bool:
    return bool(_LANGUAGE.fullmatch(info.strip()))


def _is_margin(before: str) -> bool:
    return not before.strip() or bool(_LIST_MARK.fullmatch(before))


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))
