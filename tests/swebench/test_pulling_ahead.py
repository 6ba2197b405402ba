"""Images of the next tasks, pulled while others run."""

import signal
import subprocess
import sys
import time

import pytest

from pytest_mcode.harnesses.repositories import images, pulling_ahead
from pytest_mcode.harnesses.repositories.image_cache import ImageCache
from pytest_mcode.harnesses.repositories.pulling_ahead import AheadPuller

from ..servers import HANG, OllamaServer
from . import instance
from .conftest import MIB
from .test_image_cache import AMD, there
from .test_sessions import asking, wait_until, write_rows


@pytest.fixture
def start(monkeypatch):
    monkeypatch.setattr(pulling_ahead, "AHEAD", 2)
    monkeypatch.setattr(pulling_ahead, "POLL_SECONDS", 0.05)
    started = []

    def start(cache, names):
        import docker

        started.append(AheadPuller(cache, docker.APIClient, names, AMD))
        return started[-1]

    yield start
    for puller in started:
        puller.stop()


@pytest.mark.docker
def test_the_next_images_come_in_the_place_of_those_whose_tasks_are_done(engine, pulled, start):
    cache = ImageCache("engine", int(2.5 * MIB))
    first, second, third, fourth = pulled
    puller = start(cache, pulled)
    wait_until(lambda: there(engine, pulled) == [True, True, False, False], 10)
    with cache.using(engine, first, AMD, "first"):
        pass
    time.sleep(0.5)
    assert there(engine, pulled) == [True, True, False, False], "its task has only left its container"
    cache.leave(first, "first")
    wait_until(lambda: there(engine, pulled) == [False, True, True, False], 10)
    for task in ("second", "another"):
        with cache.using(engine, second, AMD, task):
            pass
    cache.leave(second, "second")
    time.sleep(0.5)
    assert there(engine, pulled) == [False, True, True, False], "another task is at work in it"
    cache.leave(second, "another")
    wait_until(lambda: there(engine, pulled) == [False, False, True, True], 10)
    with cache.using(engine, third, AMD, "third"), cache.using(engine, fourth, AMD, "fourth"):
        pass
    wait_until(lambda: not puller.running, 10)
    assert cache.room() >= 0


@pytest.mark.docker
def test_what_cannot_be_pulled_is_passed_over_and_tasks_that_are_quicker_are_not_followed(
    engine, pulled, start, capfd, recwarn
):
    cache = ImageCache("engine", 100 * MIB)
    first, second, third, _ = pulled
    puller = start(cache, ["127.0.0.1:1/gone:1", first, second, third])
    wait_until(lambda: there(engine, [first]) == [True], 10)
    with cache.using(engine, third, AMD, "third"):
        pass
    wait_until(lambda: not puller.running, 10)
    assert there(engine, [second]) == [False]
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


@pytest.mark.docker
def test_a_larger_image_than_there_is_room_for_does_not_stay(engine, pulled, start, monkeypatch):
    monkeypatch.setattr(images, "TYPICAL_SIZE", 10)
    cache = ImageCache("engine", int(1.5 * MIB))
    first, second, *_ = pulled
    with cache.using(engine, first, AMD, "first"):
        pass
    assert cache.pull_ahead(engine, second, AMD, [second])
    assert there(engine, [first, second]) == [True, False]


@pytest.mark.docker
def test_a_session_pulls_ahead_and_does_not_wait_for_a_pull_when_it_is_interrupted(
    pytester, image, engine, registries
):
    names = [registry.image for registry in registries[:3]]
    in_image = [instance.image()] * 2 + names
    tasks = [instance.row(instance_id=f"acme__sums-{n}", image=name) for n, name in enumerate(in_image)]
    write_rows(pytester, *tasks)
    registries[2].flowing.clear()
    with OllamaServer([HANG, HANG]) as server:
        command = [*asking("ollama", server), "--mcode-image-cache=1g", "--mcode-concurrency=1"]
        session = subprocess.Popen(
            [sys.executable, "-m", "pytest", *command], cwd=pytester.path, stdout=subprocess.PIPE, text=True
        )
        try:
            wait_until(lambda: len(server.requests) == 1 and registries[2].held.is_set())
            assert there(engine, names) == [True, True, False]
            session.send_signal(signal.SIGINT)
            began = time.monotonic()
            said, _ = session.communicate(timeout=60)
        finally:
            session.kill()
    assert time.monotonic() - began < 8
    assert "pulling 1 images, 2 more while others run" in said
    assert there(engine, names[2:]) == [False], "the engine has dropped it"
