"""Packages and disks, against what they should be."""

from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from pytest_mcode.doctor import installation
from pytest_mcode.harnesses.machine import check_disk, free_bytes


def test_our_own_requirements_are_met() -> None:
    assert list(installation.check_requirements()) == []


def test_what_is_missing_or_of_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = tmp_path / "needy-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(
        "Metadata-Version: 2.1\nName: needy\nVersion: 1.0\n"
        "Requires-Dist: pytest<9\nRequires-Dist: no-such-package>=2\nRequires-Dist: rich\n"
        'Requires-Dist: another-one; extra == "more"\nRequires-Dist: old-one; python_version < "3"\n'
    )
    assert PathDistribution(metadata.parent).version == "1.0"
    monkeypatch.syspath_prepend(str(tmp_path))
    pytest_is = installation._version("pytest")
    found = list(installation.check_requirements("needy"))
    assert [(each.level, each.message, each.remedy) for each in found] == [
        ("problem", f"needy needs pytest<9; {pytest_is} is installed", "pip install 'pytest<9'"),
        (
            "problem",
            "needy needs no-such-package>=2; none is installed",
            "pip install 'no-such-package>=2'",
        ),
    ]


def test_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "there.db"
    free = free_bytes(path)
    (enough,) = check_disk("results", path, needed=1)
    assert enough.level == "ok"
    (little,) = check_disk("results", path, needed=2 * free)
    assert (little.level, little.data["needed_bytes"]) == ("warning", 2 * free)
    assert little.message.endswith(f"{2 * free / 10**9:.1f} GB wanted")
    assert little.remedy
