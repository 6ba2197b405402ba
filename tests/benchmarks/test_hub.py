"""Datasets from a server that speaks the Hub's protocol and serves the real files; then from the cache.

The libraries read their environment when imported: every load is a process of its own.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow
import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.files import read_rows
from pytest_mcode.benchmarks.humaneval import HUMANEVAL, HUMANEVAL_PLUS
from pytest_mcode.benchmarks.mbpp import MBPP, MBPP_PLUS, SPLITS
from tests.benchmarks.hub_server import Hub, Repo, parquet, serve
from tests.session_support import needs_data

FILES = {
    "humaneval": "HumanEval.jsonl.gz",
    "humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz",
    "mbpp": "mbpp.jsonl",
    "mbpp+": "MbppPlus-OriginFmt.jsonl.gz",
}
ALL = [("humaneval", {}), ("humaneval+", {}), ("mbpp", {}), ("mbpp", {"split": "all"}), ("mbpp+", {})]
LOAD = """
import json, sys
from pytest_mcode import benchmarks
from pytest_mcode.errors import ConfigurationError
loaded = []
for name, source in json.loads(sys.argv[1]):
    try:
        dataset = benchmarks.get(name).load(benchmarks.Source(**source))
        loaded.append([dataset.fingerprint, dataset.origin, len(dataset.tasks)])
    except ConfigurationError as error:
        loaded.append(str(error))
print(json.dumps(loaded))
"""


def load(wanted: list, home: Path, endpoint: str, **environment: str) -> list:
    """Load in a process of its own: [fingerprint, origin, tasks], or the error, of each wanted."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", LOAD, json.dumps(wanted)],
        env={**inherited, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def load_one(name: str, source: dict, home: Path, endpoint: str, **environment: str):
    [loaded] = load([(name, source)], home, endpoint, **environment)
    return loaded


def card(config: str, splits: list[str], folder: str) -> bytes:
    """Return a README that says, as the real ones do, which file holds which split."""
    files = "".join(f"  - split: {split}\n    path: {folder}/{split}-*\n" for split in splits)
    return f"---\nconfigs:\n- config_name: {config}\n  data_files:\n{files}---\n# A dataset\n".encode()


def repo(sha: str | None, config: str, folder: str, splits: dict[str, pyarrow.Table]) -> Repo:
    assert sha is not None
    data = {f"{folder}/{name}-00000-of-00001.parquet": parquet(rows) for name, rows in splits.items()}
    return Repo(sha, {"README.md": card(config, list(splits), folder), **data})


def table(name: str) -> pyarrow.Table:
    return pyarrow.Table.from_pylist(read_rows(needs_data(FILES[name])))


def part(rows: pyarrow.Table, ids: range) -> pyarrow.Table:
    return rows.filter(pyarrow.compute.is_in(rows["task_id"], pyarrow.array(ids)))


@pytest.fixture(scope="module")
def repos() -> dict[str, Repo]:
    mbpp = table("mbpp")
    parts = {name: part(mbpp, split.ids) for name, split in SPLITS.items() if split.ids}
    humaneval = {"test": table("humaneval")}
    return {
        HUMANEVAL.hub.id: repo(HUMANEVAL.hub.revision, "openai_humaneval", "openai_humaneval", humaneval),
        HUMANEVAL_PLUS.hub.id: repo(
            HUMANEVAL_PLUS.hub.revision, "default", "data", {"test": table("humaneval+")}
        ),
        MBPP.hub.id: repo(MBPP.hub.revision, "full", "full", parts),
        MBPP_PLUS.hub.id: repo(MBPP_PLUS.hub.revision, "default", "data", {"test": table("mbpp+")}),
        "someone/humaneval": repo("1" * 40, "default", "data", humaneval),
        "someone/secret": Repo("2" * 40, {}, gated=True),
        "someone/mbpp": repo("3" * 40, "default", "data", {"train": part(mbpp, range(601, 603))}),
    }


@pytest.fixture
def hub(repos):
    with serve(repos) as server:
        yield server


@pytest.fixture(scope="module")
def nowhere() -> str:
    """The address of a server that is gone."""
    with serve({}) as server:
        return server.url


@dataclass
class Cache:
    """What a first load left behind, and what it returned."""

    home: Path
    loaded: list


@pytest.fixture(scope="module")
def cache(repos, tmp_path_factory) -> Cache:
    """The four benchmarks, and `someone/humaneval` as its main branch was."""
    home = tmp_path_factory.mktemp("cache")
    with serve(repos) as server:
        return Cache(home, load([*ALL, ("humaneval", {"dataset": "someone/humaneval"})], home, server.url))


def expected(name: str, split: str | None = None) -> list:
    source = Source(dataset=str(needs_data(FILES[name])), split=split)
    local = benchmarks.get(name).load(source)
    return [local.fingerprint, len(local.tasks)]


def test_all_load_and_equal_the_local_files(cache):
    loaded = cache.loaded[: len(ALL)]
    assert [[fingerprint, count] for fingerprint, _, count in loaded] == [
        expected(name, source.get("split")) for name, source in ALL
    ]
    assert [origin for _, origin, _ in loaded] == [
        f"{benchmark.hub.id}@{benchmark.hub.revision}"
        for benchmark in (HUMANEVAL, HUMANEVAL_PLUS, MBPP, MBPP, MBPP_PLUS)
    ]


def test_a_second_load_needs_no_server(cache, nowhere):
    assert load(ALL, cache.home, nowhere) == cache.loaded[: len(ALL)]


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"])
def test_offline_mode_is_honoured(hub: Hub, cache, tmp_path, variable):
    assert load_one("mbpp", {}, cache.home, hub.url, **{variable: "1"})[2] == 500
    error = load_one("mbpp", {}, tmp_path, hub.url, **{variable: "1"})
    assert error.startswith(f"dataset {MBPP.hub} is not in the cache and the Hub can't be reached")
    assert "HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set" in error
    assert hub.requests == []


def test_neither_hub_nor_cache(tmp_path, nowhere):
    error = load_one("humaneval", {}, tmp_path, nowhere)
    assert error.startswith(f"dataset {HUMANEVAL.hub} is not in the cache and the Hub can't be reached (")
    assert error.endswith("connect, or give a local file: --mcode-dataset=PATH")


def test_another_repository_by_branch_commit_or_neither(hub: Hub, tmp_path):
    revisions = [None, "main", "1" * 40]
    wanted = [("humaneval", {"dataset": "someone/humaneval", "revision": revision}) for revision in revisions]
    [fingerprint, count] = expected("humaneval")
    assert load(wanted, tmp_path, hub.url) == [[fingerprint, f"someone/humaneval@{'1' * 40}", count]] * 3


def test_without_network_a_branch_is_the_newest_in_the_cache_and_a_commit_only_itself(cache, nowhere):
    branch, other = load(
        [
            ("humaneval", {"dataset": "someone/humaneval"}),
            ("humaneval", {"dataset": "someone/humaneval", "revision": "4" * 40}),
        ],
        cache.home,
        nowhere,
    )
    assert branch[1] == f"someone/humaneval@{'1' * 40}"
    assert other.startswith(f"dataset someone/humaneval@{'4' * 40} is not in the cache")


def test_what_the_hub_refuses(hub: Hub, tmp_path):
    missing, gated, revision, split, columns, config = load(
        [
            ("humaneval", {"dataset": "someone/nothing"}),
            ("humaneval", {"dataset": "someone/secret"}),
            ("humaneval", {"revision": "no-such-branch"}),
            ("mbpp", {"dataset": "someone/mbpp"}),
            ("mbpp", {"dataset": "someone/humaneval"}),
            ("mbpp", {"dataset": "someone/mbpp", "split": "train"}),
        ],
        tmp_path,
        hub.url,
    )
    assert missing.startswith("there is no file someone/nothing, and on the Hub no dataset of this id")
    assert "give a local file: --mcode-dataset=PATH" in missing
    assert gated.startswith("dataset someone/secret is gated: accept its terms on its page and log in")
    assert revision == "dataset openai/openai_humaneval has no revision 'no-such-branch'"
    assert split == "dataset someone/mbpp: Unknown split \"test\". Should be one of ['train']."
    assert columns.startswith(f"someone/humaneval@{'1' * 40} (for mbpp): row 1 lacks text, code, test_list")
    assert config[1:] == [f"someone/mbpp@{'3' * 40}", 2]
