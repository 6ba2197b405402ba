"""Hugging Face's transformers in this process: there is no server, so nothing passes by itself."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.models import ModelSettings
from pytest_mcode.models.failures import named
from pytest_mcode.models.mellea import MelleaBackend, unasked
from pytest_mcode.models.network import Route
from pytest_mcode.models.options import without_none

__all__ = ["BACKEND"]


class HuggingFace(MelleaBackend):
    """Models of the Hub, or of a folder, run here."""

    name = "hf"
    summary = "models of the Hugging Face Hub, run in this process by transformers"
    takes = frozenset({"temperature", "max_tokens", "options"})
    reasons = {  # noqa: RUF012
        "base_url": "hf runs the model in this process; leave the flag out",
        "context_window": "transformers uses the model's own window; leave the flag out",
    }
    extra = "[hf]"

    def call_options(self, settings: ModelSettings) -> dict[str, Any]:
        """Return the arguments of transformers' ``generate``."""
        asked = {"temperature": settings.temperature, "max_new_tokens": settings.max_tokens}
        return {**settings.options, **without_none(asked)}

    def connect(self, settings: ModelSettings, url: str | None, route: Route | None) -> Any:
        """Return Mellea's backend; loads the weights."""
        from mellea.backends.huggingface import LocalHFBackend

        return LocalHFBackend(settings.model)

    def inquire(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Check that the library is there."""
        return unasked(self, "transformers")

    def meaning(self, error: Exception, settings: ModelSettings, where: str) -> Exception:
        """Judge what transformers raised."""
        if isinstance(error, ValueError | TypeError):
            return ConfigurationError(f"{where}: {named(error)}; check the model and --mcode-model-option")
        return InfraError(f"{where}: {named(error)}")


BACKEND = HuggingFace()
