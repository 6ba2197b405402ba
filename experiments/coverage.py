"""Do the printed intervals and tests hold? Nominal against simulated, through the library's own functions.

    python experiments/coverage.py [--quick] [--only SECTION] [--out FOLDER]

Writes ``coverage.json``, a row for each cell of the grid, and ``coverage.md``, a row for each figure.
Single runs and flips are enumerated exactly; the rest is simulated, errors near their limit with 40,000
repetitions.
``--quick`` takes a few cells and repetitions, to see that it runs.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from coverage_cells import ERROR, LEAST_COVERAGE, MEAN_COVERAGE, MOST, POWER, Cell, Grid
from coverage_sections import SECTIONS

RESULTS = Path(__file__).parent / "results"


def summary(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return a row for each figure and measure: mean, worst, and whether the targets are met."""
    groups: dict[tuple[str, str, float], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.figure, cell.measure, cell.nominal), []).append(cell)
    return [_row(*key, found) for key, found in groups.items()]


def _row(figure: str, measure: str, nominal: float, cells: Sequence[Cell]) -> dict[str, Any]:
    known = [cell for cell in cells if cell.simulated is not None]
    by = {
        "coverage": lambda cell: -cell.simulated,
        "error": lambda cell: cell.simulated,
        "power": lambda cell: abs(cell.simulated - nominal),
        "assurance": lambda cell: nominal - cell.simulated,
    }[measure]
    worst = max(known, key=by, default=None)
    mean = fmean(cell.simulated for cell in known) if known else None
    holds = (
        worst is None
        or {
            "coverage": lambda: (
                round(mean, 3) >= MEAN_COVERAGE and round(worst.simulated, 3) >= LEAST_COVERAGE
            ),
            "error": lambda: round(worst.simulated, 3) <= ERROR * nominal + 1e-9,
            "power": lambda: round(by(worst), 3) <= POWER,
            "assurance": lambda: round(by(worst), 3) <= POWER,
        }[measure]()
    )
    return {
        "figure": figure,
        "measure": measure,
        "nominal": nominal,
        "cells": len(known),
        "repetitions": [min(made), max(made)] if (made := _repetitions(known)) else None,
        "withheld": len(cells) - len(known),
        "mean": mean,
        "worst": worst.simulated if worst else None,
        "worst_cell": worst.cell if worst else None,
        "holds": bool(holds),
    }


def _repetitions(cells: Sequence[Cell]) -> list[int]:
    return [cell.repetitions for cell in cells if cell.repetitions is not None]


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table for the docs."""
    lines = [
        "# Coverage, errors and power of what is printed",
        "",
        f"By `experiments/coverage.py`. Targets: mean coverage at least {MEAN_COVERAGE}, the least at least "
        f"{LEAST_COVERAGE}; errors at most {ERROR} × nominal; power within {POWER} of what is printed, and "
        "assurance, a power that is printed as a least one, no more than that below. In withheld cells a "
        "reason is printed in place of the figure.",
        "",
        "| figure | measure | nominal | mean | worst | worst cell | cells | withheld | repetitions | holds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        mean, worst = (f"{row[name]:.3f}" if row[name] is not None else "" for name in ("mean", "worst"))
        lines.append(
            f"| {row['figure']} | {row['measure']} | {row['nominal']:g} | {mean} | {worst} "
            f"| {row['worst_cell'] or ''} | {row['cells']} | {row['withheld'] or ''} "
            f"| {_range(row['repetitions'])} | {'yes' if row['holds'] else 'NO'} |"
        )
    return "\n".join(lines) + "\n"


def _range(made: Sequence[int] | None) -> str:
    if made is None:
        return "exact"
    least, most = (f"{each:,}" for each in made)
    return least if least == most else f"{least} to {most}"


def write(cells: Sequence[Cell], out: Path) -> None:
    """Write both tables."""
    rows = summary(cells)
    lines = ",\n".join(json.dumps(asdict(cell), ensure_ascii=False) for cell in cells)
    whole = f'{{"summary": {json.dumps(rows, ensure_ascii=False, indent=1)},\n"cells": [\n{lines}\n]}}\n'
    out.mkdir(parents=True, exist_ok=True)
    (out / "coverage.json").write_text(whole, encoding="utf-8")
    (out / "coverage.md").write_text(markdown(rows), encoding="utf-8")
    print(markdown(rows))


def kept(out: Path, sections: Sequence[str]) -> list[Cell]:
    """Return the cells of other sections that an earlier run wrote."""
    path = out / "coverage.json"
    found = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []
    return [Cell(**cell) for cell in found if cell["section"] not in sections]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few cells and repetitions")
    parser.add_argument(
        "--only",
        choices=sorted(SECTIONS),
        action="append",
        help="only this section, repeatable; the others keep the cells that the tables have",
    )
    parser.add_argument(
        "--most", type=int, default=MOST, help="repetitions of a cell at most; the table says how many"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    sections = options.only or list(SECTIONS)
    grid = Grid(quick=options.quick, most=options.most)
    for name in sections:
        grid.section = name
        SECTIONS[name](grid)
        print(f"{name}: {len(grid.cells)} cells so far", flush=True)
    order = list(SECTIONS)
    cells = kept(options.out, sections) + grid.cells
    write(sorted(cells, key=lambda cell: order.index(cell.section)), options.out)


if __name__ == "__main__":
    main()
