"""Rows of a dataset on the Hugging Face Hub, or of its cache when the Hub is out of reach."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from pytest_mcode.benchmarks.files import Row

__all__ = ["HubDataset", "load_rows"]


@dataclass(frozen=True, kw_only=True)
class HubDataset:
    """A dataset on the Hub."""

    id: str
    """``organisation/name``."""
    revision: str | None = None
    """A commit, tag or branch; None means whatever is newest."""
    config: str | None = None

    def at(self, revision: str | None) -> Self:
        """Return this dataset at another revision; None keeps its own."""
        return self if revision is None else replace(self, revision=revision)


def load_rows(dataset: HubDataset, split: str) -> tuple[Sequence[Row], str]:
    """Return the rows of a split and their origin, ``id@revision``."""
    import datasets

    rows = datasets.load_dataset(dataset.id, dataset.config, split=split, revision=dataset.revision)
    return rows.to_list(), f"{dataset.id}@{dataset.revision}"
