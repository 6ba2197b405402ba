"""Benchmarks that conftest files and installed plugins bring: asked for, checked, offered by name."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest

from pytest_mcode import benchmarks, hookspecs
from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.settings import option_specs

__all__ = ["offer_installed", "register", "register_installed"]

METHODS = ("load", "extract", "judge", "remarks", "judge_publicly")
ATTRIBUTES = ("name", "summary", "kind", "defaults", "prompt_template", "demonstrations")


def register(plugins: pytest.PytestPluginManager) -> None:
    """Offer what `plugins` return from `pytest_mcode_benchmarks`; raises `ConfigurationError`."""
    found: dict[str, Benchmark] = {}
    origins = dict.fromkeys(benchmarks.built_in(), "pytest-mcode")
    for impl in plugins.hook.pytest_mcode_benchmarks.get_hookimpls():
        for benchmark in _returned(impl.function(), impl.plugin_name):
            _check(benchmark, impl.plugin_name)
            if benchmark.name in origins:
                raise ConfigurationError(
                    f"benchmark {benchmark.name!r} of {impl.plugin_name} has the name of one of "
                    f"{origins[benchmark.name]}: rename it"
                )
            origins[benchmark.name] = impl.plugin_name
            found[benchmark.name] = benchmark
    benchmarks.offer(found)


def register_installed() -> None:
    """Offer what installed pytest plugins bring, outside of a session."""
    plugins = pytest.PytestPluginManager()
    plugins.add_hookspecs(hookspecs)
    plugins.load_setuptools_entrypoints("pytest11")
    register(plugins)


def offer_installed(name: str) -> None:
    """Ask installed plugins for the benchmark `name`, unless it is known without them."""
    if name not in benchmarks.built_in() and not name.endswith(benchmarks.FILES):
        register_installed()


def _returned(value: Any, origin: str) -> Iterator[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigurationError(
            f"{origin}: pytest_mcode_benchmarks() returned {type(value).__name__}, not a list of benchmarks"
        )
    for each in value:
        yield each() if isinstance(each, type) else each


def _check(benchmark: Any, origin: str) -> None:
    kind = type(benchmark).__name__
    lacking = [name for name in ATTRIBUTES if not hasattr(benchmark, name)]
    lacking += [f"{name}()" for name in METHODS if not callable(getattr(benchmark, name, None))]
    if lacking:
        raise ConfigurationError(
            f"{origin}: benchmark {kind} lacks {', '.join(lacking)}; "
            "pytest_mcode.benchmarks.functions.FunctionJudge has all but name, summary and load()"
        )
    for problem in _problems(benchmark):
        raise ConfigurationError(f"{origin}: benchmark {kind}: {problem}")


def _problems(benchmark: Benchmark) -> Iterator[str]:
    name = benchmark.name
    if not isinstance(name, str) or not name or name != name.strip() or name.endswith(benchmarks.FILES):
        yield f"name {name!r} is not a name; give a text that is no file's"
    if benchmark.kind not in ("functions", "repositories"):
        yield f"kind {benchmark.kind!r} is not allowed; give functions or repositories"
    known = {spec.field for spec in option_specs()}
    if not isinstance(benchmark.defaults, Mapping) or set(benchmark.defaults) - known:
        yield f"defaults {benchmark.defaults!r} are not fields of Settings with their values"
    if not files("pytest_mcode.prompts").joinpath("templates", benchmark.prompt_template).is_file():
        yield (
            f"there is no prompt_template {benchmark.prompt_template!r} in pytest_mcode/prompts/templates; "
            "take one of them, and override the fixture mcode_prompt for words of your own"
        )
