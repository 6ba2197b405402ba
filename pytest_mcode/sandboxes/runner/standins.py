"""What stands in the judge's process for the solution's own objects: inert, asked about themselves alone.

An attribute, a method, an item, a length, a text is asked for where the object is. An operator
whose other side is the tests' own never is: an object that equals everything, or whose difference
to anything is 0, would learn what is expected and pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .plain import LostError, NotPlainError
from .shared import DATA_BASES

_ASKED = """
    call len iter next getitem setitem delitem enter exit bool str repr hash int float complex index neg pos
    abs invert reversed round format fspath bytes
"""
_AMONG_OWN = """
    eq lt le gt ge add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod iadd isub imul
"""
ASKED = frozenset(f"__{name}__" for name in _ASKED.split())
"""Special methods that are asked for, where the solution's class has them."""

AMONG_OWN = frozenset(f"__{name}__" for name in _AMONG_OWN.split())
"""Special methods that are asked for where the other operand is the solution's own as well."""

AWAITED = frozenset({"__await__", "__aenter__", "__aexit__", "__anext__"})


class Elsewhere:
    """What stayed in the solution's process."""

    __slots__ = ()


class OwnClass(type):
    """Of the classes that stand for the solution's own: a call makes its object over there."""

    def __new__(cls, name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> Any:
        """Refuse a class of the tests' that derives from the solution's."""
        raise NotPlainError(f"the class {name} of the tests derives from one of the solution's")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Have the class make an object, which stays there."""
        return _asker(cls)("call", args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        return _asker(cls)("get", (name,), {})

    def __setattr__(cls, name: str, value: Any) -> None:
        _asker(cls)("set", (name, value), {})

    def __iter__(cls) -> Any:
        return _asker(cls)("iter", (), {})

    def __len__(cls) -> Any:
        return _asker(cls)("len", (), {})

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, key: Any) -> Any:
        return _asker(cls)("item", (key,), {})

    def __repr__(cls) -> str:
        return f"<class 'solution.{cls.__name__}'>"


def _asker(cls: type) -> Callable[..., Any]:
    found: Callable[..., Any] = type.__getattribute__(cls, "_mcode_class")
    return found


class Thing(Elsewhere):
    """An object of the solution's."""

    __slots__ = ("__weakref__", "_mcode")

    def __getattribute__(self, name: str) -> Any:
        return type(self) if name == "__class__" else ask(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        ask(self, "set", name, value)

    def __delattr__(self, name: str) -> None:
        ask(self, "del", name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object>"

    def __dir__(self) -> Any:
        return ask(self, "dir")

    def __copy__(self) -> Any:
        return ask(self, "copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return ask(self, "deepcopy")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"{type(self).__name__} object stays in the solution's process")


class OwnData(Elsewhere):
    """Data whose class is the solution's own: equal by value, what else it has is asked for."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return ask(self, "get", name)


def ask(thing: Any, verb: str, *args: Any) -> Any:
    """Ask an object of the solution's process something about itself."""
    return object.__getattribute__(thing, "_mcode")(verb, args, {})


def _forward(name: str) -> Callable[..., Any]:
    if name == "__next__":
        return lambda self: ask(self, "next")
    return lambda self, *args: ask(self, "special", name, *args)


def _among_own(name: str) -> Callable[..., Any]:
    def compare(self: Any, other: Any, *rest: Any) -> Any:
        return ask(self, "special", name, other, *rest) if isinstance(other, Elsewhere) else NotImplemented

    return compare


def _awaited(name: str) -> Callable[..., Any]:
    if name == "__await__":

        def wait(self: Any) -> Any:
            return ask(self, "run")
            yield  # makes it a generator, as the protocol wants

        return wait

    async def wait_for(self: Any, *args: Any) -> Any:
        result = ask(self, "special", name, *args)
        return await result if hasattr(type(result), "__await__") else result

    return wait_for


def _itself(self: Any) -> Any:
    return self


def special_methods(names: Any) -> dict[str, Any]:
    """Return the methods of a stand-in's class for those of the solution's that are known."""
    methods: dict[str, Any] = {}
    for name in names:
        if name in ASKED:
            methods[name] = _forward(name)
        elif name in AMONG_OWN:
            methods[name] = _among_own(name)
        elif name in AWAITED:
            methods[name] = _awaited(name)
    if "__eq__" in methods:
        methods.setdefault("__hash__", None)
    if "__anext__" in methods:
        methods["__aiter__"] = _itself
    return methods


def make_class(
    asker: Callable[..., Any], name: Any, bases: tuple[Any, ...], special: tuple[Any, ...]
) -> type:
    """Return the class that stands for one of the solution's: its name, its bases, what it can do."""
    if type(name) is not str or not all(isinstance(base, type) for base in bases):
        raise LostError("no class")
    namespace: dict[str, Any] = {"__module__": "solution", "_mcode_class": staticmethod(asker)}
    kinds = tuple(base for base in bases if issubclass(base, BaseException))
    if kinds:
        namespace["__str__"] = _text_of_error
    else:
        kinds = tuple(base for base in bases if base in DATA_BASES or issubclass(base, OwnData))
        if kinds and not issubclass(kinds[0], OwnData):
            kinds = (OwnData, *kinds)
    if not kinds:
        kinds = tuple(base for base in bases if issubclass(base, Thing)) or (Thing,)
        namespace.update({"__slots__": (), **special_methods(special)})
    try:
        return type.__new__(OwnClass, name, kinds, namespace)
    except TypeError:
        return type.__new__(OwnClass, name, kinds[:1], namespace)


def _text_of_error(error: BaseException) -> str:
    own = error.__dict__.get("solution_str")
    builtin = next(base for base in type(error).__mro__ if base.__module__ == "builtins")
    write: Any = builtin.__str__
    return own if type(own) is str else str(write(error))


def make_thing(asker: Callable[..., Any], kind: Any) -> Thing:
    """Return the stand-in of an object of a class."""
    if not (isinstance(kind, OwnClass) and issubclass(kind, Thing)):
        raise LostError("no class of an object")
    made: Thing = object.__new__(kind)
    object.__setattr__(made, "_mcode", asker)
    return made


def make_data(asker: Callable[..., Any], kind: Any, value: Any) -> Any:
    """Return data of a class of the solution's own."""
    base: Any = next(base for base in DATA_BASES if issubclass(kind, base))
    if not isinstance(kind, OwnClass) or type(value) is not base:
        raise LostError("no data of that class")
    of_kind: Any = kind
    made: Any = base.__new__(of_kind, value)
    vars(made).update(_mcode=asker)
    return made


def make_error(kind: Any, args: Any, text: Any, attributes: Any, cause: Any) -> BaseException:
    """Return an exception as the solution raised it."""
    if not (isinstance(kind, type) and issubclass(kind, BaseException) and type(args) is tuple):
        raise LostError("no exception")
    error: BaseException
    try:
        own = isinstance(kind, OwnClass) or kind.__module__ != "builtins"
        error = kind.__new__(kind, *args) if own else kind(*args)
        if own:
            base = next(base for base in kind.__mro__ if base.__module__ == "builtins")
            base.__init__(error, *args)  # type: ignore[misc]
    except TypeError:
        error = Exception(kind.__name__)
    names, values = attributes[::2], attributes[1::2]
    error.__dict__.update({str(name): value for name, value in zip(names, values)})
    error.__dict__["solution_text"] = str(text)
    if isinstance(cause, BaseException):
        error.__cause__ = cause
    return error
