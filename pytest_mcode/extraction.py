"""The code in a model's completion.

A completion is cut into *fragments*: fenced blocks and the text between them. What parses of a
fragment is a *candidate*. The candidate that best defines the entry points is the solution,
preceded by the definitions that it needs from the others.
"""

import ast
import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_mcode.syntax import bound_names, loaded_names, normalise_newlines, parse

__all__ = ["extract_code", "strip_reasoning"]

_REASONING = re.compile(
    r"(?P<open>^[ \t]*<(?:think|thinking|thought|reasoning)>|^[ \t]*\[THINK\])"
    r"|(?P<close></(?:think|thinking|thought|reasoning)>(?![\"'])|\[/THINK\])",
    re.IGNORECASE | re.MULTILINE,
)
_END_TOKEN = re.compile(r"(?:<[|｜][\w▁]+[|｜]>|</s>|<eos>|<EOT>)\s*\Z")
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)")
_ONE_LINE_FENCE = re.compile(r"[ \t]*```(?:python3?|py)?[ \t]*(?P<code>[^`]+)```[ \t]*")
_CODE_AFTER_FENCE = re.compile(r"(?:[\w+-]+[ \t]+)??(?P<code>(?:def|class|import|from|async|return|@\w).*)")
_TAG = re.compile(r"\s*(?:</?[a-z]+>|\[/?(?:PYTHON|CODE|BEGIN|DONE|ANSWER|SOLUTION)\])\s*")
_CODE_START = re.compile(
    r"(?:async +)?def +\w|class +\w.*:|import +[\w.]+|from +[\w.]+ +import\b|@\w|try:"
    r"|(?:if|for|while|with)\b.*:|[A-Za-z_][\w.]*(?:, *\w+)*(?:\[.*\])? *(?::.*)?=(?!=)"
)
_CONTINUATION = re.compile(r"[)\]}]|(?:else|elif|except|finally)\b")
_LINE_LOOKED_AT = 200
"""Characters of a line that tell whether it begins code; bounds what backtracking can cost."""


@dataclass(frozen=True)
class _Fragment:
    text: str
    fenced: bool


@dataclass(frozen=True)
class _Candidate:
    code: str
    module: ast.Module
    fenced: bool
    whole: bool
    """Nothing of its fragment had to be left out."""
    continues_stub: bool = False


class _Parser:
    """Parses until it has seen a number of characters in proportion to the completion's length."""

    def __init__(self, length: int) -> None:
        self._budget = 1_000_000 + 8 * length

    def parse(self, code: str) -> ast.Module | SyntaxError:
        self._budget -= len(code)
        return parse(code) if self._budget >= 0 else SyntaxError("too much to parse")

    def longest_prefix(self, lines: Sequence[str]) -> tuple[int, ast.Module | None]:
        """Return how many lines from the first on are whole top-level statements, and these."""
        end = len(lines)
        while end > 0:
            result = self.parse("\n".join(lines[:end]))
            if isinstance(result, ast.Module):
                return (end, result) if result.body else (0, None)
            end = _statement_start(lines, min(result.lineno or end, end) - 1)
        return 0, None


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


def extract_code(completion: str, *, entry_points: Sequence[str], stub: str | None = None) -> str | None:
    """Return the code in a completion that defines `entry_points`, or None where nothing parses.

    `stub` is what a bare body continues: source that ends in the entry point's signature and
    docstring. Time and memory are linear in the completion's length.
    """
    text = _without_end_tokens(normalise_newlines(strip_reasoning(completion)).lstrip("\ufeff"))
    parser = _Parser(len(text))
    candidates = list(_all_candidates(_fragments(text), entry_points, stub, parser))
    if not any(_defined(candidate, entry_points) for candidate in candidates):
        candidates += _all_candidates([_Fragment(text, fenced=False)], entry_points, stub, parser)
    candidates = [candidate for candidate in candidates if _is_program(candidate, entry_points)]
    if not candidates or _is_broken(text, candidates, entry_points):
        return None
    ranks = [_rank(candidate, index, entry_points) for index, candidate in enumerate(candidates)]
    best = candidates.pop(ranks.index(max(ranks)))
    return _with_helpers(best, candidates, entry_points)


def _without_end_tokens(text: str) -> str:
    text = text.rstrip()
    while token := _END_TOKEN.search(text[-40:]):
        text = text[: len(text) - len(token[0])].rstrip()
    return text


def _fragments(text: str) -> Iterator[_Fragment]:
    """Cut at fences; one that opens inside a fence closes it, as models forget to."""
    lines: list[str] = []
    mark, margin = "", 0

    def finished(fenced: bool) -> Iterator[_Fragment]:
        if any(line.strip() for line in lines):
            yield _Fragment("\n".join(lines), fenced)
        lines.clear()

    for line in text.split("\n"):
        fence = _FENCE.fullmatch(line)
        if mark and fence and (not fence["mark"].startswith(mark) or _width(fence["indent"]) > margin + 3):
            fence = None
        if fence:
            yield from finished(fenced=bool(mark))
            closes = mark and not fence["info"].strip()
            mark, margin = ("", 0) if closes else (fence["mark"], _width(fence["indent"]))
            if code := _CODE_AFTER_FENCE.fullmatch(fence["info"].strip()):
                lines.append(code["code"])
        elif mark and line.rstrip().endswith(mark) and line.count(mark) == 1:
            lines.append(line.rstrip()[: -len(mark)])
            yield from finished(fenced=True)
            mark, margin = "", 0
        elif not mark and (code := _ONE_LINE_FENCE.fullmatch(line)):
            yield from finished(fenced=False)
            yield _Fragment(code["code"], fenced=True)
        elif not mark and _TAG.fullmatch(line[:_LINE_LOOKED_AT]):
            yield from finished(fenced=False)
        else:
            lines.append(line)
    yield from finished(fenced=bool(mark))


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))


def _all_candidates(
    fragments: Iterable[_Fragment], entry_points: Sequence[str], stub: str | None, parser: _Parser
) -> Iterator[_Candidate]:
    for fragment in fragments:
        found = list(_programs(fragment, parser))
        if stub is not None and not any(_defined(candidate, entry_points) for candidate in found):
            found += _continuations(stub, fragment, entry_points, parser)
        yield from found


def _programs(fragment: _Fragment, parser: _Parser) -> Iterator[_Candidate]:
    """Yield what of a fragment parses: all of a fenced one, or else runs of whole statements."""
    text = _without_prompts(textwrap.dedent(fragment.text)).strip("\n")
    module = parser.parse(text) if fragment.fenced else None
    if isinstance(module, ast.Module):
        yield _Candidate(text, module, fenced=True, whole=True)
        return
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        length, module = 0, None
        if _CODE_START.match(lines[start][:_LINE_LOOKED_AT]):
            length, module = parser.longest_prefix(lines[start:])
        if module is not None:
            kept = _drop_prose_at_end(module)
            code = "\n".join(lines[start : start + kept])
            yield _Candidate(code, module, fragment.fenced, whole=length == len(lines))
        start += length or 1


def _without_prompts(text: str) -> str:
    """Return what was typed, where `text` is an interactive session."""
    if not text.lstrip().startswith(">>>"):
        return text
    return "\n".join(line[4:] for line in text.split("\n") if line.startswith((">>>", "...")))


def _drop_prose_at_end(module: ast.Module) -> int:
    """Drop trailing statements that are words which happen to parse; return the lines that are left."""
    while len(module.body) > 1:
        match module.body[-1]:
            case ast.Expr(value=ast.Name() | ast.Tuple()) | ast.AnnAssign(value=None):
                module.body.pop()
            case _:
                break
    return module.body[-1].end_lineno or 0


def _continuations(
    stub: str, fragment: _Fragment, entry_points: Sequence[str], parser: _Parser
) -> Iterator[_Candidate]:
    """Yield `stub` with the fragment as the body that it lacks, however that is indented."""
    indent = re.findall(r"^[ \t]*(?=\S)", stub, re.MULTILINE)[-1] or "    "
    for body in _bodies(fragment.text.strip("\n").rstrip(), indent, parser):
        lines = f"{stub.rstrip()}\n{body}".split("\n")
        length, module = parser.longest_prefix(lines)
        if module is None:
            continue
        candidate = _Candidate(
            "\n".join(lines[:length]), module, fragment.fenced, length == len(lines), continues_stub=True
        )
        if _defined(candidate, entry_points) and not _is_stub(module, entry_points):
            yield candidate
            return


def _bodies(text: str, indent: str, parser: _Parser) -> Iterator[str]:
    module = parser.parse(text)
    if isinstance(module, ast.Module):
        if _returns_outside(module):
            yield textwrap.indent(text, indent)
        return
    yield text
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line[:1] in " \t" and line.strip()), None)
    if first is None:
        length, prefix = parser.longest_prefix(lines)
        if prefix is not None and _returns_outside(prefix):
            yield textwrap.indent("\n".join(lines[:length]), indent)
        return
    if first > 0:
        yield indent + text
    last = next((n for n in range(first, len(lines)) if lines[n][:1] not in (" ", "\t", "")), len(lines))
    body = textwrap.dedent("\n".join(lines[first:last])).expandtabs(4)
    yield "\n".join([textwrap.indent(body, indent), *lines[last:]])


def _statement_start(lines: Sequence[str], index: int) -> int:
    """Return the line, at or before `index`, where a top-level statement begins."""
    while index > 0 and (lines[index][:1] in ("", " ", "\t") or _CONTINUATION.match(lines[index])):
        index -= 1
    return index


def _defined(candidate: _Candidate, entry_points: Sequence[str]) -> int:
    return len(bound_names(candidate.module) & set(entry_points))


def _is_program(candidate: _Candidate, entry_points: Sequence[str]) -> bool:
    """Whether a candidate can run at all and is more than an expression."""
    if _returns_outside(candidate.module):
        return False
    return bool(bound_names(candidate.module) if entry_points else candidate.module.body)


def _returns_outside(module: ast.Module) -> bool:
    """Whether there is a ``return`` outside any function: a body, not a program."""
    stack: list[ast.AST] = [module]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return):
            return True
        if isinstance(node, ast.stmt | ast.Module | ast.ExceptHandler | ast.match_case) and not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            stack.extend(ast.iter_child_nodes(node))
    return False


def _is_broken(text: str, candidates: Iterable[_Candidate], entry_points: Sequence[str]) -> bool:
    """Whether the entry point's definition is there but does not parse: what is around it is no answer."""
    if any(_defined(candidate, entry_points) for candidate in candidates):
        return False
    return any(
        re.search(rf"^[ \t]*(?:async +)?def +{re.escape(name)}\b", text, re.MULTILINE)
        for name in entry_points
    )


def _is_stub(module: ast.Module, entry_points: Sequence[str]) -> bool:
    """Whether an entry point is a function whose body does nothing."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name in entry_points
        and all(_does_nothing(statement) for statement in node.body)
        for node in module.body
    )


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False


def _rank(candidate: _Candidate, index: int, entry_points: Sequence[str]) -> tuple[int, ...]:
    """Later is better among equals: a model corrects itself below."""
    return (
        _defined(candidate, entry_points),
        not _is_stub(candidate.module, entry_points),
        not candidate.continues_stub,
        candidate.fenced,
        candidate.whole,
        0 if entry_points else len(candidate.code),
        index,
    )


def _with_helpers(best: _Candidate, others: Iterable[_Candidate], entry_points: Sequence[str]) -> str:
    """Put before the best candidate those definitions of the others that it lacks."""
    own = _names_anywhere(best.module) | set(dir(builtins))
    definitions = list(_definitions(others, own & set(entry_points)))
    by_name: dict[str, list[int]] = {}
    for number, (names, _, _) in enumerate(definitions):
        for name in names:
            by_name.setdefault(name, []).append(number)
    wanted = list((loaded_names(best.module) | set(entry_points)) - own)
    seen = set(own)
    taken: set[int] = set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        for number in by_name.get(name, ()):
            taken.add(number)
            wanted += loaded_names(definitions[number][1])
    return "\n\n".join([*(definitions[number][2] for number in sorted(taken)), best.code])


def _definitions(
    candidates: Iterable[_Candidate], without: set[str]
) -> Iterator[tuple[set[str], ast.stmt, str]]:
    """Yield names, node and source of every definition at the top level that binds none of `without`."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign)
    for candidate in candidates:
        if candidate.continues_stub:
            continue
        lines = candidate.code.split("\n")
        for node in candidate.module.body:
            names = bound_names(node)
            if isinstance(node, kinds) and not names & without:
                first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
                yield names, node, "\n".join(lines[first - 1 : node.end_lineno])


def _names_anywhere(tree: ast.AST) -> set[str]:
    """Return every name that is bound in a tree, whatever its scope."""
    return {name for node in ast.walk(tree) for name in _names_of(node)}


def _names_of(node: ast.AST) -> set[str]:
    match node:
        case ast.arg(arg=name):
            return {name}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
        case (
            ast.Name(ctx=ast.Store())
            | ast.alias()
            | ast.FunctionDef()
            | ast.AsyncFunctionDef()
            | ast.ClassDef()
        ):
            return bound_names(node)
    return set()
