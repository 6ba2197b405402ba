import os
from collections.abc import Iterator

import pytest

from .machines import Machine, machine


@pytest.fixture(scope="session")
def _both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Machine]]:
    # A worker of its own has names of its own: tests run side by side.
    worker = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0"))) or 0)
    folder = tmp_path_factory.mktemp("machines")
    with (
        machine(f"ada{worker}", 2 * worker, folder) as ada,
        machine(f"bob{worker}", 2 * worker + 1, folder) as bob,
    ):
        yield ada, bob


@pytest.fixture
def ada(_both: tuple[Machine, Machine]) -> Machine:
    """Another machine."""
    return _both[0]


@pytest.fixture
def bob(_both: tuple[Machine, Machine]) -> Machine:
    """A second one."""
    return _both[1]
