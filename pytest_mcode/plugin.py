"""The pytest plugin's door: options, and the switch that lets the rest in.

Without ``--mcode-benchmark`` nothing but this module and the settings is imported.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from pytest_mcode import hookspecs
from pytest_mcode.command_line import PREFIXES, add_option, refuse_unknown
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options.declarations import forget_options, option_specs
from pytest_mcode.settings import Settings

SETTINGS = pytest.StashKey[Settings]()
RESTARTS = 4
UNFIT = pytest.StashKey[str]()
"""In a worker: why its machine cannot do what the session's can."""
FEEDS_WORKERS = pytest.StashKey[bool]()
"""Whether our scheduler feeds xdist's workers: nobody has asked for another with ``--dist``."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let conftest files and plugins offer benchmarks, in inactive sessions too: they are there."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer every setting as ``--mcode-NAME`` and, where it makes sense, as ini ``mcode_NAME``."""
    forget_options()
    for spec in option_specs():
        add_option(parser, spec)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Any:
    """Once conftest files have added their options: name what a mistyped one may have meant."""
    result = yield
    if any(each.startswith(PREFIXES) for each in args):
        refuse_unknown(parser.parse_known_and_unknown_args(args)[1])
    return result


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Any:
    """In an active session: build its settings, and our defaults before xdist decides on its own."""
    if _is_active(config):
        from pytest_mcode.benchmarks.registration import register
        from pytest_mcode.session.plan import build_settings

        try:
            register(config.pluginmanager)
            settings = build_settings(_command_line(config), _ini(config))
            if settings.plan:
                from pytest_mcode.session import foresight

                foresight.say(settings)
            config.stash[SETTINGS] = settings
        except ConfigurationError as error:
            if not hasattr(config, "workerinput"):
                raise pytest.UsageError(str(error)) from None
            config.stash[UNFIT] = str(error)
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args = []
        if not hasattr(config, "workerinput"):
            _distribute(config)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Let the rest of the package in when a benchmark is asked for."""
    if not _is_active(config):
        _refuse_lonely_options(config)
        return
    from pytest_mcode import fixtures
    from pytest_mcode.session.concurrency import Concurrency
    from pytest_mcode.session.controller import Controller
    from pytest_mcode.session.ending import Ending

    config.pluginmanager.register(fixtures, "mcode-fixtures")
    concurrency = Concurrency(config)
    config.pluginmanager.register(concurrency, "mcode-concurrency")
    if not hasattr(config, "workerinput"):
        _leave_out_idle_workers(config, config.stash[SETTINGS])
    if hasattr(config, "workerinput"):
        _join(config)
    else:
        controller = Controller(
            config,
            config.stash[SETTINGS],
            concurrency,
            feeds_workers=config.stash.get(FEEDS_WORKERS, False),
        )
        config.pluginmanager.register(controller, "mcode-controller")
        config.pluginmanager.register(Ending(controller), "mcode-ending")
        _export(config, config.stash[SETTINGS].export_to)


def _join(config: pytest.Config) -> None:
    """Take part as a worker, or say why not."""
    from pytest_mcode.session import machines
    from pytest_mcode.session.items import Items
    from pytest_mcode.session.pulse import PULSE, Pulse

    reason = config.stash.get(UNFIT, "")
    try:
        if reason:
            raise ConfigurationError(f"{reason}; {machines.FILES}")
        plan = machines.plan_here(config)
        config.pluginmanager.register(Items(config, plan), "mcode-items")
    except ConfigurationError as error:
        if not machines.Unfit.can_say_so(config):
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(machines.Unfit(config, str(error)), "mcode-unfit")
        return
    if channel := config.workerinput.get(PULSE):  # type: ignore[attr-defined]
        config.pluginmanager.register(Pulse(channel, plan.settings.worker_timeout), "mcode-pulse")


def _export(config: pytest.Config, names: Sequence[str]) -> None:
    """Have trackers listen to the run."""
    if not names or config.option.collectonly:
        return
    from pytest_mcode.exporters import open_exporters

    try:
        for name, exporter in open_exporters(names).items():
            config.pluginmanager.register(exporter, f"mcode-export-to-{name}")
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


def _distribute(config: pytest.Config) -> None:
    """Have our scheduler feed xdist's workers, where there are any and nobody asks for another."""
    options = vars(config.option)  # xdist may be missing, or blocked
    workers = options.get("numprocesses") or options.get("tx")
    if workers and options["dist"] == "no" and not options["distload"]:
        config.stash[FEEDS_WORKERS] = True
        config.option.dist = "load"  # the nearest to it
    if options.get("tx") and not options.get("numprocesses") and options.get("maxworkerrestart") is None:
        config.option.maxworkerrestart = str(RESTARTS * len(options["tx"]))  # as xdist's own for -n


def _leave_out_idle_workers(config: pytest.Config, settings: Settings) -> None:
    """Start no more workers than there are requests in flight: those beyond would have none to make."""
    if settings.concurrency == "auto" or not config.getoption("tx", None):
        return
    from xdist.workermanage import parse_tx_spec_config

    workers = len(parse_tx_spec_config(config))
    if workers <= settings.concurrency:
        return
    if not config.option.numprocesses:
        raise pytest.UsageError(
            f"--mcode-concurrency={settings.concurrency} is less than the {workers} workers of --tx: "
            "give at least one request to each, or name fewer of them"
        )
    config.option.tx = config.option.tx[: settings.concurrency]


def _is_active(config: pytest.Config) -> bool:
    return bool(config.getoption("mcode_benchmark") or config.getini("mcode_benchmark"))


def _refuse_lonely_options(config: pytest.Config) -> None:
    given = [spec.flag for spec in option_specs() if config.getoption(spec.ini_name) is not None]
    if given:
        raise pytest.UsageError(
            f"{', '.join(given)}: give --mcode-benchmark=NAME as well (`mcode benchmarks` lists the names)"
        )


def _command_line(config: pytest.Config) -> dict[str, Any]:
    return {spec.field: config.getoption(spec.ini_name) for spec in option_specs()}


def _ini(config: pytest.Config) -> dict[str, Any]:
    return {spec.field: config.getini(spec.ini_name) for spec in option_specs() if spec.ini}
