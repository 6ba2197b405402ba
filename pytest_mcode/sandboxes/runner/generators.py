"""Iterators, generators and coroutines that stand for the solution's own: asked to go on, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .standins import Elsewhere


def make_iterator(asker: Callable[..., Any], name: Any) -> Any:
    """Return what asks for the items of an iterator of the solution's, one by one."""
    return type.__call__(Items, asker, str(name))


class Items(Elsewhere):
    """An iterator of the solution's: asked for its items one by one."""

    __slots__ = ("__weakref__", "_mcode", "_name")

    def __init__(self, asker: Callable[..., Any], name: str) -> None:
        self._mcode, self._name = asker, name

    def __iter__(self) -> Items:
        return self

    def __next__(self) -> Any:
        return self._mcode("next", (), {})

    def __repr__(self) -> str:
        return f"<{self._name} object>"


def make_generator(asker: Callable[..., Any], name: Any) -> Any:
    """Return a generator that has the solution's do what it is asked to do."""

    def generator() -> Any:
        try:
            item = asker("next", (), {})
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    asker("close", (), {})
                    raise
                except Exception as error:
                    item = asker("throw", (error,), {})
                else:
                    item = asker("next", (), {}) if sent is None else asker("send", (sent,), {})
        except StopIteration as end:
            return end.value

    generator.__name__ = generator.__qualname__ = str(name)
    return generator()


def make_coroutine(asker: Callable[..., Any], name: Any) -> Any:
    """Return a coroutine that has the solution's run to its end."""

    async def coroutine() -> Any:
        return asker("run", (), {})

    coroutine.__name__ = coroutine.__qualname__ = str(name)
    return coroutine()


def make_async_generator(asker: Callable[..., Any], name: Any) -> Any:
    """Return an asynchronous generator whose items the solution's makes."""

    async def generator() -> Any:
        try:
            while True:
                yield asker("run next", (), {})
        except StopAsyncIteration:
            return

    generator.__name__ = generator.__qualname__ = str(name)
    return generator()


def make_coroutine_function(asker: Callable[..., Any], name: Any) -> Any:
    """Return a coroutine function that calls the solution's."""

    async def call(*args: Any, **kwargs: Any) -> Any:
        return await asker("call", args, kwargs)

    call.__name__ = call.__qualname__ = str(name)
    call.__module__ = "solution"
    return call
