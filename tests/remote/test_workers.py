"""Sessions whose workers are on other machines: real sshds in network namespaces."""

from tests.session_support import GOLD, rows

ALONE = ("-p", "no:rerunfailures")
"""That plugin reaches its controller on loopback."""


def test_workers_by_ssh_solve_what_is_theirs(pytester, ada, bob):
    result = pytester.runpytest_subprocess(*GOLD, *ALONE, ada.tx(), bob.tx())
    result.assert_outcomes(passed=12)
    assert rows(pytester, "SELECT status, count(*) FROM tasks GROUP BY 1") == [("solved", 12)]
