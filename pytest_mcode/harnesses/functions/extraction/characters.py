"""Characters that look as code's do and are others: named with their place, never mended."""

import re
import textwrap
import unicodedata
from contextlib import suppress

from pytest_mcode.harnesses.functions.extraction.candidates import ExhaustedError, Parser
from pytest_mcode.harnesses.functions.extraction.fragments import Fragment, fragments

__all__ = ["unusable_character"]

_MESSAGE = re.compile(r"invalid (?:non-printable )?character .*?U\+(?P<code>[0-9A-F]+)")
"""What Python's tokenizer says of a character that no token has, outside of texts and comments."""
_CODE_LINE = re.compile(
    r"\s*(?:(?:async\s+)?def\s+\w|class\s+\w|import\s+\w|from\s+\S+\s+import|@\w|return\b)|\s+\S"
)
_LIKE = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u2039\u203a", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **{"\u3001": ",", "\u3002": ".", "\u3010": "[", "\u3011": "]", "\u2212": "-"},
}
_NAMES = {"": "nothing", " ": "a plain space", "'": "a plain quote", '"': "a plain quote"}


def unusable_character(text: str) -> str:
    """Return which character, and where, is all that keeps code in `text` from being Python, if one is.

    Lines and columns are counted from 1, lines from the code's first one: in a fenced block, its first.
    """
    parser = Parser(len(text))
    found = ""
    with suppress(ExhaustedError):
        for fragment in fragments(text):
            found = _in_fragment(fragment, parser) or found
    return found


def _in_fragment(fragment: Fragment, parser: Parser) -> str:
    """Return the first such character, if with all of them replaced the code is Python."""
    lines = fragment.text.split("\n")
    if not fragment.fenced:
        start = next((number for number, line in enumerate(lines) if _CODE_LINE.match(line)), len(lines))
        lines = lines[start:]
    code = textwrap.dedent("\n".join(lines))
    error = parser.parse(code)
    message = _MESSAGE.search(error.msg) if isinstance(error, SyntaxError) else None
    if not isinstance(error, SyntaxError) or not message:
        return ""
    line, character = error.lineno or 1, chr(int(message["code"], 16))
    plain = _plain(character)
    if plain is None or parser.longest_prefix(_in_plain(code).split("\n"))[0] < line:
        return ""
    column = (error.offset or 1) + len(lines[line - 1]) - len(code.split("\n")[line - 1])
    if lines[line - 1][column - 1 : column] != character:  # an escape before it was reworded
        column = lines[line - 1].rfind(character) + 1
    name = unicodedata.name(character, "an unnamed character")
    wanted = _NAMES.get(plain, f"a plain {plain}")
    return f"line {line}, column {column}: U+{ord(character):04X} {name} where Python wants {wanted}"


def _in_plain(code: str) -> str:
    plain = {ord(each): _plain(each) for each in set(code) if not each.isascii()}
    return code.translate({each: alike for each, alike in plain.items() if alike is not None})


def _plain(character: str) -> str | None:
    """Return what a character looks like in ASCII; None where that is nothing that code has."""
    if unicodedata.category(character) == "Cf":
        return ""
    if unicodedata.category(character) == "Pd":
        return "-"
    alike = _LIKE.get(character) or unicodedata.normalize("NFKC", character)
    return alike if len(alike) == 1 and alike.isascii() else None
