"""Workers on other machines: what the controller tells them, and what keeps a machine from taking part."""

import dataclasses
import os
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import backends
from pytest_mcode.models.network import is_loopback
from pytest_mcode.session import environment, parts, relay
from pytest_mcode.session.distribution import EXAMINED, FED, Word, elsewhere, say, worker_of
from pytest_mcode.session.plan import Plan, prompt_hash
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

__all__ = [
    "Unfit",
    "all_elsewhere",
    "check_model_here",
    "check_same_model",
    "is_unchecked",
    "plan_here",
    "tell",
]

FILES = (
    "what a worker needs of files (conftest.py, --mcode-prompts, tasks of your own) is to be on its machine: "
    "copy it there, and name the folder: --tx ssh=HOST//chdir=FOLDER"
)
PLAN, TOLD, KEYS, RELAY = "mcode_plan", "mcode_told", "mcode_keys", "mcode_relay"
"""Keys of a worker's input."""


def all_elsewhere(config: pytest.Config) -> bool:
    """Whether every worker is reached over a network, so that nothing runs beside the controller."""
    if not getattr(config.option, "tx", None):
        return False
    import execnet
    from xdist.workermanage import parse_tx_spec_config

    specs = [execnet.XSpec(each) for each in parse_tx_spec_config(config)]
    return all(not spec.popen or spec.via for spec in specs)


def check_model_here(settings: Settings, model_info: Mapping[str, Any]) -> None:
    """Refuse ``--mcode-model-here`` where there is no server whose requests could be passed on."""
    if not settings.model_here:
        return
    url = str(model_info.get("base_url", ""))
    if not url:
        raise ConfigurationError(
            f"--mcode-model-here: the backend {settings.backend} tells no address of a server; leave it out"
        )
    if urlsplit(url).scheme == "https":
        raise ConfigurationError(
            f"--mcode-model-here: {url} is reached from every machine in the same way; leave it out"
        )


# The controller's side.


def tell(node: Any, plan: Plan, model_info: Mapping[str, Any], *, skipped_check: bool) -> None:
    """Put into a worker's input its tasks, and what it would otherwise take from its own environment."""
    settings = plan.settings
    helper: str | None = model_info.get("helper", {}).get("base_url")
    resolved = dataclasses.replace(
        settings,
        base_url=model_info.get("base_url") or settings.base_url,
        helper_base_url=helper or settings.helper_base_url,
    )
    node.workerinput[PLAN] = dataclasses.replace(plan, settings=resolved).to_json()
    node.workerinput[TOLD] = {
        "version": environment.own_version(),
        "digest": model_info.get("digest"),
        "unchecked": skipped_check,
    }
    if node.gateway.spec.ssh:  # No other way hides them from those who listen.
        node.workerinput[KEYS] = _keys(settings)
    if settings.model_here:
        channel = node.gateway.newchannel()
        node.workerinput[RELAY] = channel
        key = os.environ.get("OPENAI_API_KEY", "").strip() or None
        origin = urlsplit(model_info["base_url"])._replace(path="").geturl()
        relay.answer(channel, origin, key=key, timeout=settings.request_timeout)


def _keys(settings: Settings) -> dict[str, str]:
    names = [backend for backend in (settings.backend, settings.helper_backend) if backend]
    patterns = [pattern for name in names if (pattern := getattr(backends.get(name), "keys", ""))]
    return {
        name: value
        for name, value in os.environ.items()
        if any(re.fullmatch(pattern, name) for pattern in patterns)
    }


# The worker's side.


def plan_here(config: pytest.Config) -> Plan:
    """Return the plan that a worker was sent, as its machine carries it out.

    Raises `ConfigurationError` where the machine would do something else.
    """
    given: Mapping[str, Any] = config.workerinput  # type: ignore[attr-defined]
    theirs, ours = given[TOLD]["version"], environment.own_version()
    if theirs != ours:
        raise ConfigurationError(
            f"pytest-mcode is {ours} there and {theirs} where the session was started: install the same"
        )
    plan = Plan.from_json(given[PLAN])
    for name, value in given.get(KEYS, {}).items():
        os.environ.setdefault(name, value)
    if not elsewhere(config):
        return plan
    settings = plan.settings
    if settings.prompts and (here := prompt_hash(plan)) != plan.prompt_hash:
        raise ConfigurationError(
            f"--mcode-prompts={settings.prompts}: other templates are there (hash {here}) than where the "
            f"session was started ({plan.prompt_hash}): copy them"
        )
    if RELAY in given:
        address = relay.listen(given[RELAY]) + urlsplit(settings.base_url or "").path
        settings = dataclasses.replace(settings, base_url=address)
    else:
        _refuse_loopback("--mcode-base-url", settings.base_url, ", or --mcode-model-here")
    _refuse_loopback("--mcode-helper-base-url", settings.helper_base_url, "")
    return dataclasses.replace(plan, settings=settings)


def _refuse_loopback(flag: str, url: str | None, otherwise: str) -> None:
    if url and is_loopback(urlsplit(url).hostname or ""):
        raise ConfigurationError(
            f"{flag}: {url} means {socket.gethostname()} itself there: give the address of the model server "
            f"in the network{otherwise}"
        )


def is_unchecked(config: pytest.Config) -> bool:
    """Whether it works on a machine whose sandbox nobody has tried: the controller tries its own."""
    given = getattr(config, "workerinput", {})
    unchecked = given.get(TOLD, {}).get("unchecked")
    return bool(elsewhere(config) or unchecked) and not given.get(EXAMINED, False)


def check_same_model(config: pytest.Config, plan: Plan) -> None:
    """Raise `ConfigurationError` unless another machine finds the model that the controller's found."""
    settings = plan.settings
    if not elsewhere(config) or settings.backend in MODEL_FREE_BACKENDS:
        return
    there = config.workerinput[TOLD]["digest"]  # type: ignore[attr-defined]
    here = parts.check_model(settings).get("digest")
    if here != there:
        raise ConfigurationError(
            f"{settings.model} at {settings.base_url} has the digest {here} there and {there} where the "
            "session was started: one server is to answer both"
        )


class Unfit:
    """A plugin of a worker whose machine takes no part: it says why, and finds no items."""

    def __init__(self, config: pytest.Config, reason: str) -> None:
        self._config = config
        self._reason = reason

    @staticmethod
    def can_say_so(config: pytest.Config) -> bool:
        """Whether it is a worker, and who feeds it listens."""
        return bool(getattr(config, "workerinput", {}).get(FED))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Tell the scheduler, once it knows this worker."""
        say(worker_of(self._config), Word(window=0, unfit=self._reason, host=socket.gethostname()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Find nothing."""
        session.items = []
        session.config.hook.pytest_collection_finish(session=session)
        return True
