"""Runs what a test source leaves to a runner: unittest's classes, pytest's functions and classes."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from .raised import FILE as SOLUTION_FILE


class NotRunError(Exception):
    """Something that looks like a test cannot be run."""


def run_suites(tree: ast.Module, names: dict[str, Any]) -> None:
    """Run every test that the source `tree` has defined in `names`; raises what the first that fails raises.

    Raises `NotRunError` for a test that takes parameters (pytest would fill them with fixtures), and
    where tests were defined but every one was skipped.
    """
    defined = _definitions(tree, names)
    called = _called_by_source(tree)
    mentioned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if defined else set()
    outcomes = []
    for name, value in defined:
        if isinstance(value, type):
            outcomes.append(_run_class(name, value))
        elif name not in called and not (name in mentioned and _required(value)):
            outcomes.append(_run_function(name, value))
    ran = [outcome for outcome in outcomes if outcome is not None]
    if ran and not any(ran):
        raise NotRunError("every test was skipped")


def _definitions(tree: ast.Module, names: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values of the tests that the source defines at its top, in its order."""
    found: dict[str, Any] = {}
    for node in _statements(tree.body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            value = names.get(node.name)
            if _is_test(node.name, value):
                found[node.name] = value
    return list(found.items())


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of the module's own scope, those in blocks too."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for block in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, block, []))
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body)


def _called_by_source(tree: ast.Module) -> set[str]:
    """Return the names that the module's own scope uses: its author runs these."""
    used: set[str] = set()
    for node in _statements(tree.body):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            used |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return used


def _is_test(name: str, value: Any) -> bool:
    if isinstance(value, types.FunctionType):
        return name.startswith("test")
    return isinstance(value, type) and (_is_case(value) or name.startswith("Test"))


def _is_case(value: type) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and issubclass(value, unittest.TestCase)


def _required(function: Any) -> int:
    """Return how many parameters a call must give."""
    code = function.__code__
    given = len(function.__defaults__ or ()) + len(function.__kwdefaults__ or ())
    return int(code.co_argcount + code.co_kwonlyargcount - given)


def _run_function(name: str, function: Callable[..., Any]) -> bool:
    """Run a function; return whether it was not skipped."""
    if _required(function):
        raise NotRunError(f"{name}() takes parameters: fixtures of pytest are not known here")
    return _unless_skipped(function)


def _unless_skipped(function: Callable[[], Any]) -> bool:
    try:
        result = function()
        if hasattr(result, "__await__"):
            import asyncio

            asyncio.run(result)
    except Exception as error:
        unittest = sys.modules.get("unittest")
        if unittest and isinstance(error, unittest.SkipTest) and not _comes_from_solution(error):
            return False
        raise
    return True


def _comes_from_solution(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == SOLUTION_FILE:
            return True
        trace = trace.tb_next
    return False


def _run_class(name: str, kind: type) -> bool | None:
    if _is_case(kind):
        return _run_case(kind)
    methods = [each for each in dir(kind) if each.startswith("test") and callable(getattr(kind, each))]
    if not methods or "__init__" in vars(kind):
        return None
    if hook := getattr(kind, "setup_class", None):
        hook()
    outcomes = []
    for method in methods:
        test = kind()
        for step in ("setup_method", method, "teardown_method"):
            if bound := getattr(test, step, None):
                if step == method:
                    outcomes.append(_run_method(f"{name}.{method}", bound))
                else:
                    bound(*[bound][: bound.__code__.co_argcount - 1])
    if hook := getattr(kind, "teardown_class", None):
        hook()
    return any(outcomes)


def _run_method(name: str, bound: Any) -> bool:
    if _required(getattr(bound, "__func__", bound)) > hasattr(bound, "__self__"):
        raise NotRunError(f"{name}() takes parameters: fixtures of pytest are not known here")
    return _unless_skipped(bound)


def _run_case(kind: type) -> bool | None:
    """Run a ``unittest.TestCase``; return whether any of its tests was not skipped."""
    import unittest

    suite = unittest.defaultTestLoader.loadTestsFromTestCase(kind)
    if not suite.countTestCases():
        return None
    result = _result_class(unittest)()
    suite.run(result)
    if result.first is not None:
        raise result.first
    return bool(result.passed)


def _result_class(unittest: Any) -> Any:
    class Result(unittest.TestResult):  # type: ignore[misc]
        """Keeps the first exception, so that it is reported as any other is."""

        def __init__(self) -> None:
            super().__init__()
            self.first: BaseException | None = None
            self.passed = 0

        def _keep(self, error: BaseException) -> None:
            self.first = self.first or error
            self.stop()

        def addSuccess(self, test: Any) -> None:  # noqa: N802
            self.passed += 1

        def addError(self, test: Any, err: Any) -> None:  # noqa: N802
            self._keep(err[1])

        def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
            self._keep(err[1])

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
            if err is not None:
                self._keep(err[1])

        def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
            raised = sys.exc_info()[1]
            if raised is not None and _comes_from_solution(raised):
                self._keep(raised)

        def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
            self.passed += 1

        def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
            self._keep(AssertionError(f"{test}: passed although a failure is expected"))

    return Result
