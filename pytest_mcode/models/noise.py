"""What model libraries say of themselves: warnings are no reason for a test to fail, logs are not ours."""

import os

__all__ = ["IGNORED", "silence"]

_MODULES = r"(mellea|ollama|openai|litellm|pydantic|httpx2?|ibm_watsonx_ai|transformers|torch)(\.|$)"
IGNORED = f"ignore:::{_MODULES}"
"""For ``pytest.mark.filterwarnings``: pytest sets filters in its own thread, as no thread of a pool may."""


def silence() -> None:
    """Keep Mellea from writing to the terminal; it asks the environment when it is imported."""
    os.environ.setdefault("MELLEA_LOGS_CONSOLE", "0")
    os.environ.setdefault("MELLEA_LOGS_LEVEL", "WARNING")
