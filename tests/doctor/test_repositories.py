"""A benchmark of repositories: its images, and its judge, on the task of our own."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.doctor.examination import examine
from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.session.plan import build_settings
from tests.docker_support import require_image
from tests.swebench import instance

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def image() -> str:
    pytest.importorskip("swebench", reason="the extra [swebench] is not installed", exc_type=ImportError)
    require_image(instance.BASE_IMAGE)
    return instance.build()


def found(tmp_path: Path, rows: Iterable[dict[str, Any]], gold_times: int = 0) -> list[Finding]:
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = build_settings(
        {"benchmark": "swebench-lite", "backend": "none", "dataset": str(path), "db": str(tmp_path / "r.db")}
    )
    lines: list[str] = []
    findings = list(examine(settings, with_benchmark=True, gold_times=gold_times, progress=lines.append))
    return [each for each in findings if each.check in ("images", "gold", "empty")]


def test_images_that_are_there_and_missing(image: str, tmp_path: Path) -> None:
    missing = "127.0.0.1:9/sweb.eval.x86_64.acme_1776_sums-2:latest"
    rows = [instance.row(), instance.row(instance_id="acme__sums-2", image=missing)]
    there, absent = found(tmp_path, rows)
    assert (there.level, there.message[:24]) == ("ok", "1 of 2 images are there:")
    assert there.data["images"][image] > 10**6
    assert (absent.level, absent.items) == ("warning", (missing,))
    assert absent.message == (
        "1 of 2 images are missing: a session pulls them, about 1 GB (1 GB each: no registry tells)"
    )


def test_the_reference_patch_resolves_and_an_idle_one_does_not(image: str, tmp_path: Path) -> None:
    rows = [
        instance.row(),
        instance.row(instance_id="acme__sums-3", patch=instance.change(**{"a.txt": "a\n"})),
    ]
    images, gold, empty = found(tmp_path, rows, gold_times=1)
    assert images.message.startswith("1 of 1 images are there")
    assert (gold.level, gold.message) == ("problem", "1 of 2 reference solutions fail")
    assert [item.partition(":")[0] for item in gold.items] == ["acme__sums-3 (unresolved"]
    assert (empty.level, empty.message) == ("ok", "idle solutions fail on all 2 tasks")


def test_a_task_that_an_idle_patch_resolves(image: str, tmp_path: Path) -> None:
    lax = instance.row(FAIL_TO_PASS=json.dumps(["tests/test_core.py::test_of_nothing"]))
    _, gold, empty = found(tmp_path, [lax], gold_times=1)
    assert (gold.level, empty.level, empty.items) == (
        "ok",
        "problem",
        (f"{instance.INSTANCE_ID} (+This file changes nothing.)",),
    )
