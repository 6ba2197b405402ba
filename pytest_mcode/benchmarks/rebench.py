"""Rows of SWE-rebench in swebench 5's columns: they have an image, a test command and a log parser.

https://huggingface.co/datasets/nebius/SWE-rebench has ``docker_image``, ``install_config`` (``test_cmd``,
``log_parser``, ``install``, ``eval_commands``) and ``meta`` (``llm_score``). The script is the one that its
own evaluator makes of them: ``make_eval_script_list_py`` in ``swebench/harness/test_spec/python.py`` of
https://github.com/SWE-rebench/SWE-bench-fork.

Rows of SWE-Gym (https://huggingface.co/datasets/SWE-Gym/SWE-Gym) have neither image nor test command; those
of SWE-smith (https://huggingface.co/datasets/SWE-bench/SWE-smith-cpp) have no base commit and no test
command, and their ``patch`` is the bug: neither can be judged by what it says.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_mcode.benchmarks.files import Row
from pytest_mcode.harnesses.repositories.marks import END, START
from pytest_mcode.harnesses.repositories.patches import changed_files

__all__ = ["completed"]

ENVIRONMENT = ("source /opt/miniconda3/bin/activate", "conda activate testbed")
NO_TESTS = (".json", ".png", "csv", ".txt", ".md", ".jpg", ".jpeg", ".pkl", ".yml", ".yaml", ".toml")
"""How names of files end that are no tests: ``NON_TEST_EXTS`` of swebench."""
HEREDOC = "EOF_114329324912"


def completed(row: Row) -> Row:
    """Return a row with the columns that follow from what SWE-rebench's have; any other as it is."""
    config = _config(row)
    image, command, parser = row.get("docker_image"), config.get("test_cmd"), config.get("log_parser")
    told = all(isinstance(value, str) and value for value in (image, command, parser))
    if "eval_script" in row or not told or not isinstance(row.get("test_patch"), str):
        return row
    score = ((row.get("meta") or {}).get("llm_score") or {}).get("difficulty_score")
    return {
        "difficulty": None if score is None else str(score),
        **row,
        "image": image,
        "log_parser": parser,
        "eval_type": "pass_and_fail",
        "eval_script": "\n".join(["#!/bin/bash", "set -uxo pipefail", *_commands(row, config)]) + "\n",
    }


def _config(row: Row) -> Mapping[str, Any]:
    config = row.get("install_config")
    try:
        found = json.loads(config) if isinstance(config, str) else config
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _commands(row: Row, config: Mapping[str, Any]) -> Iterator[str]:
    base, patch = row.get("base_commit"), row["test_patch"]
    files = changed_files(patch)
    reset = f"git checkout {base} {' '.join(files)}"
    yield from ENVIRONMENT
    yield "cd /testbed"
    yield from config.get("eval_commands") or ()
    yield "git config --global --add safe.directory /testbed"
    yield from ("cd /testbed", "git status", "git show", f"git -c core.fileMode=false diff {base}")
    yield from ENVIRONMENT
    if config.get("install"):
        yield config["install"]
    yield reset
    yield f"git apply -v - <<'{HEREDOC}'\n{patch}\n{HEREDOC}"
    yield f": '{START}'"
    yield " ".join([config["test_cmd"], *(file for file in files if not file.endswith(NO_TESTS))])
    yield f": '{END}'"
    yield reset
