"""Which texts match another one best, by BM25: what retrieval shows a model."""

import re
from collections.abc import Callable, Sequence

__all__ = ["scorer", "words"]

_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def scorer(texts: Sequence[str]) -> Callable[[str], Sequence[float]]:
    """Return what scores each of `texts` (at least one) against a query; 0 where they share no word."""
    import bm25s

    ranking = bm25s.BM25()
    ranking.index([words(text) for text in texts], show_progress=False)

    def scores(query: str) -> Sequence[float]:
        found: Sequence[float] = ranking.get_scores(words(query) or [""]).tolist()
        return found

    return scores


def words(text: str) -> list[str]:
    """Return identifiers and, of compound ones, their parts; in lower case."""
    found = []
    for word in _WORD.findall(text):
        parts = _PART.findall(word)
        found += [word.lower(), *(part.lower() for part in parts if len(parts) > 1)]
    return found
