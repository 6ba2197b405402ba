"""Benchmarks and backends that conftest files and installed plugins bring: checked, offered by name."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Backend, backends
from pytest_mcode.settings import BACKENDS, option_specs

__all__ = ["offer_nearby", "register", "register_nearby"]

METHODS = ("load", "extract", "judge", "remarks", "judge_publicly")
ATTRIBUTES = ("name", "summary", "kind", "defaults", "prompt_template", "demonstrations")


def register(plugins: pytest.PytestPluginManager) -> None:
    """Offer what `plugins` return from `pytest_mcode_benchmarks`; raises `ConfigurationError`."""
    found: dict[str, Benchmark] = {}
    origins = dict.fromkeys(benchmarks.built_in(), "pytest-mcode")
    for impl in plugins.hook.pytest_mcode_benchmarks.get_hookimpls():
        for each in _returned(impl.function(), impl.plugin_name, "benchmarks"):
            benchmark = each() if isinstance(each, type) else each
            _check(benchmark, impl.plugin_name)
            if benchmark.name in origins:
                raise ConfigurationError(
                    f"benchmark {benchmark.name!r} of {impl.plugin_name} has the name of one of "
                    f"{origins[benchmark.name]}: rename it"
                )
            origins[benchmark.name] = impl.plugin_name
            found[benchmark.name] = benchmark
    benchmarks.offer(found)
    _register_backends(plugins)


def _register_backends(plugins: pytest.PytestPluginManager) -> None:
    found: dict[str, Backend] = {}
    origins: dict[str, str] = {}
    for impl in plugins.hook.pytest_mcode_backends.get_hookimpls():
        for each in _returned(impl.function(), impl.plugin_name, "backends"):
            backend = backends.check(each, impl.plugin_name)
            if backend.name in origins:
                raise ConfigurationError(
                    f"backend {backend.name!r} of {impl.plugin_name} has the name of one of "
                    f"{origins[backend.name]}: rename it"
                )
            origins[backend.name] = impl.plugin_name
            found[backend.name] = backend
    backends.offer(found)


class _Registering:
    """A session that ends before it begins: plugins and conftest files are there, nothing is collected."""

    error: ConfigurationError | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        try:
            register(config.pluginmanager)
        except ConfigurationError as error:
            self.error = error
        return 0


def register_nearby() -> None:
    """Offer what installed plugins and the conftest.py of where one stands bring, outside of a session.

    Raises `ConfigurationError`; pytest itself prints what is wrong with a conftest.py.
    """
    session = _Registering()
    if pytest.main(["-o", "mcode_benchmark="], plugins=[session]) != 0:
        raise ConfigurationError("pytest cannot start here, so benchmarks of your own are not known")
    if session.error:
        raise session.error


def offer_nearby(name: str, backend: str | None = None) -> None:
    """Look for a benchmark and a backend in plugins and conftest files, unless they are known without."""
    known = name in benchmarks.built_in() or name.endswith(benchmarks.FILES)
    if not known or (backend and backend not in BACKENDS):
        register_nearby()


def _returned(value: Any, origin: str, kind: str) -> Iterator[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigurationError(
            f"{origin}: pytest_mcode_{kind}() returned {type(value).__name__}, not a list of {kind}"
        )
    yield from value


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
