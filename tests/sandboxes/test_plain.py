"""Data as lines of JSON: whole there and back, and nothing else accepted."""

import io
import random
from typing import Any

import pytest

from pytest_mcode.sandboxes.runner.heap import Heap
from pytest_mcode.sandboxes.runner.plain import Line, LostError, NotPlainError
from pytest_mcode.sandboxes.runner.sets import make_frozenset, refill, table_size
from pytest_mcode.sandboxes.runner.shared import export_type, type_of_name

NAN = float("nan")


def refuse(value: object, number: int) -> tuple[str, list[Any]]:
    found = export_type(value)
    if found is None:
        raise NotPlainError(f"{type(value).__name__} is no plain data")
    return found


def new_heap() -> Heap:
    return Heap(refuse, {"type": type_of_name})


def through_a_line(value: Any) -> Any:
    sender, receiver, pipe = new_heap(), new_heap(), io.BytesIO()
    (item,) = sender.pack([value])
    Line(pipe, pipe, 10**7).send([item, sender.take_rows()])
    pipe.seek(0)
    item, rows = Line(pipe, pipe, 10**7).receive()
    receiver.receive(rows)
    return receiver.values([item])[0]


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[]],
        (),
        [(), (1,), ((2,), 3)],
        [None, True, 0, -1, 1.5, "", "\n", "ü\ud83d", b"\0\xff"],
        [2**1000, -(2**1000), 2**1000 - 1, 10**5000],
        [1, 2.5, 10**400],
        [1, "a", 10**400],
        {"a": 1, 1: "a", None: (), (1, (2,)): {3}},
        {True: 1, 0: 2, 1.5: 3},
        [("list", [1]), ["list", [1]], ["dict", [[], []]]],
        float("inf"),
        {frozenset([1, 2]), "x"},
        [int, ValueError],
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


def test_what_contains_itself_comes_back() -> None:
    value: list[Any] = [1]
    value.append({"self": value})
    back = through_a_line(value)
    assert back[1]["self"] is back


@pytest.mark.parametrize("value", [object(), print, lambda: 1, io, NotPlainError])
def test_what_is_not_plain_is_refused_and_leaves_nothing(value: object) -> None:
    heap = new_heap()
    with pytest.raises(NotPlainError, match="is no plain data"):
        heap.pack([[1], value])
    heap.give_up()
    assert heap.is_empty
    assert heap.next_number == 0


@pytest.mark.parametrize(
    ("item", "rows"),
    [
        ([], []),
        ([0], []),
        ([-1], [["list", []]]),
        ([[0]], [["list", []]]),
        ([0, 1], [["list", []], ["list", []]]),
        ([0], [["list"]]),
        ([0], [["list", 5]]),
        ([0], [["eval", ["1"]]]),
        ([0], [["type", ["builtins.object", 1]]]),
        ([0], [["type", ["runner.remote.Ended"]]]),
        ([0], [["type", ["os.system"]]]),
        ([0], [["type", ["unittest.case.SkipTest"]]]),
        ([0], [["set", [8, [1]]], ["list", []]]),
        ([0], [["dict", [[1], 1]], ["list", []]]),
        ([0], [["tuple", [[0]]]]),
        ([0], [["tuple", [[1]]], ["tuple", [[0]]]]),
        ([0], [["keys", [[1]]], ["list", []]]),
        ([0], [["complex", ["a", "b"]]]),
        ([0], [["range", ["a"]]]),
        ([0], [["bytes", [5]]]),
        ([0], [["int", ["zz"]]]),
        ([0], [["decimal", ["x"]]]),
        ([0], [["date", ["today"]]]),
        ([0], [["thing", [[1]]], ["type", ["builtins.int"]]]),
        ([0], [["array", ["Z", ""]]]),
        ([0], [["objects", [1, 3, 1, 2]]]),
    ],
)
def test_what_was_never_packed_is_refused(item: Any, rows: Any) -> None:
    def read() -> None:
        heap = new_heap()
        heap.receive(rows)
        heap.values([item])

    with pytest.raises((LostError, TypeError, ValueError, KeyError, ArithmeticError, IndexError)):
        read()


def test_changes_of_unknown_objects_are_refused() -> None:
    heap = new_heap()
    heap.receive([["tuple", [[1]]], ["list", []]])
    heap.apply([[1, [5]]])
    assert heap.find(0) == ([5],)
    for changes in ([[0, [1]]], [[2, [1]]]):
        with pytest.raises(LostError, match="what does not change"):
            heap.apply(changes)
    with pytest.raises(LostError, match="unknown object"):
        heap.keep_only([7])


@pytest.mark.parametrize(
    "line", [b"", b"[1", b"nonsense\n", b"[1]x\n", b'{"a": 1}\n', b"\xff\xfe\n", b"[1]\0\n", b"\n"]
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises((LostError, ValueError)):
        Line(io.BytesIO(line), io.BytesIO(), 1000).receive()


def test_lines_come_one_by_one() -> None:
    line = Line(io.BytesIO(b"[1]\n5\n" + b'"%s"\n' % (b"x" * 200000)), io.BytesIO(), 10**6)
    assert [line.receive(), line.receive(), len(line.receive())] == [[1], 5, 200000]


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(MemoryError, match="more than 1 MiB at once"):
        Line(io.BytesIO(b" " * 2**21), io.BytesIO(), 2**20).receive()


def test_what_nobody_else_refers_to_is_not_kept() -> None:
    heap = new_heap()
    heap.receive([["list", [[1], [2]]], ["list", [1]], ["tuple", [[3]]], ["list", [2]]])
    outer, inner = heap.find(0), heap.find(3)
    assert set(heap.retained()) == {0, 1, 3}
    del outer
    assert heap.retained() == [3]
    del inner
    assert heap.retained() == []


def test_most_sets_can_be_copied_in_their_order() -> None:
    chance = random.Random(0)
    missed = 0
    for _ in range(300):
        made = {chance.randrange(10**6) for _ in range(chance.randrange(60))}
        for element in chance.sample(sorted(made), len(made) // 4):
            made.discard(element)
        copy: set[int] = set()
        missed += not refill(copy, list(made), table_size(made))
        assert copy == made
        frozen = frozenset(made)
        copied, ordered = make_frozenset(list(frozen), table_size(frozen))
        assert copied == frozen
        assert ordered == (list(copied) == list(frozen))
        missed += not ordered
    assert missed <= 6


@pytest.mark.parametrize("size", [-8, 0, 3, 9, 2**40, 10**400])
def test_a_size_that_no_table_has_is_none(size: int) -> None:
    elements = [8, 0, 16]
    target: set[int] = set()
    refill(target, elements, size)
    assert target == set(elements)
