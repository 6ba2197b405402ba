"""The code in a model's completion.

A completion is cut into *fragments*: fenced blocks and the text between them. What parses of a
fragment is a *candidate*. The candidate that best defines the entry points is the solution,
preceded by the definitions that it needs from the others.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pytest_mcode.harnesses.functions.extraction.candidates import (
    Candidate,
    ExhaustedError,
    Parser,
    continuations,
    programs,
)
from pytest_mcode.harnesses.functions.extraction.characters import unusable_character
from pytest_mcode.harnesses.functions.extraction.definitions import complete, with_future_imports
from pytest_mcode.harnesses.functions.extraction.examples import without_examples
from pytest_mcode.harnesses.functions.extraction.fragments import Fragment, fragments
from pytest_mcode.harnesses.functions.syntax import normalise_newlines, parse
from pytest_mcode.harnesses.reasoning import strip_end_tokens, strip_reasoning

__all__ = ["Extracted", "extract", "extract_code"]

_DEFINED = re.compile(r"^[^\S\n]*(?:async[^\S\n]+)?def[^\S\n]+(\w+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """What a completion amounts to."""

    code: str | None
    """What to judge; None where nothing that could be an answer parses."""
    left_out: tuple[str, ...] = ()
    """The first lines of the model's own examples, which `code` lacks."""
    problem: str = ""
    """Where there is no code: the character that Python does not take, with its line and column."""


def extract(
    completion: str,
    *,
    entry_points: Sequence[str],
    stub: str | None = None,
    mode: Literal["standard", "whole"] = "standard",
) -> Extracted:
    """Find the code in a completion that defines `entry_points`.

    `stub` is what a bare body continues: source that ends in the entry point's signature and
    docstring. Under ``standard`` the model's own examples are left out, under ``whole`` they stay.
    Time and memory are linear in the completion's length.
    """
    text = strip_end_tokens(normalise_newlines(strip_reasoning(completion)).lstrip("\ufeff"))
    code = _code(text, entry_points, stub)
    module = parse(code) if code is not None else None
    if code is None or not isinstance(module, ast.Module):
        return Extracted(code=None, problem=unusable_character(text))
    if mode == "whole":
        return Extracted(code=code)
    shorter, left_out = without_examples(code, module, entry_points)
    return Extracted(code=shorter, left_out=left_out)


def extract_code(completion: str, *, entry_points: Sequence[str], stub: str | None = None) -> str | None:
    """Return the code in a completion, as `extract` finds it, or None where nothing parses."""
    return extract(completion, entry_points=entry_points, stub=stub).code


def _code(text: str, entry_points: Sequence[str], stub: str | None) -> str | None:
    found = _found(text, entry_points, stub)
    if _looks_defined(entry_points, text) and not _any_program_defines(entry_points, found):
        return None
    candidates = [candidate for candidate in found if _is_code(candidate, entry_points)]
    if not candidates:
        return None
    ranks = [_rank(candidate, index, entry_points) for index, candidate in enumerate(candidates)]
    best = candidates.pop(ranks.index(max(ranks)))
    code = complete(best, [other for other in candidates if not other.continues_stub], entry_points)
    return with_future_imports(code, stub)


def _found(text: str, entry_points: Sequence[str], stub: str | None) -> list[Candidate]:
    """Return the candidates of the fragments; where these are none, fences were part of the code."""
    parser = Parser(len(text))
    found: list[Candidate] = []
    with suppress(ExhaustedError):
        for candidate in _candidates(fragments(text), entry_points, stub, parser):
            found.append(candidate)
        if not _any_program_defines(entry_points, found):
            for candidate in _candidates([Fragment(text, fenced=False)], entry_points, stub, parser):
                found.append(candidate)
    return found


def _candidates(
    pieces: Iterable[Fragment], entry_points: Sequence[str], stub: str | None, parser: Parser
) -> Iterator[Candidate]:
    for fragment in pieces:
        defined = False
        for candidate in programs(fragment, parser):
            defined |= candidate.is_runnable and candidate.defines(entry_points) > 0
            yield candidate
        if stub is not None and not defined:
            for candidate in continuations(stub, fragment, parser):
                if candidate.defines(entry_points) and not _is_unwritten(candidate.module, entry_points):
                    yield candidate
                    break


def _is_code(candidate: Candidate, entry_points: Sequence[str]) -> bool:
    """Whether a candidate can run at all and is more than an expression."""
    if not candidate.is_runnable:
        return False
    return bool(candidate.names if entry_points else candidate.module.body)


def _any_program_defines(entry_points: Sequence[str], candidates: Iterable[Candidate]) -> bool:
    return any(
        each.defines(entry_points) for each in candidates if each.is_runnable and not each.continues_stub
    )


def _looks_defined(entry_points: Sequence[str], text: str) -> bool:
    """Whether an entry point's definition is there: where it does not parse, nothing else is an answer."""
    return any(name in entry_points for name in _DEFINED.findall(text))


def _rank(candidate: Candidate, index: int, entry_points: Sequence[str]) -> tuple[int, ...]:
    """Later is better among equals: a model corrects itself further down."""
    return (
        candidate.defines(entry_points),
        not candidate.imports(entry_points),
        not _is_unwritten(candidate.module, entry_points),
        not candidate.continues_stub,
        candidate.fenced,
        candidate.whole,
        0 if entry_points else len(candidate.code),
        index,
    )


def _is_unwritten(module: ast.Module, entry_points: Sequence[str]) -> bool:
    """Whether an entry point is a function whose body does nothing yet, or is elided."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name in entry_points
        and (all(map(_does_nothing, node.body)) or any(map(_is_ellipsis, node.body)))
        for node in module.body
    )


def _is_ellipsis(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=value)):
            return value is ...
    return False


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False
