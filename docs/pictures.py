"""Makes the pictures of the README: a terminal and a report, of two models whose answers are judged here.

    python docs/pictures.py FOLDER [NAME=VALUE ...]

FOLDER has the answers that the tutorial judges, and what NAME = VALUE, which a pytest.ini says, may name.
Needs Docker, Chromium, and Pillow, which is among the pins.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

IMAGES = Path(__file__).parent / "images"
COLUMNS = 100
LARGE, SMALL = "gpt-4-1106-preview", "gpt-3.5-turbo-0613"
JUDGE = "mcode bench humaneval --backend replay --replay {0}.jsonl --model {0} -- --tb=no -rN"
COMMANDS = {JUDGE.format(LARGE): -9, f"mcode compare model={LARGE} model={SMALL}": 12}
"""What is typed, and how many of its first or last lines are shown."""


def main() -> None:
    """Write both pictures."""
    given, *lines = sys.argv[1:]
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="study-") as name:
        folder = Path(name)
        for each in Path(given).glob("*.jsonl*"):
            shutil.copy(each, folder)
        (folder / "pytest.ini").write_text("\n".join(["[pytest]", *lines]))
        run(JUDGE.format(SMALL), folder)
        terminal(folder, IMAGES / "terminal.svg")
        report(folder, IMAGES / "report.png")


def terminal(folder: Path, picture: Path) -> None:
    """Draw what the commands print, in the colours in which they print it."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: PTH123, SIM115
    for command, lines in COMMANDS.items():
        said = run(command, folder).rstrip("\n").split("\n")
        console.print(Text(f"$ {command}", style="bold"), soft_wrap=False)
        for line in said[lines:] if lines < 0 else said[:lines]:
            console.print(Text.from_ansi(line), soft_wrap=False)
        console.print()
    drawn = console.export_svg(title="", theme=DIMMED_MONOKAI, unique_id="mcode")
    # Rich has the picture load a font from the network.
    picture.write_text(re.sub(r"@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL), encoding="utf-8")


def report(folder: Path, picture: Path) -> None:
    """Photograph the head of the two runs' report."""
    listed = run(f"mcode results --model {LARGE} --model {SMALL} --json", folder, colour=False)
    runs = {each["model"]: each["run_id"] for each in json.loads(listed)}
    run(f"mcode report {runs[LARGE]} {runs[SMALL]} -o report.html", folder)
    page = (folder / "report.html").as_uri()
    chromium = ["chromium", "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"]
    taken = ["--virtual-time-budget=9000", "--window-size=1400,1000", f"--screenshot={picture}", page]
    subprocess.run([*chromium, *taken], check=True, capture_output=True)
    with Image.open(picture) as found:
        found.convert("RGB").quantize(96).save(picture, optimize=True)


def run(command: str, folder: Path, *, colour: bool = True) -> str:
    """Return what a command prints, as on a terminal with colours."""
    wanted = {"FORCE_COLOR": "1", "PY_COLORS": "1"} if colour else {}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "PATH": path, **wanted}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.replace(str(folder), "/home/me/study")


if __name__ == "__main__":
    main()
