"""Wiping a directory that somebody made hard to wipe."""

import os
import socket
from pathlib import Path

import pytest

from pytest_mcode.sandboxes.runner.cleanup import wipe


def test_wipe_empties_whatever_is_there(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    top = tmp_path / "top"
    top.mkdir()
    (top / "file").write_text("x")
    (top / "lifted-0").mkdir()
    (top / "lifted-1").write_text("x")
    (top / "a/b/c").mkdir(parents=True)
    (top / "a/lifted-0").mkdir()
    (top / "a/link").symlink_to(outside, target_is_directory=True)
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "a/b/fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(top)
        bound.bind("socket")
        os.chdir(here)
    for locked in ("a/b/c", "a/b", "a"):
        (top / locked).chmod(0)
    wipe(str(top))
    assert list(top.iterdir()) == []
    assert (outside / "kept").read_text() == "kept"


@pytest.mark.parametrize("depth", [10, 1500])
def test_wipe_knows_no_depth(tmp_path: Path, depth: int) -> None:
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(here)
    wipe(str(tmp_path))
    assert list(tmp_path.iterdir()) == []
