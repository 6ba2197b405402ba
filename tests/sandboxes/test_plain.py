"""Plain data as lines of JSON: whole there and back, and nothing else accepted."""

import io
from typing import Any

import pytest

from pytest_mcode.sandboxes.runner.plain import Line, LostError

NAN = float("nan")


def through_a_line(value: Any) -> Any:
    pipe = io.BytesIO()
    Line(pipe, pipe, 10**7).send(encode(value))
    pipe.seek(0)
    return decode(Line(pipe, pipe, 10**7).receive())


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[]],
        [None, True, 0, -1, 1.5, "", "\n", "ü\ud83d", b"\0\xff"],
        [2**1000, -(2**1000), 2**1000 - 1, 10**5000],
        [1, 2.5, 10**400],
        [1, "a", 10**400],
        {"a": 1, 1: "a", None: (), (1, (2,)): {3}},
        {True: 1, 0: 2, 1.5: 3},
        [("list", [1]), ["list", [1]], ["dict", [[], []]]],
        float("inf"),
        {frozenset([1, 2]), "x"},
    ],
)
def test_there_and_back(value: Any) -> None:
    back = through_a_line(value)
    assert back == value
    assert type(back) is type(value)


def test_not_a_number_comes_back() -> None:
    back = through_a_line([NAN, 1, -float("inf")])
    assert back[0] != back[0]
    assert back[1:] == [1, -float("inf")]


def test_a_subclass_becomes_its_base() -> None:
    class Lying(str):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

        def __str__(self) -> str:
            return "lie"

    assert type(through_a_line(Lying("truth"))) is str
    assert through_a_line(Lying("truth")) == "truth"
    assert through_a_line([Lying("truth")]) != ["lie"]


@pytest.mark.parametrize("value", [object(), print, lambda: 1, Exception, type, io, ...])
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(NotPlainError, match="is no plain data"):
        encode([value])
    kept: list[object] = []
    assert encode(value, lambda o: kept.append(o) or 7)[0] in ("opaque", "type")  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "node",
    [
        [],
        ["list"],
        ["list", 5],
        ["list", [1], 2],
        ["eval", "1"],
        ["type", "object"],
        ["type", "Opaque"],
        ["set", [["list", []]]],
        ["dict", [[1]]],
        ["dict", [[["list", []]], [1]]],
        ["complex", ["a", "b"]],
        ["range", ["a"]],
        ["bytes", 5],
        ["int", "zz"],
        ["remote", 1],
        ["opaque", [1, "x", True]],
        ["back", 1],
        [["list", []], []],
        ["decimal", "x"],
        ["date", "today"],
    ],
)
def test_what_was_never_encoded_is_refused(node: Any) -> None:
    with pytest.raises((LostError, TypeError, ValueError, KeyError, ArithmeticError)):
        decode(node)


@pytest.mark.parametrize(
    "line", [b"", b"[1]", b"[1", b"nonsense\n", b'{"a": 1}\n', b"\xff\xfe\n", b"[1]\0\n"]
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises((LostError, ValueError)):
        Line(io.BytesIO(line), io.BytesIO(), 1000).receive()


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(MemoryError, match="more than 1 MiB at once"):
        Line(io.BytesIO(b" " * 2**21), io.BytesIO(), 2**20).receive()


def test_an_opaque_object_equals_nothing_but_itself() -> None:
    one, same = Opaque(1, "Thing", True), Opaque(1, "Thing", True)
    assert one
    assert not Opaque(2, "Thing", False)
    assert one != same
    assert one not in (4, "Thing", None, [])
    assert repr(one) == "<Thing object>"
    assert not Opaque(1, "Thing", "yes")  # type: ignore[arg-type]


def test_patch_keeps_identity() -> None:
    inner, table = [1], {"k": [2]}
    old = [inner, table, 5]
    assert patch(old, [[1, 9], {"k": [], "n": 1}, 6, 7]) is old
    assert old == [[1, 9], {"k": [], "n": 1}, 6, 7]
    assert old[0] is inner
    assert old[1] is table
    inside = ([1], "x")
    holder = [inside]
    assert patch(holder, [([1, 2], "x")]) is holder
    assert holder[0] is inside
    assert inside == ([1, 2], "x")
    assert patch((1,), (2,)) == (2,)
    assert patch(([1], 2), ([1], 3)) == ([1], 3)
    assert patch((1,), (1, 2)) == (1, 2)
    assert patch([1], (2,)) == (2,)
