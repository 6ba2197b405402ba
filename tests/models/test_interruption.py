"""Deadlines, closing, threads and Ctrl-C."""

import gc
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.models import loop
from pytest_mcode.models.loop import LoopThread
from tests.servers import HANG, Reply

from .conftest import Open, Wire, ask


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_request_that_takes_too_long_is_dropped(wire: Wire, open_for: Open) -> None:
    with wire.serve([HANG, "next"]) as server:
        model = open_for(server, request_timeout=0.3, retries=0)
        with pytest.raises(InfraError):
            model.generate(ask("hi"))
        wait_until(lambda: server.abandoned == 1)
        assert model.generate(ask("hi")).text == "next"


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_surfaces_at_once_and_drops_the_request(wire: Wire, open_for: Open) -> None:
    with wire.serve([HANG, "next"]) as server:
        model = open_for(server)
        interrupt = threading.Thread(
            target=lambda: (wait_until(lambda: bool(server.requests)), os.kill(os.getpid(), signal.SIGINT))
        )
        interrupt.start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            model.generate(ask("hi"))
        assert time.monotonic() - start < 3
        interrupt.join()
        wait_until(lambda: server.abandoned == 1)
        assert model.generate(ask("hi")).text == "next"


def test_threads_share_a_model(wire: Wire, open_for: Open) -> None:
    with wire.serve(lambda body: Reply(body["messages"][0]["content"].upper(), delay=0.3)) as server:
        model = open_for(server)
        start = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda word: model.generate(ask(word)).text, "abcdefgh"))
        seconds = time.monotonic() - start
    assert texts == list("ABCDEFGH")
    assert seconds < 8 * 0.3


def test_closing_drops_what_is_in_flight(wire: Wire, open_for: Open) -> None:
    with wire.serve(HANG) as server, ThreadPoolExecutor(2) as pool:
        model = open_for(server)
        answers = [pool.submit(model.generate, ask("hi")) for _ in range(2)]
        wait_until(lambda: len(server.requests) == 2)
        closers = [threading.Thread(target=model.close) for _ in range(4)]
        for closer in closers:
            closer.start()
        for answer in answers:
            with pytest.raises(InfraError, match="the model was closed while it answered"):
                answer.result(5)
        for closer in closers:
            closer.join(5)
        wait_until(lambda: server.abandoned == 2)


def test_a_closed_model_says_so(wire: Wire, open_for: Open) -> None:
    with wire.serve() as server:
        model = open_for(server)
        model.close()
        model.close()
        with pytest.raises(InfraError, match="the model is closed"):
            model.generate(ask("hi"))


def test_nothing_is_left_open(wire: Wire, open_for: Open) -> None:
    before = threading.active_count()
    with wire.serve("ok") as server:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(3):
                model = open_for(server)
                model.generate(ask("hi"))
                model.close()
            del model
            gc.collect()
        assert not [each for each in threading.enumerate() if each.name == "mcode-model"]
    wait_until(lambda: threading.active_count() <= before)


def test_a_coroutine_that_blocks_its_loop_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_GRACE", 0.2)
    thread = LoopThread()
    release = threading.Event()

    async def block() -> None:
        release.wait()

    with pytest.raises(TimeoutError):
        thread.run(block, seconds=0.1)
    release.set()
    thread.close()
