"""Warnings about the model libraries' own code, which are nobody's: they fail tests under ``-W error``."""

import warnings

__all__ = ["ignore_library_warnings"]

_MODULES = r"(mellea|ollama|openai|litellm|pydantic|httpx2?|ibm_watsonx_ai|transformers|torch)(\.|$)"


def ignore_library_warnings() -> None:
    """Add to the filters in force; they are the process's, so requests in flight do not touch them."""
    warnings.filterwarnings("ignore", module=_MODULES)
