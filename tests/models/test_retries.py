"""How often and after which waits a request is sent again."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Timer

import pytest
import tenacity

from pytest_mcode.errors import InfraError
from pytest_mcode.models import backends
from pytest_mcode.models.retries import LONGEST_RETRY_AFTER
from tests.servers import Reply, status

from .conftest import Open, Wire, ask, asked


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_as_often_as_was_said(wire: Wire, open_for: Open, retries: int) -> None:
    with wire.serve(status(503)) as server, pytest.raises(InfraError):
        open_for(server, retries=retries).generate(ask("hi"))
    assert len(server.requests) == retries + 1


def test_waits_grow_and_differ(wire: Wire, open_for: Open) -> None:
    waits: list[float] = []
    default = tenacity.wait_exponential_jitter(initial=1, max=60, jitter=1)

    def recorded(state: tenacity.RetryCallState) -> float:
        waits.append(default(state))
        return 0.0

    with wire.serve(status(503)) as server, pytest.raises(InfraError):
        open_for(server, retries=8, backoff=recorded).generate(ask("hi"))
    for wait, least in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert least <= wait <= min(least + 1, 60)


def test_the_default_waits(wire: Wire) -> None:
    with wire.serve([status(503), "fine"]) as server:
        patient = backends.open_model(wire.backend, asked(server.model, base_url=server.url))
        start = time.monotonic()
        assert patient.generate(ask("hi")).text == "fine"
        patient.close()
    assert 1.0 <= time.monotonic() - start < 4


def test_retry_after_in_seconds(wire: Wire, open_for: Open) -> None:
    with wire.serve([status(429, {"Retry-After": "0.4"}), "fine"]) as server:
        model = open_for(server)
        start = time.monotonic()
        model.generate(ask("hi"))
    assert 0.4 <= time.monotonic() - start < 3


def test_retry_after_as_a_date(wire: Wire, open_for: Open) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with wire.serve([status(503, {"Retry-After": when}), "fine"]) as server:
        model = open_for(server)
        start = time.monotonic()
        model.generate(ask("hi"))
    assert 0.3 <= time.monotonic() - start < 4


@pytest.mark.parametrize(
    "value", ["soon", "", "-5", "Mon, 99 Jan 2020 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 GMT"]
)
def test_retry_after_that_says_nothing(wire: Wire, open_for: Open, value: str) -> None:
    with wire.serve([status(429, {"Retry-After": value}), "fine"]) as server:
        assert open_for(server).generate(ask("hi")).text == "fine"


def test_a_server_that_wants_too_long_is_given_up_on(wire: Wire, open_for: Open) -> None:
    reply = status(429, {"Retry-After": str(int(LONGEST_RETRY_AFTER) + 1)})
    with wire.serve(reply) as server, pytest.raises(InfraError, match=r"HTTP 429.*asked once"):
        open_for(server, retries=3).generate(ask("hi"))


def test_no_retry_starts_after_the_time_is_up(wire: Wire, open_for: Open) -> None:
    with wire.serve(status(503)) as server:
        model = open_for(server, retries=1000, retry_for=0.5, backoff=tenacity.wait_fixed(0.2))
        start = time.monotonic()
        with pytest.raises(InfraError, match=r"asked [23] times"):
            model.generate(ask("hi"))
    assert time.monotonic() - start < 2


def test_closing_ends_the_wait(wire: Wire, open_for: Open) -> None:
    with wire.serve(status(503)) as server:
        model = open_for(server, backoff=tenacity.wait_fixed(60))
        Timer(0.2, model.close).start()
        start = time.monotonic()
        with pytest.raises(InfraError):
            model.generate(ask("hi"))
    assert time.monotonic() - start < 5


def test_the_seconds_are_those_of_the_answer_alone(wire: Wire, open_for: Open) -> None:
    with wire.serve([Reply("late", delay=5), "fine"]) as server:
        model = open_for(server, request_timeout=0.5)
        model_seconds = model.generate(ask("hi")).seconds
    assert model_seconds < 0.4
