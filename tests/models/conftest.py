from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import tenacity

from pytest_mcode.models import ModelSettings, Request, backends
from pytest_mcode.models.mellea import MelleaBackend, MelleaModel
from pytest_mcode.models.options import parse_options
from pytest_mcode.records import Message, Task
from tests.servers import OllamaServer, OpenAIServer, Reply, ScriptedServer

TASK = Task(task_id="t/0", prompt="p", test="")
Open = Callable[..., MelleaModel]


def asked(model: str, *, options: Sequence[str] = (), **more: Any) -> ModelSettings:
    """What a session asks for, with options as the user types them."""
    return ModelSettings(model=model, options=parse_options(options), **more)


def open_at_once(backend: str, *, backoff: Any = None, **settings: Any) -> MelleaModel:
    """Open a model that retries without waiting."""
    found = backends.get(backend)
    assert isinstance(found, MelleaBackend)
    return found.open(asked(**settings), backoff=backoff or tenacity.wait_none())


def ask(*contents: str, seed: int = 7) -> Request:
    """A conversation whose turns alternate between user and assistant."""
    roles = ["user", "assistant"] * len(contents)
    messages = [Message(role=role, content=text) for role, text in zip(roles, contents, strict=False)]
    return Request(messages=messages, seed=seed, task=TASK)


@dataclass(frozen=True)
class Wire:
    """One of the two protocols that models are tested over."""

    backend: str
    serve: type[ScriptedServer]

    def where(self, server: ScriptedServer) -> str:
        return f"{self.backend} at {server.url}{'/v1' if self.backend == 'openai' else ''}"


@pytest.fixture(params=[("ollama", OllamaServer), ("openai", OpenAIServer)], ids=lambda each: each[0])
def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(*request.param)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """Import and build what the first request would, so that short time-outs measure servers."""
    for backend, serve in (("ollama", OllamaServer), ("openai", OpenAIServer)):
        with serve() as server:
            model = backends.open_model(backend, asked(server.model, base_url=server.url))
            model.generate(ask("hi"))
            model.close()


@pytest.fixture
def open_for() -> Iterator[Open]:
    """Open a model for a server; it retries without waiting, and is closed after the test."""
    opened: list[MelleaModel] = []

    def open_one(server: ScriptedServer, **options: Any) -> MelleaModel:
        backend = "ollama" if isinstance(server, OllamaServer) else "openai"
        opened.append(open_at_once(backend, **{"model": server.model, "base_url": server.url, **options}))
        return opened[-1]

    yield open_one
    for model in opened:
        model.close()


__all__ = ["Open", "Reply", "Wire", "ask", "asked", "open_at_once"]
