"""The worked example on frames, run as it says, draws what the report draws."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_rich_store import expected
from tests.store.rich import restore

EXAMPLE = Path(__file__).parents[1] / "experiments/examples/frames.py"


@pytest.mark.parametrize("suffix", ["json", "svg"])
def test_a_chart_from_frames(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("vl_convert", reason="needs the extra `report`")
    db, picture = restore(tmp_path), tmp_path / f"chart.{suffix}"
    done = subprocess.run([sys.executable, EXAMPLE, db, "smoke", picture], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    if suffix == "svg":
        assert picture.read_text().startswith("<svg")
        return
    (drawn,) = json.loads(picture.read_text())["datasets"].values()
    found = {(point["run_id"], point["samples"]): point["pass_rate"] for point in drawn}
    report = {
        (point["run_id"], point["samples"]): point["rate"]
        for curve in expected()["scaling --json"]
        if curve["benchmark"] == "smoke"
        for point in curve["curve"]
    }
    assert {key: found[key] for key in report} == pytest.approx(report)
    assert found.keys() - report.keys() == {(run, 4) for run, samples in report if samples == 5}
