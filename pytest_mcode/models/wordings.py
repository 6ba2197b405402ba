"""How each server says that a prompt does not fit its context window.

One table for all backends: through a proxy, or a compatible interface, each may meet any of them.
"""

import re
from dataclasses import dataclass

__all__ = ["CONTEXT_OVERFLOW", "Wording", "is_overflow"]


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What one server says."""

    server: str
    pattern: str
    """A regular expression, searched without regard to case."""
    source: str
    """Where the server's source or documentation has these words."""


CONTEXT_OVERFLOW = (
    Wording(server="OpenAI", pattern="context_length_exceeded|maximum (?:context|model) length", source=""),
    Wording(
        server="llama.cpp",
        pattern="exceed_context_size|exceeds? the (?:available |model'?s? |maximum )*context "
        "(?:size|length|window)",
        source="",
    ),
    Wording(server="LM Studio", pattern="context overflows|greater than the context length", source=""),
    Wording(
        server="vLLM, SGLang", pattern="longer than the (?:maximum model|model's context) length", source=""
    ),
    Wording(server="Anthropic", pattern="prompt is too long", source=""),
    Wording(server="TGI", pattern=r"`inputs` tokens \+ `max_new_tokens` must be", source=""),
    Wording(server="watsonx", pattern="cannot exceed the total tokens limit", source=""),
    Wording(server="LiteLLM", pattern="ContextWindowExceeded", source=""),
    Wording(server="Ollama", pattern=r"input length exceeds (?:the )?(?:maximum )?context", source=""),
)


_ANY = re.compile("|".join(wording.pattern for wording in CONTEXT_OVERFLOW), re.IGNORECASE)


def is_overflow(text: str) -> bool:
    """Whether a server's words say that the prompt does not fit its context window."""
    return _ANY.search(text) is not None
