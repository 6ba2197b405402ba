"""Which of a task's samples is handed in, chosen without the tests that judge."""

from pytest_mcode.selection.choosing import SELECTIONS, choose
from pytest_mcode.selection.evidence import Evidence

__all__ = ["SELECTIONS", "Evidence", "choose"]
