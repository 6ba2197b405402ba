"""Requests at the model server are bounded; what it says of its load is heard."""

import json
import os
import shlex
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.models import Completion, ModelSettings, Request, openai
from pytest_mcode.models.failures import TransientError
from pytest_mcode.records import Task
from pytest_mcode.session.climb import Climb, Fixed
from pytest_mcode.session.throttle import Throttle, share, window_for
from pytest_mcode.settings import Settings
from tests.servers import OpenAIServer, Reply, status
from tests.session_support import GOLD, SMOKE, rows

REQUEST = Request(
    messages=[{"role": "user", "content": "hi"}], seed=0, task=Task(task_id="t", prompt="", test="")
)


class Counting:
    """A model that knows how many ask it at the same time."""

    def __init__(self, seconds=0.02):
        self.seconds, self.now, self.most, self.lock = seconds, 0, 0, threading.Lock()

    def generate(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        return Completion(text="fine")

    def close(self):
        pass


def ask_at_once(model, times):
    with ThreadPoolExecutor(times) as pool:
        return [each.result().text for each in [pool.submit(model.generate, REQUEST) for _ in range(times)]]


@pytest.mark.parametrize("limit", [1, 3, 16])
def test_no_more_are_in_flight_than_was_said(limit):
    model, throttle = Counting(), Throttle(Fixed(limit))
    assert ask_at_once(throttle.throttled(model), 24) == ["fine"] * 24
    assert (model.most, throttle.limit, throttle.settled, throttle.in_flight) == (limit, limit, limit, 0)


def test_a_throttled_model_is_not_throttled_again():
    throttle = Throttle(Fixed(1))
    model = throttle.throttled(Counting())
    assert throttle.throttled(model) is model


def test_auto_backs_off_once_for_all_that_were_in_flight():
    throttle, arrived = Throttle(Climb()), threading.Barrier(4)
    before = throttle.limit

    def refuse():
        arrived.wait(5)
        raise TransientError("HTTP 503", overload=True)

    def tried(_):
        with pytest.raises(TransientError):
            throttle.when_free(refuse)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tried, range(4)))
    assert (before, throttle.limit) == (4, 2)


def test_while_the_server_wants_to_be_left_alone_nobody_asks():
    throttle, sent = Throttle(Fixed(4)), []

    def refuse():
        raise TransientError("HTTP 429", retry_after=0.4)

    with pytest.raises(TransientError):
        throttle.when_free(refuse)
    start = time.monotonic()

    def answer():
        sent.append(time.monotonic() - start)
        return Completion(text="fine")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: throttle.when_free(answer), range(4)))
    assert all(0.38 <= each < 2 for each in sent)


def test_closing_frees_those_that_wait():
    throttle = Throttle(Fixed(1))
    model = throttle.throttled(Counting(seconds=0.5))
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(model.generate, REQUEST)
        time.sleep(0.1)
        others = [pool.submit(model.generate, REQUEST) for _ in range(2)]
        throttle.close()
        for each in others:
            with pytest.raises(InfraError, match="the session ends: the request was not sent"):
                each.result()
        assert first.result().text == "fine"


def test_a_model_that_retries_tells_of_each_refusal_as_it_comes():
    throttle = Throttle(Climb())
    with OpenAIServer([status(503), "fine"]) as server:
        settings = ModelSettings(model=server.model, base_url=server.url, retries=2)
        model = throttle.throttled(openai.BACKEND.open(settings, backoff=lambda state: 0.0))
        before = throttle.limit
        assert model.generate(REQUEST).text == "fine"
        model.close()
    assert len(server.requests) == 2
    assert (throttle.limit, throttle.settled) == (before // 2, before // 2)


def opened(server, throttle, **settings):
    asked = ModelSettings(model=server.model, base_url=server.url, **settings)
    return throttle.throttled(openai.BACKEND.open(asked, backoff=lambda state: 0.0))


class Busy:
    """A script that serves four at a time, and asks those who come meanwhile to leave it alone for a bit."""

    def __init__(self, seconds=0.1):
        self.seconds, self.until, self.refused = seconds, [], 0

    def __call__(self, body):
        now = time.monotonic()
        self.until = [each for each in self.until if each > now]
        if len(self.until) >= 4:
            self.refused += 1
            return status(429, {"Retry-After": "0.2"})
        self.until.append(now + self.seconds)
        return Reply("fine", delay=self.seconds)


@pytest.mark.parametrize("window", [Climb, lambda: Fixed(32)], ids=["auto", "32"])
def test_no_request_is_lost_to_a_server_that_is_busy(window):
    busy, throttle = Busy(), Throttle(window())
    with OpenAIServer(busy) as server:
        model = opened(server, throttle, retries=3)
        assert ask_at_once(model, 40) == ["fine"] * 40
        model.close()
    assert busy.refused > 0
    assert throttle.limit == 32 or throttle.limit <= 8


def test_what_the_server_lets_wait_is_taken_back(monkeypatch):
    monkeypatch.setattr("pytest_mcode.session.throttle.EVERY_SECONDS", 0.05)
    throttle = Throttle(Climb())
    with OpenAIServer(lambda body: Reply("fine", delay=0.6)) as server:
        server.overrides["/metrics"] = Reply(body=b"vllm:num_requests_waiting 3.0\n")
        model = opened(server, throttle)
        assert ask_at_once(model, 4) == ["fine"] * 4
        throttle.close()
        model.close()
    assert (throttle.settled, throttle.reason) == (1, "auto: with more, requests wait at the server")


def test_many_threads_leave_the_process_as_it_was():
    before = list(warnings.filters), dict(os.environ)
    throttle = Throttle(Fixed(128))
    with OpenAIServer(lambda body: body["messages"][0]["content"].upper()) as server:
        model = opened(server, throttle)
        words = [f"word {number}" for number in range(256)]
        requests = [replace(REQUEST, messages=[{"role": "user", "content": word}]) for word in words]
        with ThreadPoolExecutor(128) as pool:
            texts = [each.text for each in pool.map(model.generate, requests)]
        model.close()
    assert texts == [word.upper() for word in words]
    assert (list(warnings.filters), dict(os.environ)) == before


def built(**values):
    return Settings.build({"benchmark": "smoke", "model": "m", "backend": "openai", **values})


@pytest.mark.parametrize(
    ("values", "slots", "worker", "size"),
    [
        ({"concurrency": "10"}, None, (0, 1), 10),
        ({"concurrency": "10"}, 4, (0, 3), 4),
        ({"concurrency": "10"}, 4, (2, 3), 3),
        ({"concurrency": "1"}, None, (1, 2), 1),
        ({}, 4, (0, 1), 4),
        ({"backend": "hf"}, None, (0, 1), 1),
    ],
)
def test_the_window_is_what_was_asked_for_or_what_the_server_tells(values, slots, worker, size):
    window = window_for(built(**values), slots, worker=worker[0], workers=worker[1])
    assert (window.size, window.settled) == (size, size)


def test_without_any_word_it_climbs():
    assert isinstance(window_for(built()), Climb)
    assert sum(share(32, worker, 3) for worker in range(3)) == 32


def recorded(pytester):
    return [json.loads(each)["concurrency"] for (each,) in rows(pytester, "SELECT environment FROM runs")]


def test_the_slots_that_a_server_tells_are_shared_shown_and_recorded(pytester):
    with OpenAIServer("no code") as server:
        props = {"build_info": "b8681-2b5d1ed", "total_slots": 3}
        server.overrides |= {"/version": status(404), "/props": Reply(body=json.dumps(props).encode())}
        model = (f"--mcode-model={server.model}", "--mcode-backend=openai", f"--mcode-base-url={server.url}")
        result = pytester.runpytest_subprocess(*SMOKE, *model, "-n", "2", "--mcode-limit=4")
    result.stdout.fnmatch_lines(
        ["in flight  at most 3 requests at a time, by worker ? + ? (the server's slots)"]
    )
    [found] = recorded(pytester)
    assert sorted(found.pop("by_worker")) == [1, 2]
    assert found == {"requests": 3, "reason": "the server's slots"}


def test_more_than_there_are_file_descriptors_for_is_cut_and_said(pytester):
    command = shlex.join(
        [sys.executable, "-m", "pytest", *GOLD, "--mcode-limit=1", "--mcode-concurrency=999"]
    )
    result = pytester.run("sh", "-c", f"ulimit -n 256; exec {command}")
    used = "64 requests at a time (--mcode-concurrency; 999 need more file descriptors than the limit of 256"
    result.stdout.fnmatch_lines([f"in flight  at most {used} (raise it: ulimit -n))"])
    assert recorded(pytester)[0]["requests"] == 64


def test_more_than_there_is_memory_for_is_cut_and_said(monkeypatch, tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 999 kB\nMemAvailable:    204800 kB\n")
    monkeypatch.setattr("pytest_mcode.sandboxes.capacity._MEMINFO", tmp_path / "meminfo")
    window = window_for(built(concurrency=100))
    assert (window.size, window.reason) == (
        50,
        "--mcode-concurrency; 100 need more memory than half of the 0.2 GiB that are free",
    )
