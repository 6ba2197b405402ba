"""What runs inside the sandbox: standard library only, Python 3.8 or later, sent there as source
(compressed: an argument of a command holds 128 KiB at most).

To know how a verdict comes about, read `judge` (runs the tests), `candidate` (runs the solution),
`plain` (what crosses between them), `server` (starts both, bounds them, cleans up) and `clock` (which time
they are charged).
"""

import base64
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_mcode.sandboxes import Limits

__all__ = [
    "ENVIRONMENT",
    "IDLE_SECONDS",
    "JUDGE_MEMORY",
    "RUNNER_PIDS",
    "Place",
    "command",
    "commands_server",
]

MODULES = (
    "wire",
    "plain",
    "sets",
    "containers",
    "arrays",
    "tables",
    "known",
    "heap",
    "shared",
    "raised",
    "objects",
    "candidate",
    "asserts",
    "standins",
    "generators",
    "lending",
    "last_call",
    "remote",
    "suites",
    "judge",
    "kernel",
    "confine",
    "clock",
    "memory",
    "cleanup",
    "landlock",
    "syscalls",
    "view",
    "keeper",
    "family",
    "holding",
    "children",
    "server",
)
"""In the order in which they import each other."""

MODULES_OF_COMMANDS = (
    "kernel",
    "confine",
    "cleanup",
    "family",
    "landlock",
    "syscalls",
    "view",
    "keeper",
    "commands",
)
"""Those of the server that runs commands, not solutions, in the same way."""

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Of every runner: sets iterate in the same order in every attempt, and no library starts threads unasked."""

JUDGE_MEMORY, RUNNER_PIDS = 256 * 2**20, 8
"""What a control group has beyond a solution's limits, for the judge and the server."""

IDLE_SECONDS = 900.0
"""A runner whose client has been silent for so long ends: a killed engine would leave it for ever."""

BOOTSTRAP = """\
import sys
if sys.version_info < (3, 8):
    sys.exit("Python 3.8 or later is needed, this is " + sys.version.split()[0])
sys.path[:] = [path for path in sys.path if path]
import base64, json, types, zlib
sources, config = json.loads(zlib.decompress(base64.b64decode(sys.argv[1]))), json.loads(sys.argv[2])
package = sys.modules["runner"] = types.ModuleType("runner")
package.__path__ = []
for name, source in sources:
    module = sys.modules["runner." + name] = types.ModuleType("runner." + name)
    module.__package__ = "runner"
    setattr(package, name, module)
    exec(compile(source, "runner/" + name + ".py", "exec", dont_inherit=True), module.__dict__)
module.main(config)
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the file system that a runner sees solutions may write."""

    scratch: str
    """Their directory, emptied after each attempt."""
    shared: str = ""
    """The sandbox's own ``/dev/shm``, if it has one; emptied as well."""
    files: str = "container"
    """What keeps them from other files: ``container``, ``own`` (a file system made for the runner)."""
    view: Mapping[str, Any] = field(default_factory=dict)
    """Where nothing keeps the runner apart, it shall do so itself: see `runner.keeper.keep_apart`."""


def command(python: str, limits: Limits, place: Place) -> list[str]:
    """Return the command line that serves attempts on its standard input and output."""
    return _command(python, MODULES, {**asdict(limits), "idle": IDLE_SECONDS, **asdict(place)})


def commands_server(python: str, limits: Limits, file_size: int) -> list[str]:
    """Return the command line that runs commands for whoever has its standard input; see `commands`."""
    return _command(python, MODULES_OF_COMMANDS, {**asdict(limits), "file_size": file_size, "files": ""})


def _command(python: str, modules: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    folder = Path(__file__).parent
    sources = [[name, (folder / f"{name}.py").read_text(encoding="utf-8")] for name in modules]
    config = {**config, "root": hasattr(os, "geteuid") and os.geteuid() == 0}
    packed = base64.b64encode(zlib.compress(json.dumps(sources).encode(), 9)).decode("ascii")
    return [python, "-s", "-c", BOOTSTRAP, packed, json.dumps(config)]
