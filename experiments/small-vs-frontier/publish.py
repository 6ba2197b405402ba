"""Write a run as this study publishes it: an archive that names neither the machine nor its folders.

    python experiments/small-vs-frontier/publish.py results.db RUN NAME.run.jsonl.gz

With ``--verdicts`` it has no answers, for those that are not ours to publish.
"""

import argparse
import gzip
import json
import re
from pathlib import Path
from typing import Any

from pytest_mcode.records import to_json
from pytest_mcode.store import Store
from pytest_mcode.store.archiving import archive_lines
from pytest_mcode.store.queries import find_run

PATH = re.compile(r"(?:/[\w.+-]+)+/([\w.+-]+)")


def published(line: str, *, verdicts: bool) -> str:
    """Return a line of an archive: of paths the last part, no host, and of `verdicts` no text."""
    data: dict[str, Any] = json.loads(line)
    if "run" in data:
        run = data["run"]
        for column in ("settings", "model_info", "environment"):
            run[column] = json.loads(PATH.sub(r"\1", json.dumps(_without_urls(run[column]))))
        run["dataset"] = PATH.sub(r"\1", run["dataset"])
        data["shards"] = []
    elif verdicts:
        for attempt in data["outcome"]["attempts"]:
            attempt |= {"messages": [], "completion": "", "solution": None, "extra": {}}
            attempt["verdict"] |= {"message": "", "stdout": "", "stderr": ""}
    return to_json(data) + "\n"


def _without_urls(values: dict[str, Any]) -> dict[str, Any]:
    left_out = {"host", "base_url", "db", "platform", "git_commit", "git_dirty"}
    return {name: None if name in left_out else value for name, value in values.items()}


def main() -> None:
    """Write the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("run")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--verdicts", action="store_true")
    given = parser.parse_args()
    with Store.open(given.store, read_only=True) as store:
        lines = list(archive_lines(store, find_run(store, given.run)["run_id"]))
    text = "".join(published(line, verdicts=given.verdicts) for line in lines)
    given.archive.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
