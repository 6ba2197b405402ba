"""What MLflow and Weights & Biases hold after a session, read by their own libraries or from their files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.session_support import GOLD, rows


def needs(library: str) -> None:
    """Skip where a tracker is missing; with ``MCODE_REQUIRE_TRACKERS=1`` that is a failure."""
    if find_spec(library) is None:
        if os.environ.get("MCODE_REQUIRE_TRACKERS") == "1":
            pytest.fail(f"{library} is not installed")
        pytest.skip(f"needs the extra `{library}`")


ASK_MLFLOW = """
import json, mlflow
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("smoke")
(run,) = client.search_runs([experiment.experiment_id])
(made,) = [each.path for each in client.list_artifacts(run.info.run_id)]
print(json.dumps({
    "status": run.info.status, "name": run.info.run_name, "tags": run.data.tags, "params": run.data.params,
    "metrics": run.data.metrics,
    "solved": [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, "solved")],
    "tasks": open(client.download_artifacts(run.info.run_id, made)).read(),
}))
"""


def test_mlflow_holds_settings_figures_and_tasks(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{pytester.path}/mlflow.db")
    result = pytester.runpytest_subprocess(
        *GOLD, "--mcode-limit=3", "--mcode-export-to=mlflow", "-W", "error"
    )
    assert result.ret == 0
    assert "raised" not in result.stdout.str()
    asked = subprocess.run([sys.executable, "-c", ASK_MLFLOW], capture_output=True, text=True, check=True)
    held = json.loads(asked.stdout.splitlines()[-1])
    ((run_id, fingerprint),) = rows(pytester, "SELECT run_id, dataset_fingerprint FROM runs")
    assert (held["status"], held["name"]) == ("FINISHED", run_id)
    assert held["tags"]["mcode.dataset_fingerprint"] == fingerprint
    assert held["params"]["backend"] == "gold"
    assert held["metrics"]["pass_rate"] == 1
    assert 0.4 < held["metrics"]["pass_rate_low"] < 0.5
    assert held["solved"][:3] == [[1, 1], [2, 2], [3, 3]]
    tasks = [json.loads(line) for line in held["tasks"].splitlines()]
    assert [(each["task_id"], each["status"], each["verdict"]) for each in tasks] == [
        (f"Smoke/{number + 1}", "solved", "passed") for number in range(3)
    ]


def test_wandb_holds_settings_figures_and_tasks_offline(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=3", "--mcode-export-to=wandb")
    assert result.ret == 0
    assert "wandb:" not in result.stdout.str() + result.stderr.str()
    ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
    (folder,) = pytester.path.glob("wandb/offline-run-*")
    script = READ_WANDB.format(file=str(folder / f"run-{run_id}.wandb"), root=str(Path(__file__).parents[1]))
    read = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    held = json.loads(read.stdout)
    assert (held["run"], held["project"]) == (run_id, "pytest-mcode")
    assert held["config"]["backend"] == "gold"
    assert [each["solved"] for each in held["history"] if "solved" in each] == [1, 2, 3]
    assert held["summary"]["pass_rate"] == 1
    assert held["summary"]["status"] == "finished"
    (table,) = folder.glob("files/media/table/*.table.json")
    assert [row[:4] for row in json.loads(table.read_text())["data"]] == [
        [f"Smoke/{number + 1}", "smoke::test_task", "solved", "passed"] for number in range(3)
    ]


READ_WANDB = """
import json, sys
sys.path.insert(0, {root!r})
from wandb.proto.wandb_internal_pb2 import Record
from tests.test_exporters import records
held = {{"history": [], "summary": {{}}, "config": {{}}}}
def items(found):
    return {{each.key or each.nested_key[0]: json.loads(each.value_json) for each in found}}
for data in records({file!r}):
    record = Record.FromString(data)
    kind = record.WhichOneof("record_type")
    if kind == "run":
        held |= {{"run": record.run.run_id, "project": record.run.project}}
        held["config"] |= items(record.run.config.update)
    elif kind == "history":
        held["history"].append(items(record.history.item))
    elif kind == "summary":
        held["summary"] |= items(record.summary.update)
print(json.dumps(held))
"""


def records(file: str) -> Iterator[bytes]:
    """Yield the records of a file in LevelDB's log format, behind W&B's own header of 7 bytes.

    Source: https://github.com/google/leveldb/blob/main/doc/log_format.md
    """
    content, block, header = Path(file).read_bytes(), 32768, 7
    place, whole = header, b""
    while place + header <= len(content):
        if block - place % block < header:
            place += block - place % block
            continue
        length, kind = int.from_bytes(content[place + 4 : place + 6], "little"), content[place + 6]
        whole += content[place + header : place + header + length]
        place += header + length
        if kind in (1, 4):  # full, last
            yield whole
            whole = b""


def test_a_library_that_is_missing_is_named_before_anything_runs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.path / "mlflow.py").write_text("raise ImportError('none here')")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1", "--mcode-export-to=mlflow")
    assert result.ret == 4
    assert "install it with `pip install 'pytest-mcode[mlflow]'`" in result.stderr.str()
    assert not (pytester.path / "results.db").exists()
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-export-to=excel")
    assert "--mcode-export-to: 'excel' is not allowed; give one of mlflow, wandb" in result.stderr.str()


def test_a_tracker_that_cannot_be_reached_is_told_and_the_run_goes_on(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nosuch://tracker")
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=1", "--mcode-export-to=mlflow")
    assert result.ret == 0
    assert "pytest_mcode_run_started of mcode-export-to-mlflow raised" in result.stdout.str()
    assert rows(pytester, "SELECT status FROM tasks") == [("solved",)]
