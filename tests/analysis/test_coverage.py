"""The simulation that the docs show runs, and its table says what it found."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "experiments" / "coverage.py"


def test_quick_grid_is_written(tmp_path: Path) -> None:
    sections = ["clusters", "these-tasks", "matching", "tables", "detection", "selection-gaps"]
    command = [sys.executable, SCRIPT, "--quick", "--out", tmp_path]
    for section in sections:
        command += ["--only", section]
    subprocess.run(command, check=True, capture_output=True)
    whole = json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))
    rows = {row["figure"]: row for row in whole["summary"]}
    assert all(cell["simulated"] is None for cell in whole["cells"] if cell["cell"].startswith("5 clusters"))
    assert rows["pass rate over clusters"]["withheld"] == 8
    assert rows["pass rate over clusters"]["mean"] > 0.9
    table = (tmp_path / "coverage.md").read_text(encoding="utf-8")
    assert table.count("\n| ") == len(rows) + 2
    assert "| Holm's adjusted p in a table | error | 0.05 |" in table
