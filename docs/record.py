"""Runs the commands that a page shows, in order, and puts what they print below them.

    python docs/record.py docs/tutorial.md FOLDER [WORD:NAME=VALUE ...]

Commands stand behind ``$`` in blocks marked ``console``; FOLDER is where they run and what they leave. For
those that have WORD in them a pytest.ini there says NAME = VALUE: a data set from a file, where the Hub
cannot be reached, or another image. ``<!-- shown: last 9 -->`` before a block keeps the last nine lines of
what each of its commands prints, ``first 9`` the first ones; after ``<!-- kept -->`` a block stays as it was
recorded, such as with a slow model. FOLDER's path is printed as ``/home/me/study``.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(
    r"(?P<kept><!-- kept -->\n)?"
    r"(?:<!-- shown: (?P<end>first|last) (?P<count>\d+) -->\n)?```console\n(?P<body>.*?)^```$",
    re.DOTALL | re.M,
)
COLUMNS = "100"


def main() -> None:
    """Replace each block of the page by what its commands print today."""
    page, folder, *additions = sys.argv[1:]
    text = Path(page).read_text(encoding="utf-8")
    made = BLOCK.sub(lambda block: recorded(block, Path(folder).resolve(), additions), text)
    Path(page).write_text(made, encoding="utf-8")


def recorded(block: re.Match[str], folder: Path, additions: list[str]) -> str:
    """Return the block with the output of its commands."""
    if block["kept"]:
        return block[0]
    commands = [line[2:] for line in block["body"].splitlines() if line.startswith("$ ")]
    shown = [
        f"$ {each}\n{cut(output(each, folder, additions), block['end'], block['count'])}" for each in commands
    ]
    head, fence, _ = block[0].partition("```console\n")
    return head + fence + "".join(shown) + "```"


def output(command: str, folder: Path, additions: list[str]) -> str:
    """Run a command as a user does; return what it prints."""
    print("$", command, file=sys.stderr, flush=True)
    lines = [each.partition(":")[2] for each in additions if each.partition(":")[0] in command]
    (folder / "pytest.ini").write_text("\n".join(["[pytest]", *lines]))
    environment = {**os.environ, "COLUMNS": COLUMNS, "PY_COLORS": "0"}
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = done.stdout.replace(str(folder), "/home/me/study")
    return "".join(f"{line.rstrip()}\n" for line in said.splitlines())


def cut(text: str, end: str | None, count: str | None) -> str:
    """Keep the first or last lines, and say that there were more."""
    lines = text.splitlines(keepends=True)
    if end is None or len(lines) <= int(count or 0):
        return text
    kept = int(count or 0)
    return "".join([*lines[:kept], "…\n"] if end == "first" else ["…\n", *lines[-kept:]])


if __name__ == "__main__":
    main()
