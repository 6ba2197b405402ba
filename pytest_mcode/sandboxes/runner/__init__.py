"""What runs inside the sandbox: standard library only, Python 3.8 or later, sent there as source
(compressed: an argument of a command holds 128 KiB at most).

To know how a verdict comes about, read `judge` (runs the tests), `candidate` (runs the solution),
`plain` (what crosses between them), `server` (starts both, bounds them, cleans up) and `clock` (which time
they are charged).
"""

import base64
import json
import zlib
from dataclasses import asdict
from pathlib import Path

from pytest_mcode.sandboxes import Limits

__all__ = ["ENVIRONMENT", "IDLE_SECONDS", "command"]

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
    "confine",
    "clock",
    "memory",
    "children",
    "cleanup",
    "server",
)
"""In the order in which they import each other."""

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Of every runner: sets iterate in the same order in every attempt, and no library starts threads unasked."""

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
package.server.main(config)
"""


def command(python: str, limits: Limits, scratch: str, shared: str = "") -> list[str]:
    """Return the command line that serves attempts on its standard input and output.

    `scratch` is the directory that solutions may write to, `shared` the sandbox's own ``/dev/shm``, if
    it has one: both are emptied after each attempt.
    """
    folder = Path(__file__).parent
    sources = [[name, (folder / f"{name}.py").read_text(encoding="utf-8")] for name in MODULES]
    config = {**asdict(limits), "scratch": scratch, "shared": shared, "idle": IDLE_SECONDS}
    packed = base64.b64encode(zlib.compress(json.dumps(sources).encode(), 9)).decode("ascii")
    return [python, "-s", "-c", BOOTSTRAP, packed, json.dumps(config)]
