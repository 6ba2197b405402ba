"""Lengths in tokens, of text whose tokeniser is not known: bounded, and what was cut is said."""

__all__ = ["CHARACTERS_PER_TOKEN", "cut"]

CHARACTERS_PER_TOKEN = 3.0
"""Of code, from below: a prompt that is too long is worse than one that could be longer."""


def cut(text: str, tokens: int) -> str:
    """Return `text` within about `tokens`; of a longer one the first three quarters of that, and the end."""
    most = int(tokens * CHARACTERS_PER_TOKEN)
    if len(text) <= most:
        return text
    left_out = (len(text) - most) / CHARACTERS_PER_TOKEN
    return f"{text[: most * 3 // 4]}\n[... about {left_out:,.0f} tokens left out ...]\n{text[-(most // 4) :]}"
