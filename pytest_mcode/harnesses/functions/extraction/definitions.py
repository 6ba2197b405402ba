"""What a solution needs and does not define, found among the rest of the completion."""

import ast
import re
from collections.abc import Iterable, Sequence

from pytest_mcode.harnesses.functions.extraction.candidates import Candidate
from pytest_mcode.harnesses.functions.extraction.effects import BUILTINS
from pytest_mcode.harnesses.functions.extraction.statements import Statement, statements, without
from pytest_mcode.harnesses.functions.syntax import global_names, loaded_names, parse

__all__ = ["complete", "with_future_imports"]

_FUTURE_IMPORT = re.compile(r"^from __future__ import .*$", re.MULTILINE)


def complete(solution: Candidate, others: Iterable[Candidate], entry_points: Sequence[str]) -> str:
    """Put before `solution` those statements of `others` that it lacks, and what these lack.

    Whatever statement binds a name is its definition. Where names stay unknown, star imports are taken.
    """
    own = global_names(solution.code)
    seen = solution.names | BUILTINS
    wanted = [*(own.read if own else loaded_names(solution.module)), *entry_points]
    found = _definitions(others, solution.names.intersection(entry_points))
    by_name: dict[str, list[int]] = {}
    for number, each in enumerate(found):
        for name in each.binds | each.alters:
            by_name.setdefault(name, []).append(number)
    taken: set[int] = set()
    unknown = False
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            unknown |= name not in by_name
            for number in by_name.get(name, ()):
                taken.add(number)
                wanted += found[number].reads
    if unknown:
        taken |= {number for number, each in enumerate(found) if each.is_star_import}
    return "\n\n".join([*(found[number].source for number in sorted(taken)), solution.code])


def _definitions(others: Iterable[Candidate], defined: set[str]) -> list[Statement]:
    """Return what may define a name, and does not use a solution that defines `defined`."""
    found = [each for other in others for each in statements(other.code, other.module)]
    return [
        each
        for each in found
        if not each.shows_or_ends and not (each.binds & defined) and not (each.reads_at_once & defined)
    ]


def with_future_imports(code: str, stub: str | None) -> str:
    """Return `code` with its imports from ``__future__``, and those of `stub`, before all else."""
    if "__future__" not in f"{stub}{code}":
        return code
    module = parse(code)
    found = statements(code, module) if isinstance(module, ast.Module) else []
    own = [each for each in found if each.is_future_import]
    imports = [*_FUTURE_IMPORT.findall(stub or ""), *(each.source for each in own)]
    first = next((number for number, each in enumerate(found) if not each.is_text), 0)
    if not imports or (imports == [each.source for each in found[first : first + len(own)]]):
        return code
    rest = without(code, found, {*own})
    return "\n".join([*dict.fromkeys(imports), "", rest.lstrip("\n")])
