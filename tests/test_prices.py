"""What a session that was told prices records and says, and the interval of its summary."""

import pytest

from pytest_mcode.session.summary import pass_rate
from pytest_mcode.session.tally import Tally
from pytest_mcode.store import Store
from pytest_mcode.store.queries import find_run

from .servers import OllamaServer, Reply
from .session_support import SMOKE
from .store.builders import outcome


def run(pytester: pytest.Pytester, server: OllamaServer, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        *SMOKE,
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-limit=2",
        *arguments,
    )


def test_a_session_keeps_the_price_of_its_model(pytester: pytest.Pytester) -> None:
    """The table may change afterwards; what it said of this model is in the record."""
    with OllamaServer(lambda body: Reply("no", prompt_tokens=1000, completion_tokens=500)) as server:
        table = pytester.path / "prices.toml"
        table.write_text(f'"{server.model}" = {{in = 1.5, out = 4, per_hour = 0}}\n')
        done = run(pytester, server, "--mcode-price=prices.toml")
        done.stdout.fnmatch_lines(["price * 0.007"])
        with Store.open(str(pytester.path / "results.db"), read_only=True) as store:
            settings = find_run(store, "latest")["settings"]
        assert (settings["price"], settings["price_per_hour"]) == ("1.5,4", 0)
        table.write_text('"other" = [1, 1]\n')
        for arguments, message in (
            (["--mcode-price=prices.toml"], f"--mcode-price: prices.toml has no price of '{server.model}'"),
            (["--mcode-price=free"], "--mcode-price: 'free' is not allowed; give IN,OUT per million tokens"),
            (["--mcode-price=-1,2"], "--mcode-price: '-1,2' is not allowed; give IN,OUT per million tokens"),
            (
                ["--mcode-price-per-hour=1e308"],
                "--mcode-price-per-hour: '1e308' is not allowed; give a number, from 0 to 1,000,000",
            ),
        ):
            refused = run(pytester, server, *arguments)
            assert refused.ret == pytest.ExitCode.USAGE_ERROR
            refused.stderr.fnmatch_lines([f"*{message.replace('[', '[[]')}*"])


def test_the_summary_of_repositories_goes_by_repositories() -> None:
    few, more = Tally(cluster=lambda task_id: task_id[-1]), Tally(cluster=lambda task_id: task_id)
    for number in range(9):
        made = outcome(number, "passed" if number % 2 else "unresolved")
        for tally, name in ((few, f"task-{number % 3}"), (more, f"task-{number}")):
            tally.add(type(made)(**{**vars(made), "task_id": name}))
    assert pass_rate(few) == (
        "44.4% (4/9); no interval: 3 clusters of tasks do not show how others vary: "
        "an interval over clusters needs at least 6"
    )
    assert pass_rate(more).startswith("44.4%, 95 % in [")
