"""A model's own examples: the statements of a program that what was asked for does not need.

Kept is what the entry points need, by name, and what may change a value that they need: a loop that
fills a table, a call of a function with ``global``, ``sys.setrecursionlimit``. Left out are checks, prints,
questions, ends and the main guard; what is made only of the solution's results; and definitions
that only these use. EvalPlus's ``sanitize`` (evalplus/sanitize.py) does the same with a coarser sieve:
imports, and the functions, classes and assignments that the entry point reaches.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from pytest_mcode.harnesses.functions.extraction.effects import BUILTINS
from pytest_mcode.harnesses.functions.extraction.statements import Statement, statements, without

__all__ = ["without_examples"]

_LOOK_UP_BY_TEXT = {"eval", "exec", "globals", "locals", "vars"}


def without_examples(
    code: str, module: ast.Module, entry_points: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Return a program without its examples, and the first line of each statement left out.

    Where it does not define any of the entry points, nothing is left out.
    """
    found = statements(code, module, entry_points)
    program = _Program(found, entry_points)
    if not program.wanted_at_first:
        return code, ()
    kept = program.kept()
    left_out = [statement for statement in found if statement not in kept]
    if not left_out:
        return code, ()
    return without(code, found, {*left_out}), tuple(each.source.lstrip().split("\n")[0] for each in left_out)


class _Program:
    def __init__(self, found: Sequence[Statement], entry_points: Iterable[str]) -> None:
        self._statements = found
        self._binders = _index((name, each) for each in found for name in each.binds)
        self._readers = _index((name, each) for each in found for name in each.reads)
        self._imported = {name for each in found if each.imports for name in each.binds}
        self.wanted_at_first = set(entry_points).intersection(self._binders)
        self._unseen_imports = any(each.is_star_import for each in found)
        core = self._closure(self.wanted_at_first)
        self._using = self._using_the_solution(core)
        used = {name for each in core for name in each.reads}
        foreign = {name for each in found if each.imports_foreign for name in each.binds}
        self._commanding = self._imported - (foreign - used)

    def kept(self) -> set[Statement]:
        needed = self._needed()
        return needed | self._other_definitions(needed)

    def _using_the_solution(self, core: set[Statement]) -> set[Statement]:
        """Return the statements that are made of the entry points and do not belong to their `core`."""
        using: set[Statement] = set()
        made = _Names(self.wanted_at_first)
        while names := made.next():
            for each in {each for name in names for each in self._readers.get(name, ())} - core:
                using.add(each)
                made.add(each.binds)
        return using

    def _closure(self, names: Iterable[str]) -> set[Statement]:
        """Return the statements that bind `names`, and those that bind what these read, and so on."""
        found: set[Statement] = set()
        wanted = _Names(names)
        while new := wanted.next():
            for each in {each for name in new for each in self._binders.get(name, ())}:
                found.add(each)
                wanted.add(each.reads)
        return found

    def _needed(self) -> set[Statement]:
        """Return what binds or may alter a name that the entry points need, and what that needs."""
        alterers = _index((name, each) for each in self._statements for name in each.alters - self._imported)
        alterers_later = _index((name, each) for each in self._statements for name in each.alters_later)
        kept: set[Statement] = set()
        wanted = _Names(self.wanted_at_first)
        altering = _Names(self.wanted_at_first)  # functions; those asked for are called in examples
        altering.next()

        def keep(each: Statement) -> None:
            if each in kept or each.shows_or_ends:
                return
            kept.add(each)
            wanted.add(each.reads)
            if any(name not in self._binders for name in _LOOK_UP_BY_TEXT & each.reads):
                wanted.add(self._any_name)

        for number, each in enumerate(self._statements):
            if each.is_future_import or (number == 0 and each.is_text):
                keep(each)
            if self._commands_a_module(each.commands) and each not in self._using:
                keep(each)
            if self._commands_a_module(each.commands_later):
                altering.add(each.binds)
        while names := wanted.next():
            for name in names:
                for each in [*self._binders.get(name, ()), *alterers.get(name, ())]:
                    keep(each)
                for each in alterers_later.get(name, ()):
                    altering.add(each.binds)
            while names := altering.next():
                for name in names:
                    for each in self._readers.get(name, ()):
                        if each not in self._using:
                            if name in each.reads_at_once:
                                keep(each)
                            if name not in each.reads_at_once or isinstance(each.node, ast.ClassDef):
                                altering.add(each.binds)
        return kept

    @cached_property
    def _any_name(self) -> set[str]:
        """What code that is built at run time may need."""
        examples = {name for each in self._using for name in each.reads}
        return {
            name
            for each in self._statements
            if not (each in self._using or each.asks or (each.imports and each.binds & examples))
            for name in each.binds
        }

    def _commands_a_module(self, names: set[str]) -> bool:
        if names & self._commanding:
            return True
        return self._unseen_imports and any(name not in self._binders for name in names - BUILTINS)

    def _other_definitions(self, needed: set[Statement]) -> set[Statement]:
        """Return the definitions that are not needed and that no left out statement alone uses."""
        kept = {each for each in self._statements if each.is_definition and each not in self._using} - needed
        readers = Counter(name for each in needed | kept for name in each.reads - each.binds)
        dropped = [each for each in self._statements if each not in needed and each not in kept]
        read_by_dropped = _Names(name for each in dropped for name in each.reads)
        while names := read_by_dropped.next():
            for each in {each for name in names for each in self._binders.get(name, ())} & kept:
                if not any(readers[name] for name in each.binds):
                    kept.remove(each)
                    readers.subtract(each.reads - each.binds)
                    read_by_dropped.add(each.reads)
                    read_by_dropped.again(name for name in each.reads if not readers[name])
        return kept


class _Names:
    """Names to look at, each of them once unless it is asked for again."""

    def __init__(self, names: Iterable[str]) -> None:
        self._new = set(names)
        self._seen = set(self._new)

    def add(self, names: set[str]) -> None:
        self._new |= names - self._seen
        self._seen |= names

    def again(self, names: Iterable[str]) -> None:
        self._new.update(names)

    def next(self) -> set[str]:
        """Return those that were added since the last call."""
        names, self._new = self._new, set()
        return names


def _index(pairs: Iterable[tuple[str, Statement]]) -> Mapping[str, list[Statement]]:
    index: dict[str, list[Statement]] = {}
    for name, each in pairs:
        index.setdefault(name, []).append(each)
    return index
