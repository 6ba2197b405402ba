"""Colours, shapes and dashes: one colour a model, a shape and a dash a loop; verdicts have their own.

Every colour has a contrast of at least 3:1 to the page in both themes (WCAG 2.2, 1.4.11).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.results.figures import loop, model_name

__all__ = ["BACKGROUNDS", "COLOURS", "SERIES", "SQUARE", "contrast", "loop_name", "styles"]

BACKGROUNDS = ("#ffffff", "#14171a")
"""Of the page, light and dark."""
SERIES = (
    "#2f7fd0",
    "#f84f33",
    "#397804",
    "#ba218c",
    "#b57c27",
    "#886afe",
    "#089772",
    "#a95140",
    "#d267ea",
    "#556975",
    "#51a015",
    "#c76870",
    "#8b40cf",
    "#8a9785",
    "#eb4b9f",
    "#96719e",
)
"""Far from each other in OKLab, also as deuteranopes see them; chosen greedily."""
COLOURS = {
    "passed": "#2e9e5b",
    "repaired": "#1f9494",
    "assertion": "#d55e00",
    "exception": "#c566a0",
    "syntax": "#b07a00",
    "timeout": "#7f6bb3",
    "memory": "#8c564b",
    "output_limit": "#9c755f",
    "exited_early": "#c23a6b",
    "no_solution": "#808080",
    "truncated": "#8a8a1c",
    "context_overflow": "#128ca0",
    "content_filter": "#a0705a",
    "unresolved": "#d55e00",
    "apply_failed": "#b07a00",
    "infra": "#5f7080",
}
SQUARE = "M-.85-.85H.85V.85H-.85Z"
SHAPES = (
    "M0-1A1 1 0 1 1 0 1A1 1 0 1 1 0-1Z",
    SQUARE,
    "M0-1.2L1.2 0L0 1.2L-1.2 0Z",
    "M0-1.1L1.1.9H-1.1Z",
    "M0 1.1L1.1-.9H-1.1Z",
    "M-.4-1.1H.4V-.4H1.1V.4H.4V1.1H-.4V.4H-1.1V-.4H-.4Z",
    "M1.1 0L-.9 1.1V-1.1Z",
    "M-1.1 0L.9 1.1V-1.1Z",
)
"""SVG paths, of the same size."""
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (10, 4), (1, 3))
Style = dict[str, Any]


def styles(runs: Sequence[Mapping[str, Any]]) -> list[Style]:
    """Return ``colour`` (by model), ``shape`` and ``dash`` (by loop) of runs that have a ``label``."""
    models = list(dict.fromkeys(model_name(run) for run in runs))
    loops = list(dict.fromkeys(map(_loop_and_rest, runs)))
    return [
        {
            "colour": SERIES[models.index(model_name(run)) % len(SERIES)],
            "shape": SHAPES[(place := loops.index(_loop_and_rest(run))) % len(SHAPES)],
            "dash": list(DASHES[place % len(DASHES)]),
        }
        for run in runs
    ]


def _loop_and_rest(run: Mapping[str, Any]) -> tuple[str, str]:
    """Return the loop, and what a label has after it because models and loops are alike."""
    return loop_name(run), run["label"].partition(loop(run))[2]


def loop_name(run: Mapping[str, Any]) -> str:
    """Return the loop without whose answers a replay read: that is the model's, and has its colour."""
    return loop(run).partition(" replay of ")[0]


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours (``#rrggbb``), from 1 to 21, as WCAG 2.2 defines it."""
    dark, light = sorted(map(_luminance, (a, b)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
