"""How a failed attempt is repaired: the styles of ``--mcode-repair``, a file each."""

from collections.abc import Mapping

from pytest_mcode.solving.styles.conversation import Conversation
from pytest_mcode.solving.styles.explain import Explain
from pytest_mcode.solving.styles.fresh import Fresh
from pytest_mcode.solving.styles.protocol import Failure, Style
from pytest_mcode.solving.styles.reflect import Reflect

__all__ = ["STYLES", "Failure", "Style"]

STYLES: Mapping[str, Style] = {
    "conversation": Conversation(),
    "fresh": Fresh(),
    "explain": Explain(),
    "reflect": Reflect(),
}
"""By the name that the option takes."""
