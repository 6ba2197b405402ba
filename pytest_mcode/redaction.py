"""Passwords in addresses: what is printed or stored has ``***`` in their place."""

import re
from typing import Any

__all__ = ["HIDDEN", "redacted"]

HIDDEN = "***"

_IN_AUTHORITY = re.compile(r"(\w://[^:/@]*):.*@", re.DOTALL)  # up to the last @: a password may hold some
_IN_QUERY = re.compile(r"([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)


def redacted(value: Any) -> Any:
    """Return an address, or an argument that holds one, without its password; what is no text as it is."""
    if not isinstance(value, str) or "://" not in value:
        return value
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_AUTHORITY.sub(rf"\1:{HIDDEN}@", value))
