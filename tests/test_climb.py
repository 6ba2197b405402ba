"""Where `auto` ends, and what it costs to find out: simulated servers, constant and random answers."""

import random

import pytest

from pytest_mcode.session.climb import Climb, Fixed
from tests.simulated_server import Slots, constant, lognormal, run

SLOTS = [1, 4, 32, 128]
SECONDS = {"constant": constant(1), "narrow": lognormal(1, 0.3), "wide": lognormal(1, 1.0)}


@pytest.mark.parametrize("slots", SLOTS)
def test_a_short_run_keeps_the_server_busy_while_it_climbs(slots):
    least = 0.60 if slots == 128 else 0.85
    assert run(Climb(), Slots(slots, constant(1)), 500).busy >= least


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("slots", SLOTS)
def test_it_ends_within_a_tenth_of_the_best_number(slots, seconds):
    for seed in range(2):
        found = run(Climb(), Slots(slots, SECONDS[seconds]), 4000, seed)
        best = run(Fixed(slots), Slots(slots, SECONDS[seconds]), 4000, seed)
        assert found.rate >= 0.9 * best.rate
        assert found.settled is not None
        assert found.settled <= 4 * slots + 8


@pytest.mark.parametrize("slots", SLOTS)
def test_random_answers_cost_little_more_than_with_the_number_known(slots):
    for seed in range(3):
        server = Slots(slots, lognormal(1, 1.0))
        assert run(Climb(), server, 2000, seed).busy >= 0.85 * run(Fixed(slots), server, 2000, seed).busy


@pytest.mark.parametrize(("slots", "bears"), [(8, 8), (32, 32), (32, 40), (128, 128)])
def test_a_server_that_refuses_is_asked_as_much_as_it_bears(slots, bears):
    found = run(Climb(), Slots(slots, lognormal(1, 0.5), bears), 5000)
    assert found.busy >= 0.9
    assert found.settled == slots
    assert len(found.ends) == 5000
    assert found.refused < 1000


def test_where_answers_take_long_little_is_sent_before_more_is_known():
    found = run(Climb(patience=300), Slots(1, constant(40)), 50)
    assert found.slowest <= 300
    assert max(size for _, size in found.sizes) == 4


def test_what_waits_at_the_server_is_taken_back_once_it_lasts():
    window = Climb()
    for _ in range(4):
        window.sent(0.0)
    window.told(2)
    assert window.settled is None
    window.told(3)
    assert (window.settled, window.size) == (2, 2)
    assert window.reason == "auto: with more, requests wait at the server"
    window.told(2)
    window.told(2)
    assert window.size == 2  # those that wait are from before


def test_a_lack_of_tasks_teaches_nothing():
    window, now = Climb(), 0.0
    for _ in range(400):  # One at a time, whatever the size.
        window.sent(now)
        now += 1
        window.answered(now - 1, now)
    assert window.settled is None


def test_any_order_of_events_leaves_a_size_within_bounds():
    for seed in range(200):
        dice, window, open_, now = random.Random(seed), Climb(most=64), [], 0.0
        for _ in range(400):
            now += dice.choice([0, 0, 0.1, 5])
            match dice.choice("sssaaaaafot"):
                case "s":
                    window.sent(now)
                    open_.append(now)
                case "a" if open_:
                    window.answered(open_.pop(dice.randrange(len(open_))), now)
                case "f" | "o" as kind if open_:
                    window.failed(open_.pop(0), now, overload=kind == "o")
                case "t":
                    window.told(dice.choice([0, 3, 50]))
            assert 1 <= window.size <= 64
