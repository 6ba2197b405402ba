"""Hooks that a conftest.py or an installed pytest plugin may implement."""

from typing import Any

import pytest


@pytest.hookspec
def pytest_mcode_benchmarks() -> list[Any]:  # type: ignore[empty-body]
    """Return benchmarks (`pytest_mcode.benchmarks.Benchmark`, or classes of them) to offer by their names."""


@pytest.hookspec
def pytest_mcode_backends() -> list[Any]:  # type: ignore[empty-body]
    """Return backends (`pytest_mcode.models.Backend`, or classes of them) to offer by their names."""
