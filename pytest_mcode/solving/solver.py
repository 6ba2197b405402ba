"""What a solver is."""

from collections.abc import Callable

from pytest_mcode.solving.handle import TaskHandle

__all__ = ["Solver"]

Solver = Callable[[TaskHandle], None]
"""Tries to solve a task by calling `TaskHandle.judge`; returns when it has nothing more to try.

One that several threads may call at a time, each with a task of its own, says so by an attribute
``concurrent = True``. Else tasks are done one by one.
"""
