"""The journal of one task, cut in the middle of a line."""

from dataclasses import replace

from pytest_mcode.records import Attempt, Verdict
from pytest_mcode.solving.journal import Journal

ATTEMPT = Attempt(sample=0, iteration=0, verdict=Verdict(kind="assertion", message="no\nno"), seed=1)


def test_a_line_that_was_cut_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    journal, later = Journal("run", "test", "task"), replace(ATTEMPT, iteration=1)
    journal.append(ATTEMPT)
    (path,) = tmp_path.glob("pytest-mcode/run/*.jsonl")
    with path.open("a") as file:
        file.write('\n{"sample": 0, "iter')
    journal.append(later)
    assert [each.iteration for each in journal.read()] == [0, 1]
    journal.remove()
    assert journal.read() == []
