"""Rows of a dataset on the Hugging Face Hub, or of its cache: quietly, and of an exact commit."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from pytest_mcode.benchmarks.files import Row
from pytest_mcode.errors import ConfigurationError

__all__ = ["HubDataset", "load_rows"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PROBE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class HubDataset:
    """A dataset on the Hub."""

    id: str
    """``organisation/name``."""
    revision: str | None = None
    """A commit, tag or branch; None means the newest commit."""
    config: str | None = None
    option: str = "--mcode-dataset"
    """What names a local file instead, for messages."""

    def at(self, revision: str | None) -> Self:
        """Return this dataset at another revision; None keeps its own."""
        return self if revision is None else replace(self, revision=revision)

    def __str__(self) -> str:
        return f"{self.id}@{self.revision}" if self.revision else self.id


def load_rows(dataset: HubDataset, split: str) -> tuple[Sequence[Row], str]:
    """Return the rows of a split (parts joined by ``+``) and their origin, ``id@commit``.

    A commit that is in the cache needs no network. Without network, the newest commit in the
    cache stands in for a tag or branch, never for another commit. Raises `ConfigurationError`.
    """
    with _quiet():
        builder = _cached(dataset) if _is_commit(dataset.revision) else None
        if builder is None:
            builder = _current(dataset)
        try:
            rows: Sequence[Row] = builder.as_dataset(split=split).to_list()
        except ValueError as error:
            raise ConfigurationError(f"dataset {dataset}: {error}") from error
    return rows, f"{dataset.id}@{builder.hash}"


def _current(dataset: HubDataset) -> Any:
    """Return the dataset as the Hub has it now, or as it was when the Hub was last within reach."""
    try:
        exact = replace(dataset, revision=_commit_on_hub(dataset))
    except ConnectionError as error:
        builder = None if _is_commit(dataset.revision) else _cached(dataset)
        if builder is None:
            raise ConfigurationError(
                f"dataset {dataset} is not in the cache and the Hub can't be reached ({error}); "
                f"connect, or give a local file: {dataset.option}=PATH"
            ) from error
        return builder
    return _cached(exact) or _downloaded(exact)


def _cached(dataset: HubDataset) -> Any:
    """Return the builder of what is cached of a commit, or of the newest one, or None."""
    from datasets.packaged_modules.cache.cache import Cache

    if _is_commit(dataset.revision):
        version = {"version": "0.0.0", "hash": dataset.revision}
    else:
        version = {"version": "auto", "hash": "auto"}
    try:
        name = dataset.id.partition("/")[2]
        builder = Cache(repo_id=dataset.id, dataset_name=name, config_name=dataset.config, **version)
        builder.download_and_prepare()
    except ValueError:
        return None
    return builder


def _downloaded(dataset: HubDataset) -> Any:
    import datasets

    try:
        builder = datasets.load_dataset_builder(dataset.id, dataset.config, revision=dataset.revision)
        builder.download_and_prepare()
    except Exception as error:  # what it raises depends on its version and on its HTTP library
        raise ConfigurationError(f"dataset {dataset} can't be loaded from the Hub: {error}") from error
    return builder


def _commit_on_hub(dataset: HubDataset) -> str:
    """Ask the Hub, once; raises `ConnectionError` when it is out of reach."""
    import datasets
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if datasets.config.HF_HUB_OFFLINE:
        raise ConnectionError("HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set")
    try:
        info = huggingface_hub.HfApi(endpoint=datasets.config.HF_ENDPOINT).dataset_info(
            dataset.id, revision=dataset.revision, timeout=_PROBE_SECONDS
        )
    except GatedRepoError as error:
        raise ConfigurationError(
            f"dataset {dataset.id} is gated: accept its terms on its page and log in (`hf auth login`), "
            f"or give a local file: {dataset.option}=PATH"
        ) from error
    except RevisionNotFoundError as error:
        raise ConfigurationError(f"dataset {dataset.id} has no revision {dataset.revision!r}") from error
    except RepositoryNotFoundError as error:
        raise ConfigurationError(
            f"there is no file {dataset.id}, and on the Hub no dataset of this id that you may read; "
            f"check it, log in (`hf auth login`), or give a local file: {dataset.option}=PATH"
        ) from error
    except Exception as error:  # of whichever HTTP library the installed version uses
        raise ConnectionError(str(error)) from error
    return str(info.sha)


def _is_commit(revision: str | None) -> bool:
    return revision is not None and _COMMIT.fullmatch(revision) is not None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and log lines of the two libraries away, for the time of a load."""
    import datasets
    import huggingface_hub.utils

    with ExitStack() as stack:
        for library in (datasets, huggingface_hub.utils):
            if not library.are_progress_bars_disabled():
                library.disable_progress_bars()
                stack.callback(library.enable_progress_bars)
            stack.callback(library.logging.set_verbosity, library.logging.get_verbosity())
            library.logging.set_verbosity_error()
        yield
