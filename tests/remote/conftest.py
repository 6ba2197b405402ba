from collections.abc import Iterator

import pytest

from .machines import Machine, machine


@pytest.fixture(scope="session")
def _both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Machine]]:
    folder = tmp_path_factory.mktemp("machines")
    with machine("ada", folder) as ada, machine("bob", folder) as bob:
        yield ada, bob


@pytest.fixture
def ada(_both: tuple[Machine, Machine]) -> Machine:
    """Another machine."""
    return _both[0]


@pytest.fixture
def bob(_both: tuple[Machine, Machine]) -> Machine:
    """A second one."""
    return _both[1]
