"""IBM watsonx.ai."""

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import ModelSettings, openai
from pytest_mcode.models.mellea import MelleaBackend, unasked
from pytest_mcode.models.network import Route
from pytest_mcode.models.options import refusal, without_none

__all__ = ["BACKEND"]

VARIABLES = ("WATSONX_API_KEY", "WATSONX_PROJECT_ID")


class Watsonx(MelleaBackend):
    """Models of watsonx.ai."""

    name = "watsonx"
    summary = "models of IBM watsonx.ai"
    keys = "|".join(VARIABLES)
    reasons = {"context_window": "watsonx uses the model's own window; leave the flag out"}  # noqa: RUF012
    extra = "[watsonx]"
    remedies = openai.BACKEND.remedies

    def call_options(self, settings: ModelSettings) -> dict[str, Any]:
        """Return fields of the SDK's ``TextChatParameters``."""
        named = {"temperature": settings.temperature, "max_completion_tokens": settings.max_tokens}
        return {**settings.options, **without_none(named)}

    def connect(self, settings: ModelSettings, url: str | None, route: Route | None) -> Any:
        """Return Mellea's backend."""
        from mellea.backends.watsonx import TextChatParameters, WatsonxAIBackend

        known = {field.name for field in fields(TextChatParameters)}
        if unknown := sorted(set(settings.options) - known):
            raise refusal(
                ", ".join(unknown), f"is not known to watsonx; known are {', '.join(sorted(known))}"
            )
        return WatsonxAIBackend(settings.model, base_url=url)

    def inquire(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Check that the library and the keys are there."""
        found = unasked(self, "ibm_watsonx_ai")
        if missing := [name for name in VARIABLES if not os.environ.get(name)]:
            raise ConfigurationError(
                f"--mcode-backend=watsonx: set {' and '.join(missing)} in the environment"
            )
        return found


BACKEND = Watsonx()
