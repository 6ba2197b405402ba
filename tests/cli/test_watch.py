"""`mcode watch`: a run from another terminal, on real pseudo-terminals and against a real session."""

import json
import subprocess
import sys

from tests.servers import HANG, OpenAIServer
from tests.session_support import GOLD, MCODE, SMOKE
from tests.terminal import Terminal


def test_a_run_is_seen_from_another_terminal_until_it_is_killed(tmp_path, monkeypatch, mcode):
    monkeypatch.chdir(tmp_path)
    db = tmp_path / "results.db"
    watching = [*MCODE, "watch", f"--db={db}"]
    with OpenAIServer(HANG) as server:
        given = (f"--mcode-model={server.model}", "--mcode-backend=openai", f"--mcode-base-url={server.url}")
        session = [sys.executable, "-m", "pytest", *SMOKE, *given, "--mcode-concurrency=1"]
        with Terminal(session, cwd=tmp_path) as running:
            running.wait_for("Smoke/1 (sample 0, iteration 0) model")
            with Terminal(watching, columns=120, cwd=tmp_path) as first:
                first.wait_for("nothing judged yet", "2 in flight (", "Smoke/1 (sample 0, iteration 0) model")
                first.interrupt()
                assert first.end() == 130
            assert "The run goes on; see it again: mcode watch 2" in first.text
            told = json.loads(mcode("watch", "--json", f"--db={db}").out)
            assert (told["status"], told["planned"], told["in_flight"]) == ("running", 12, 2)
            assert told["waits"] == {"model": 1, "slot": 1}
            shown = mcode("watch", "--once", told["run_id"][-6:], f"--db={db}").out
            assert "Smoke/1 (sample 0, iteration 0) model" in shown
            assert shown.endswith(f"run        {told['run_id']}: running\n")
            with Terminal(watching, cwd=tmp_path) as second:
                second.wait_for("Smoke/1 (sample 0, iteration 0) model")
                running.kill()
                assert second.end() == 0
            assert f"run        {told['run_id']}: killed" in second.text
            assert f"--mcode-resume-run={told['run_id']}" in second.text.replace("\n", "")


def test_without_a_running_run_it_says_what_the_latest_came_to(tmp_path, monkeypatch, mcode):
    monkeypatch.chdir(tmp_path)
    missing = mcode("watch", "--db=nowhere.db")
    assert missing.status == 4
    assert "there is no" in missing.err
    assert "run a benchmark first" in missing.err
    subprocess.run([sys.executable, "-m", "pytest", "-q", *GOLD, "--mcode-limit=2"], check=True)
    told = mcode("watch", "--db=results.db")
    assert told.status == 0
    place = tmp_path / "results.db"
    assert told.out.startswith(f"No run is running in {place}; the latest one:\n")
    assert "pass rate 100.0%, 95 % in [34.2%, 100.0%] (2/2)" in told.out
    assert ": finished\nnext       mcode results --run " in told.out
    assert "resume" not in told.out
    wrong = mcode("watch", "zzz", "--db=results.db")
    assert wrong.status == 4
    assert "no run 'zzz'" in wrong.err
    assert "0.1" in mcode("watch", "--every=0", "--db=results.db").err
