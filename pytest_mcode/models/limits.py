"""Whether it is the prompt or the completion that a context window has no room for."""

import re

from pytest_mcode.models import Request

__all__ = ["is_first", "prompt_alone_fits"]

_SIZES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # OpenAI and older vLLM; OpenRouter
        r"context length is (?P<window>\d+) tokens"
        r".*?(?P<prompt>\d+) (?:in the messages|in your prompt|of text input)",
        # vLLM where max_tokens alone is too large
        r"context length is (?P<window>\d+) tokens and your request has (?P<prompt>\d+) input tokens",
        # SGLang
        r"context length of (?P<window>\d+) tokens.*?(?P<prompt>\d+) tokens from the input messages",
        # text-generation-inference
        r"must be <= (?P<window>\d+)\. Given: (?P<prompt>\d+) `inputs` tokens",
        # Anthropic
        r"exceed context limit: (?P<prompt>\d+) \+ \d+ > (?P<window>\d+)",
        # tabbyAPI
        r"length (?P<prompt>\d+) \+ \d+ is greater than max_seq_len (?P<window>\d+)",
    )
)
_PROMPT_ALONE = re.compile(
    r"prompt (?:is )?too long|prompt length|longer than (?:the|its) m|input length exceeds"
    r"|request \(\d+ tokens\) exceeds|input token count|trying to keep the first|requested tokens \("
    r"|must have less than|number of input tokens|prompt contains \d+ tokens",
    re.IGNORECASE,
)
"""What servers say of a prompt that is too long by itself."""
_WINDOW = re.compile(
    r"(?:context (?:length|window|size|limit)|model length|max_seq_len)[^\d]{0,12}(\d+)", re.IGNORECASE
)
_PER_MESSAGE = 64
"""Tokens that a chat template may add to a message."""


def is_first(request: Request) -> bool:
    """Whether a request opens its conversation: no answer is in it yet."""
    return all(message["role"] in ("system", "user") for message in request.messages)


def prompt_alone_fits(said: str, request: Request, max_tokens: int) -> bool | None:
    """Whether the prompt, but not `max_tokens` besides it, fits the window; None where it can't be known.

    `said` are the server's words, whose numbers count where they are the prompt's own: vLLM counts
    no further than to the limit, and says "at least". A prompt has no more tokens than bytes.
    """
    said = re.sub(r"(?<=\d),(?=\d)", "", said)
    for sizes in _SIZES:
        if found := sizes.search(said):
            return int(found["prompt"]) < int(found["window"])
    if _PROMPT_ALONE.search(said):
        return False
    if (found := _WINDOW.search(said)) is None:
        return None
    window = int(found[1])
    most = sum(len(message["content"].encode()) + _PER_MESSAGE for message in request.messages)
    return True if max_tokens >= window or most < window else None
