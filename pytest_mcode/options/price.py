"""Options that say what a run costs."""

from dataclasses import dataclass
from typing import Any

from pytest_mcode.options import number, option, refused

__all__ = ["HIGHEST", "PriceOptions", "price_pair"]

HIGHEST = 1e6
"""A price beyond is a slip: sums of such would be no numbers any more."""


def price_pair(value: str) -> tuple[float, float] | None:
    """Return prices of prompt and completion tokens that stand as ``IN,OUT``; None where they do not."""
    try:
        first, second = (float(part) for part in value.split(","))
    except ValueError:
        return None
    return (first, second) if 0 <= first <= HIGHEST and 0 <= second <= HIGHEST else None


def price(flag: str, value: Any) -> str:
    """Parse a price of tokens, or the path of a table of prices."""
    if price_pair(str(value)) is None and not str(value).endswith((".json", ".toml")):
        allowed = "IN,OUT per million tokens, such as 0.15,0.6, or a table by model, in JSON or TOML"
        raise refused(flag, value, allowed)
    return str(value)


@dataclass(frozen=True, kw_only=True)
class PriceOptions:
    """A part of `Settings`."""

    price: str | None = option(
        "Price of prompt and completion tokens, per million, in any one currency, or a table of prices by "
        'model: JSON or TOML such as "gpt-4o" = [2.5, 10].',
        price,
        metavar="IN,OUT|FILE",
    )
    price_per_hour: float | None = number(
        "Price of an hour of the machine that answers, such as one's own.", 0, HIGHEST, metavar="PRICE"
    )
