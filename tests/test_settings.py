"""Options: every layer, every bad value."""

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.plan import build_settings
from pytest_mcode.settings import Settings, option_specs

COUNT_OR_AUTO = "a whole number, 1 or more, or auto"
SIZE = "give a size such as 512m or 4g, 16m or more"


def build(*layers, defaults=None):
    return Settings.build({"benchmark": "smoke", "backend": "gold"}, *layers, defaults=defaults)


def test_command_line_beats_ini_beats_benchmark_beats_default():
    assert build().timeout == 60
    assert build(defaults={"timeout": 1800.0}).timeout == 1800
    assert build({"timeout": None}, {"timeout": 5}, defaults={"timeout": 1800.0}).timeout == 5
    assert build({"timeout": "7.5"}, {"timeout": 5}).timeout == 7.5


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("samples", "five", "--mcode-samples: 'five' is not allowed; give a whole number, 1 or more"),
        ("samples", "0", "--mcode-samples: '0' is not allowed; give a whole number, 1 or more"),
        ("samples", "1.5", "--mcode-samples: '1.5' is not allowed; give a whole number, 1 or more"),
        ("debug_iters", "-1", "--mcode-debug-iters: '-1' is not allowed; give a whole number, 0 or more"),
        ("timeout", "0", "--mcode-timeout: '0' is not allowed; give a number, 0.1 or more"),
        ("timeout", "nan", "--mcode-timeout: 'nan' is not allowed; give a number, 0.1 or more"),
        ("timeout", "inf", "--mcode-timeout: 'inf' is not allowed; give a number, 0.1 or more"),
        ("fail_under", "61", "--mcode-fail-under: '61' is not allowed; give a number, from 0 to 1"),
        ("mem_limit", "lots", f"--mcode-mem-limit: 'lots' is not allowed; {SIZE}"),
        ("mem_limit", "1k", f"--mcode-mem-limit: '1k' is not allowed; {SIZE}"),
        ("mem_limit", "15m", f"--mcode-mem-limit: '15m' is not allowed; {SIZE}"),
        ("isolation", "none", "--mcode-isolation: 'none' is not allowed; give one of fork, fresh"),
        (
            "sandbox",
            "vm",
            "--mcode-sandbox: 'vm' is not allowed; give one of docker, podman, bubblewrap, apptainer, auto, "
            "process",
        ),
        *(
            ("concurrency", value, f"--mcode-concurrency: {value!r} is not allowed; give {COUNT_OR_AUTO}")
            for value in ("0", "-1", "many", "1.5", "")
        ),
        ("model_option", ["top_p"], "--mcode-model-option: 'top_p' is not allowed; give KEY=VALUE"),
        ("model", " ", "--mcode-model: ' ' is not allowed; give a value that is not empty"),
    ],
)
def test_bad_values_name_the_flag_the_value_and_what_is_allowed(field, value, message):
    with pytest.raises(ConfigurationError) as caught:
        build({field: value})
    assert str(caught.value) == message


@pytest.mark.parametrize(("given", "meant"), [("32", 32), (32, 32), ("auto", "auto"), (None, "auto")])
def test_concurrency_is_a_number_or_left_to_us(given, meant):
    assert build({"concurrency": given}).concurrency == meant


def test_unknown_backend_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"'olama' is .* one of ollama, .*near: ollama"):
        build_settings({"benchmark": "smoke", "backend": "olama"})


def test_a_model_is_needed_by_backends_that_have_one():
    with pytest.raises(ConfigurationError, match="--mcode-model is needed with --mcode-backend=ollama"):
        Settings.build({"benchmark": "smoke"})


def test_json_round_trip():
    settings = build({"task": ["a", "b"], "model_option": ["top_p=0.9"]})
    assert Settings.from_dict(settings.to_dict()) == settings


def key(settings, **more):
    return settings.config_key(
        **{"dataset_fingerprint": "d", "prompt_hash": "p", "harness": "functions", **more}
    )


def test_config_key_changes_with_everything_that_changes_a_result_and_nothing_else():
    base = build()
    assert key(base) == key(build({"db": "elsewhere.db", "limit": 3, "retries": 9}))
    changes = [{"samples": 2}, {"seed": 1}, {"timeout": 5}, {"retrieval": True}, {"model_option": ["a=1"]}]
    for change in changes:
        assert key(base) != key(build(change)), change
    assert key(base) != key(base, dataset_fingerprint="other")
    assert key(base) != key(base, prompt_hash="other")


def test_every_option_has_help_and_all_but_occasional_ones_an_ini_twin():
    without_ini = {spec.name for spec in option_specs() if spec.ini is None}
    assert all(spec.help for spec in option_specs())
    assert without_ini == {"task", "replay", "resume", "resume-run", "model-here", "plan", "shard", "run-id"}
