"""A third harness, in a conftest.py: a task whose answer is a number. Nothing in the package knows it."""

CONFTEST = """
import re
from dataclasses import dataclass

import pytest

from pytest_mcode import Benchmark, Completion, Dataset, Harness, Task, Verdict, add_options, number


@dataclass(frozen=True, kw_only=True)
class NumberOptions:
    tolerance: float = number("How far a number may be off.", 0, default=0.0, changes_result=True)


class Numbers(Harness):
    name = "numbers"
    options = NumberOptions
    nature = "has numbers to find, and runs nothing"
    nothing_found = "the completion holds no number"

    def extract(self, completion, task, sandbox):
        found = re.findall(r"-?[0-9.]*[0-9]", completion)
        return found[-1] if found else None

    def judge(self, task, solution, sandbox):
        tolerance = sandbox.settings.of(NumberOptions).tolerance
        try:
            off = abs(float(solution) - task.extra["answer"])
        except ValueError:
            return Verdict(kind="syntax", message=f"{solution!r} is not a number")
        if off > tolerance:
            return Verdict(kind="assertion", message=f"{off:g} off")
        return Verdict(kind="passed")


class Sums(Benchmark):
    name = "functions-swebench"  # A name that says nothing of its tasks.
    summary = "numbers to double"
    harness = Numbers()

    def load(self, source):
        return Dataset(tasks=[double(n) for n in (1, 2, 3)], origin="conftest.py", split="test")


def double(n):
    return Task(
        task_id=f"double/{n}", prompt=f"What is {n} + {n}?", test="", canonical_solution=str(2 * n),
        extra={"answer": 2 * n},
    )


def pytest_mcode_benchmarks():
    return [Sums]


def pytest_addoption(parser):
    add_options(parser, Numbers)


"""
MODEL = """
class Guesser:
    def generate(self, request):
        return Completion(text={"1": "1 + 1 is 2.", "2": "It is 5", "3": "no idea"}[request.task.task_id[-1]])

    def close(self):
        pass


@pytest.fixture(scope="session")
def mcode_model():
    return Guesser()
"""
BASE = ("--mcode-benchmark=functions-swebench", "--mcode-db=results.db")
GOLD = (*BASE, "--mcode-backend=gold")
NONE = (*BASE, "--mcode-backend=none")
