"""What a release says of itself in several files is one thing."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = ROOT / ".github" / "workflows"


def test_version_is_the_same_wherever_it_stands():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {PROJECT['version']}\n" in citation
    headings = re.findall(r"^## \[(.*?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert PROJECT["version"] == next(each for each in headings if each != "Unreleased")


@pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="an sdist has no workflows")
def test_ci_runs_on_each_python_that_is_promised():
    (matrix,) = re.findall(r"^ +python: \[(.*)\]$", (WORKFLOWS / "ci.yml").read_text(encoding="utf-8"), re.M)
    promised = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if ":: Python :: 3." in each]
    assert re.findall(r'"(.*?)"', matrix) == promised


@pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="an sdist has no workflows")
def test_only_the_job_that_publishes_may_speak_for_the_project():
    *before, publish = (WORKFLOWS / "release.yml").read_text(encoding="utf-8").split("\n  publish:\n")
    assert "id-token: write" in publish
    assert "environment: pypi" in publish
    assert "id-token" not in "".join(before)
    assert "secrets." not in publish
