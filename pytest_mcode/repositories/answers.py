"""From a completion to a patch: as it stands there, or as its search/replace blocks amount to."""

import re

__all__ = ["find_patch"]

_FENCED = re.compile(r"^```[\w.+-]*[ \t]*\n(?P<text>.*?)(?:^```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PATCH = re.compile(r"^(?:diff --git |--- \S[^\n]*\n\+\+\+ )", re.MULTILINE)


def find_patch(completion: str) -> str | None:
    """Return the patches in a completion's fences, else the completion itself where it is one."""
    fenced = [found["text"] for found in _FENCED.finditer(completion) if _PATCH.search(found["text"])]
    if fenced:
        return "".join(each if each.endswith("\n") else each + "\n" for each in fenced)
    start = _PATCH.search(completion)
    return completion[start.start() :] if start else None
