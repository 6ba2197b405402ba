"""Benchmarks and backends that conftest files and installed plugins bring: checked, offered by name."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_mcode import benchmarks, harnesses
from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.errors import ConfigurationError, raised_at
from pytest_mcode.harnesses.prompting import is_template
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.models import Backend, backends
from pytest_mcode.settings import BACKENDS, option_specs

__all__ = ["offer_nearby", "own_plugin", "register", "register_nearby"]

ATTRIBUTES = ("name", "summary", "harness", "defaults", "prompt_template", "demonstrations")
UNANSWERED = ("name", "summary", "harness", "load")
"""What `Benchmark` has no default for."""
OF_HARNESS = ("extract", "judge", "judge_publicly", "remarks")
"""What a benchmark leaves to its harness."""
ANSWERS = tuple(name for name in vars(Harness) if not name.startswith("_"))


def register(plugins: pytest.PytestPluginManager) -> None:
    """Offer what `plugins` return from `pytest_mcode_benchmarks`; raises `ConfigurationError`."""
    found: dict[str, Benchmark] = {}
    origins = dict.fromkeys(benchmarks.built_in(), "pytest-mcode")
    for impl in plugins.hook.pytest_mcode_benchmarks.get_hookimpls():
        for each in _returned(impl, "benchmarks"):
            benchmark = _made(each, impl.plugin_name)
            _check(benchmark, impl.plugin_name)
            if benchmark.name in origins:
                raise ConfigurationError(
                    f"benchmark {benchmark.name!r} of {impl.plugin_name} has the name of one of "
                    f"{origins[benchmark.name]}: rename it"
                )
            origins[benchmark.name] = impl.plugin_name
            found[benchmark.name] = benchmark
    harnesses.offer({id(each.harness): each.harness for each in found.values()}.values())
    benchmarks.offer(found)
    _register_backends(plugins)


def _register_backends(plugins: pytest.PytestPluginManager) -> None:
    found: dict[str, Backend] = {}
    origins: dict[str, str] = {}
    for impl in plugins.hook.pytest_mcode_backends.get_hookimpls():
        for each in _returned(impl, "backends"):
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


def own_plugin(*, with_addopts: bool = True) -> list[str]:
    """Return the arguments that load this plugin where pytest was told to load no installed one.

    `with_addopts` says that PYTEST_ADDOPTS is heard as well, which may do the same.
    """
    said = os.environ.get("PYTEST_ADDOPTS", "").split() if with_addopts else ()
    wanted = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") and "mcode" not in said
    return ["-p", "pytest_mcode.plugin"] if wanted else []


def register_nearby() -> None:
    """Offer what installed plugins and the conftest.py of where one stands bring, outside of a session.

    Raises `ConfigurationError`; pytest itself prints what is wrong with a conftest.py.
    """
    session = _Registering()
    if pytest.main([*own_plugin(), "-o", "mcode_benchmark="], plugins=[session]) != 0:
        raise ConfigurationError("pytest cannot start here, so benchmarks of your own are not known")
    if session.error:
        raise session.error


def offer_nearby(name: str, backend: str | None = None) -> None:
    """Look for a benchmark and a backend in plugins and conftest files, unless they are known without."""
    known = name in benchmarks.built_in() or name.endswith(benchmarks.FILES)
    if not known or (backend and backend not in BACKENDS):
        register_nearby()


def _returned(impl: Any, kind: str) -> Iterator[Any]:
    origin = impl.plugin_name
    try:
        value = impl.function()
    except Exception as error:
        raise ConfigurationError(
            f"{origin}: pytest_mcode_{kind}() failed ({raised_at(error)}: {type(error).__name__}: {error})"
        ) from error
    if not isinstance(value, list | tuple):
        raise ConfigurationError(
            f"{origin}: pytest_mcode_{kind}() returned {type(value).__name__}, not a list of {kind}"
        )
    yield from value


def _made(benchmark: Any, origin: str) -> Any:
    """Return a benchmark, made of its class where that was given."""
    if not isinstance(benchmark, type):
        return benchmark
    try:
        return benchmark()
    except Exception as error:
        raise ConfigurationError(
            f"{origin}: {benchmark.__name__}() failed ({type(error).__name__}: {error}); "
            "a benchmark's class takes no arguments"
        ) from error


def _check(benchmark: Any, origin: str) -> None:
    kind = type(benchmark).__name__
    lacking = [name for name in ATTRIBUTES if _is_lacking(benchmark, name)]
    lacking += ["load()"] if _is_lacking(benchmark, "load") else []
    if lacking:
        raise ConfigurationError(
            f"{origin}: benchmark {kind} lacks {', '.join(lacking)}; pytest_mcode.FunctionJudge has all but "
            "name, summary and load(), pytest_mcode.Benchmark all but these and a harness"
        )
    for problem in [*_problems(benchmark), *_problems_of_harness(benchmark.harness)]:
        raise ConfigurationError(f"{origin}: benchmark {kind}: {problem}")


def _is_lacking(benchmark: Any, name: str) -> bool:
    """Whether nothing says what `name` is: it may be inherited from the protocol, which has no answer."""
    declared = getattr(type(benchmark), name, None)
    unanswered = name in UNANSWERED and declared is getattr(Benchmark, name)
    return unanswered or not hasattr(benchmark, name)


def _problems(benchmark: Benchmark) -> Iterator[str]:
    name = benchmark.name
    if not isinstance(name, str) or not name or name != name.strip() or name.endswith(benchmarks.FILES):
        yield f"name {name!r} is not a name; give a text that is not the name of a file"
    kind = getattr(benchmark, "kind", None)
    if kind is not None:
        yield f"kind {kind!r} is not allowed; a benchmark names its harness: harness = MyHarness()"
    for method in (method for method in OF_HARNESS if hasattr(benchmark, method)):
        yield (
            f"{method}() is its harness's to answer; write a class that inherits from "
            "pytest_mcode.FunctionHarness, with a name of its own, and give harness = MyHarness()"
        )
    known = {spec.field for spec in option_specs()}
    if not isinstance(benchmark.defaults, Mapping) or set(benchmark.defaults) - known:
        yield f"defaults {benchmark.defaults!r} are not fields of Settings with their values"
    if not is_template(benchmark.prompt_template):
        yield (
            f"there is no prompt_template {benchmark.prompt_template!r} in pytest_mcode/harnesses/templates; "
            "take one of them, and override the fixture mcode_prompt for words of your own"
        )


def _problems_of_harness(harness: Any) -> Iterator[str]:
    kind = type(harness).__name__
    if isinstance(harness, type):
        yield f"harness is the class {harness.__name__}; give an object of it: {harness.__name__}()"
        return
    lacking = [name for name in ANSWERS if not hasattr(harness, name)]
    if lacking:
        yield f"harness {kind} lacks {', '.join(lacking)}; inherit from pytest_mcode.Harness: it has defaults"
        return
    for method in ("extract", "judge"):
        if getattr(type(harness), method, None) is getattr(Harness, method):
            yield f"harness {kind} does not say how to {method}: write {method}()"
    if not isinstance(harness.name, str) or not harness.name.isidentifier():
        yield f"harness {kind}: name {harness.name!r} is not a name; give letters, digits and underscores"
    elif harness.options is not None and not harness.own_options:
        yield (
            f"harness {kind}: its options are not declared; call pytest_mcode.add_options(parser, "
            f"{kind}) in pytest_addoption() of this conftest.py"
        )
