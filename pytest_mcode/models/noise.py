"""Warnings of the model libraries about their own code: they are no reason for a test to fail."""

__all__ = ["IGNORED"]

_MODULES = r"(mellea|ollama|openai|litellm|pydantic|httpx2?|ibm_watsonx_ai|transformers|torch)(\.|$)"
IGNORED = f"ignore:::{_MODULES}"
"""For ``pytest.mark.filterwarnings``: pytest sets filters in its own thread, as no thread of a pool may."""
