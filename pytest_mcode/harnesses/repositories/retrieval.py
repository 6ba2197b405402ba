"""What a model is shown of a repository: the tree of its files, or the excerpts that match the issue."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_mcode.harnesses.similarity import scorer

__all__ = ["Excerpt", "excerpts", "is_test", "tree"]

CHUNK = 40
"""Lines."""
NUMBER = 8
"""Characters that a line's number takes."""
HEADING = 80
"""Characters that the lines around an excerpt take."""

_TEST = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Some lines of a file."""

    path: str
    text: str
    first: int
    """Its first line's number, from 1."""
    last: int
    total: int

    @property
    def name(self) -> str:
        """Path and lines: ``sums/add.py:1-40``."""
        return f"{self.path}:{self.first}-{self.last}"

    @property
    def numbered(self) -> str:
        """Its lines, each after its number."""
        lines = enumerate(self.text.split("\n"), self.first)
        return "\n".join(f"{number:>5} | {line}" for number, line in lines)

    @property
    def whole(self) -> bool:
        """Whether it is the whole file."""
        return self.last - self.first + 1 == self.total


@dataclass(frozen=True)
class _Chunk:
    path: str
    index: int
    lines: Sequence[str]

    @property
    def cost(self) -> int:
        return sum(map(len, self.lines)) + (1 + NUMBER) * len(self.lines)


def is_test(path: str) -> bool:
    """Whether a path looks like a test's."""
    return _TEST.search(path) is not None


def excerpts(
    files: Mapping[str, str], issue: str, characters: int, only: Collection[str] = ()
) -> list[Excerpt]:
    """Return the parts of Python files that match `issue` best by BM25, as many as fit into `characters`.

    `only` names the files to take them from, also those that do not match; else tests are left out.
    """
    wanted = [path for path in files if path in only] if only else _sources(files)
    chunks = [chunk for path in wanted for chunk in _chunks(path, files[path])]
    taken: dict[str, list[_Chunk]] = defaultdict(list)
    for chunk in _ranked(chunks, issue, matching=not only):
        cost = chunk.cost + (0 if chunk.path in taken else HEADING)
        if cost <= characters:
            taken[chunk.path].append(chunk)
            characters -= cost
    return [excerpt for path, found in taken.items() for excerpt in _joined(path, found, files[path])]


def tree(paths: Iterable[str], characters: int) -> str:
    """Return files directory by directory; where they are too many, Python's without tests; then cut."""
    every = list(paths)
    listing = _listing(every)
    if len("\n".join(listing)) > characters:
        listing = _listing(_sources(every))
    shown: list[str] = []
    used = 0
    for line in listing:
        if used + len(line) + 1 > characters:
            return "\n".join([*shown, f"… and {len(listing) - len(shown)} more directories"])
        shown.append(line)
        used += len(line) + 1
    return "\n".join(shown)


def _sources(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if path.endswith(".py") and not is_test(path)]


def _listing(paths: Iterable[str]) -> list[str]:
    folders: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        folders[str(PurePosixPath(path).parent)].append(PurePosixPath(path).name)
    return [f"{folder}/: {', '.join(names)}" for folder, names in folders.items()]


def _chunks(path: str, text: str) -> Iterator[_Chunk]:
    lines = text.splitlines()
    for index in range(0, len(lines), CHUNK):
        yield _Chunk(path, index // CHUNK, lines[index : index + CHUNK])


def _ranked(chunks: Sequence[_Chunk], issue: str, *, matching: bool) -> list[_Chunk]:
    if not chunks:
        return []
    scores = scorer([f"{chunk.path}\n" + "\n".join(chunk.lines) for chunk in chunks])(issue)
    order = sorted(range(len(chunks)), key=lambda number: -scores[number])
    return [chunks[number] for number in order if scores[number] > 0 or not matching]


def _joined(path: str, chunks: list[_Chunk], text: str) -> Iterator[Excerpt]:
    total = len(text.splitlines())
    run: list[_Chunk] = []
    for chunk in [*sorted(chunks, key=lambda chunk: chunk.index), None]:
        if run and (chunk is None or chunk.index != run[-1].index + 1):
            lines = [line for each in run for line in each.lines]
            first = run[0].index * CHUNK + 1
            yield Excerpt(
                path=path, text="\n".join(lines), first=first, last=first + len(lines) - 1, total=total
            )
            run = []
        if chunk is not None:
            run.append(chunk)
