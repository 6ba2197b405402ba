"""LiteLLM: a hundred providers by a prefix of the model's id, such as ``anthropic/`` or ``ollama_chat/``."""

import os
from collections.abc import Mapping
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import ModelSettings, openai
from pytest_mcode.models.failures import PASSING
from pytest_mcode.models.mellea import MelleaBackend, unasked
from pytest_mcode.models.network import Route
from pytest_mcode.models.options import without_none

__all__ = ["BACKEND"]


class LiteLLM(MelleaBackend):
    """Models of the providers that LiteLLM knows."""

    name = "litellm"
    summary = "models of the providers that LiteLLM knows, by the prefix of their id"
    keys = r"\w+_API_KEY"
    reasons = {  # noqa: RUF012
        "context_window": "litellm has no name for it; give your provider's own with --mcode-model-option, "
        "such as num_ctx=8192 for ollama_chat/ models"
    }
    extra = "[litellm]"
    passing = PASSING | {400}
    """LiteLLM makes a 400 of much that is a server's failure."""
    remedies = openai.BACKEND.remedies
    reads_environment = True

    def call_options(self, settings: ModelSettings) -> dict[str, Any]:
        """Return OpenAI's newer names, which LiteLLM translates for its providers."""
        named = {"temperature": settings.temperature, "max_completion_tokens": settings.max_tokens}
        return {**settings.options, **without_none(named)}

    def connect(self, settings: ModelSettings, url: str | None, route: Route | None) -> Any:
        """Return Mellea's backend."""
        # Without it, the import fetches a list of prices.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        from mellea.backends.litellm import LiteLLMBackend, litellm

        class LiteLLMThatCloses(LiteLLMBackend):  # type: ignore[misc]
            """Closes LiteLLM's connections too, which Mellea leaves open."""

            async def aclose(self) -> None:
                await litellm.close_litellm_async_clients()

        litellm.suppress_debug_info = True
        supported = _parameters(litellm, settings.model)
        self._refuse_dropped(litellm, supported, settings)
        own = {"max_retries": 0} if "max_retries" in supported else {}
        return LiteLLMThatCloses(settings.model, base_url=url, model_options=own)

    def inquire(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Check that the library is there."""
        return unasked(self, "litellm")

    def _refuse_dropped(self, litellm: Any, supported: set[str], settings: ModelSettings) -> None:
        """Refuse what Mellea lets LiteLLM drop in silence: OpenAI's parameters that the provider lacks."""
        asked = set(self.call_options(settings)) & set(litellm.OPENAI_CHAT_COMPLETION_PARAMS)
        if "max_tokens" in supported:
            asked.discard("max_completion_tokens")
        if dropped := sorted(asked - supported):
            raise ConfigurationError(
                f"--mcode-backend=litellm: {settings.model} does not take {', '.join(dropped)}; leave it out"
            )


def _parameters(litellm: Any, model: str) -> set[str]:
    try:
        litellm.get_llm_provider(model)
    except litellm.exceptions.BadRequestError as error:
        raise ConfigurationError(
            f"--mcode-model: {model!r} names no provider that litellm knows; "
            "put it before the model, such as ollama_chat/qwen2.5-coder:7b or openai/gpt-4.1"
        ) from error
    return set(litellm.get_supported_openai_params(model) or ())


BACKEND = LiteLLM()
