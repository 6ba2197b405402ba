"""The table of what sandboxes hold in docs/sandbox.md: each cell is what is found here."""

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.docker_support import IMAGE as DOCKER_IMAGE
from tests.sandboxes.test_as_user import IMAGE, INTERPRETER, have_image, started, user

__all__ = ["user"]

PAGE = Path(__file__).parents[2] / "docs/sandbox.md"
START = "| promise |"
Table = dict[str, dict[str, str]]


def told() -> Table:
    """Return the page's table: for each sandbox, the cells by their row's name."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(START))
    head, _, *rest = [line.strip("| ").split(" | ") for line in lines[first:]]
    rows = rest[: rest.index([""])]
    return {
        sandbox: {row[0].partition(":")[0].partition(",")[0].strip("`"): row[number] for row in rows}
        for number, sandbox in enumerate(head)
        if number
    }


@pytest.mark.docker
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be both users")
def test_each_cell_is_what_is_found(image: str, user: Any) -> None:
    if not shutil.which("bwrap") or not have_image(DOCKER_IMAGE, None, user):
        pytest.skip("there is no bwrap, or no Podman")
    columns = {
        "`docker`, `podman` as root": [(None, "docker", DOCKER_IMAGE), (None, "podman", IMAGE)],
        "`podman` as a user": [(user, "podman", IMAGE)],
        "`bubblewrap` as root": [(None, "bubblewrap")],
        "`bubblewrap` as a user": [(user, "bubblewrap")],
        "`process` as root": [(None, "process")],
        "`process` as a user": [(user, "process")],
    }
    table = told()
    assert set(table) == set(columns)
    with ExitStack() as all_of_them:
        for column, sandboxes in columns.items():
            for owner, *arguments in sandboxes:
                python = sys.executable if owner is None else INTERPRETER
                module = ("-m", "tests.sandboxes.promise_cells")
                trial = all_of_them.enter_context(started(owner, python, *module, *arguments))
                (found,) = trial.results()
                assert set(found) == set(table[column]), "the rows of the page's table"
                wrong = {
                    row: (cell, found[row])
                    for row, cell in table[column].items()
                    if not cell.startswith(found[row])
                }
                assert not wrong, f"{column} ({arguments}): the page's cell, and what is found: {wrong}"
