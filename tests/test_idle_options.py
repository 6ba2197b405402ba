"""Options that change nothing in their session: noted by name, or refused with a remedy."""

from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.caveats import caveats
from pytest_mcode.session.plan import build_settings, make_plan

GOLD = {"benchmark": "smoke", "backend": "gold", "sandbox": "process"}
NONE = {**GOLD, "backend": "none"}
REPLAY = {**GOLD, "backend": "replay", "replay": "latest"}
ZERO = "--mcode-debug-iters=0: nothing follows a first attempt, so"


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({**GOLD, "repair": "trace"}, f"{ZERO} --mcode-repair=trace has no effect"),
        ({**GOLD, "on_repeat": "stop"}, f"{ZERO} --mcode-on-repeat=stop has no effect"),
        ({**GOLD, "strategy": "resample"}, f"{ZERO} --mcode-strategy=resample has no effect"),
        (
            {**GOLD, "strategy": "resample", "debug_iters": 1, "on_repeat": "keep"},
            "--mcode-on-repeat=keep has no effect: resampled attempts all start anew",
        ),
        (
            {**NONE, "debug_iters": 1, "on_repeat": "warmer", "temperature": 2.0},
            "--mcode-on-repeat=warmer has no effect: the temperature is 2 already, the highest",
        ),
        (
            {**REPLAY, "price": "1,2", "repair": "fresh"},
            "replay asks no model: --mcode-price=1,2, --mcode-repair=fresh has no effect",
        ),
    ],
)
def test_what_changes_nothing_is_noted(pytestconfig: pytest.Config, given: dict[str, Any], note: str) -> None:
    assert note in list(caveats(pytestconfig, build_settings(given)))


@pytest.mark.parametrize(
    "given",
    [
        GOLD,
        {**GOLD, "debug_iters": 1, "repair": "trace", "on_repeat": "stop"},
        {**NONE, "debug_iters": 1, "on_repeat": "warmer", "temperature": 1.9},
        {**GOLD, "strategy": "resample", "debug_iters": 1, "on_repeat": "stop"},
        REPLAY,
    ],
)
def test_what_changes_something_is_not(pytestconfig: pytest.Config, given: dict[str, Any]) -> None:
    assert not any("no effect" in each for each in caveats(pytestconfig, build_settings(given)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"plan": True, "resume": True},
            "--mcode-plan says what a new run will take, not the rest of an",
        ),
        ({"plan": True, "resume_run": "x"}, "leave --mcode-resume and --mcode-resume-run out"),
        (
            {"allow_weaker": ["network,files"]},
            "'network,files' is not allowed; give one of network, files, host-files, memory, processes, "
            "time, signals; repeat the option for each of them",
        ),
        (
            {"allow_weaker": ["disk"]},
            "give one of network, files, host-files, memory, processes, time, signals",
        ),
        (
            {"backend": "replay", "replay": "."},
            "--mcode-replay: . is a directory; give a file of samples or predictions in it, or a run",
        ),
        (
            {"prompts": "nosuch"},
            "--mcode-prompts=nosuch: there is no such directory; give a directory of templates named as in",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        make_plan(build_settings({**GOLD, **given}))
    assert message in str(raised.value)
    assert ("repeat the option" in str(raised.value)) == ("network,files" in message)
