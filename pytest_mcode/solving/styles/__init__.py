"""How a failed attempt is repaired: the styles of ``--mcode-repair``, a file each."""

from collections.abc import Callable, Mapping

from pytest_mcode.solving.styles.conversation import Conversation
from pytest_mcode.solving.styles.explain import Explain
from pytest_mcode.solving.styles.fresh import Fresh
from pytest_mcode.solving.styles.hint import Hint
from pytest_mcode.solving.styles.protocol import Failure, Style
from pytest_mcode.solving.styles.reflect import Reflect
from pytest_mcode.solving.styles.trace import Trace

__all__ = ["STYLES", "Failure", "Style", "style_of"]

STYLES: Mapping[str, Callable[[str | None], Style]] = {
    "conversation": Conversation,
    "fresh": Fresh,
    "explain": Explain,
    "trace": Trace,
    "reflect": Reflect,
    "hint": Hint,
}
"""By the name that the option takes; each is called with the directory of one's own templates."""


def style_of(name: str, prompts: str | None = None) -> Style:
    """Return a style by its name, with the words of the directory `prompts` where it has any."""
    return STYLES[name](prompts)
