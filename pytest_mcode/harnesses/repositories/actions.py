"""From a model's answer to the commands that it asks for: tool calls, or one fenced block."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Action", "actions_in", "fenced_commands"]

LANGUAGES = frozenset({"bash", "sh", "shell", "zsh", "console", "mswea_bash_command"})
"""First words of an info string that make a block a command, in lower case."""
NONE_FOUND = (
    "Your answer holds no command. Give exactly one: call the tool bash, or write one block that opens with "
    "```bash at the start of a line."
)
SEVERAL = "Your answer holds {} blocks of commands. Give exactly one; join commands with && or ;."

_OPENER = re.compile(r"^(?P<indent> {0,3})(?P<ticks>`{3,})[ \t]*(?P<info>[^`]*)$")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)(?P<end>\w+)\1")


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something to do next."""

    command: str = ""
    error: str = ""
    """Why there is no command: the model is told."""
    call: Mapping[str, Any] | None = None
    """The tool call that it came in."""


def actions_in(text: str, tool_calls: Sequence[Mapping[str, Any]]) -> Sequence[Action]:
    """Return what an answer asks for, in its order: one action for each tool call, or one of the text."""
    if tool_calls:
        return [_of_call(call) for call in tool_calls]
    found = fenced_commands(text)
    if len(found) > 1:
        return [Action(error=SEVERAL.format(len(found)))]
    return [Action(command=found[0]) if found else Action(error=NONE_FOUND)]


def fenced_commands(text: str) -> Sequence[str]:
    """Return the commands in fenced blocks: those that say so, or else those that say nothing."""
    blocks = [(info, body) for info, body in _blocks(text.replace("\r\n", "\n").split("\n")) if body.strip()]
    said = [body for info, body in blocks if info in LANGUAGES]
    return said or [body for info, body in blocks if not info]


def _of_call(call: Mapping[str, Any]) -> Action:
    name = call["function"]["name"]
    if name != "bash":
        return Action(error=f"There is no tool {name!r}; the only one is bash.", call=call)
    try:
        arguments = json.loads(call["function"]["arguments"])
    except ValueError as error:
        return Action(error=f'The arguments are not JSON ({error}); give {{"command": "…"}}.', call=call)
    command = arguments.get("command") if isinstance(arguments, dict) else None
    if not isinstance(command, str) or not command.strip():
        return Action(error='The arguments lack the command; give {"command": "…"}.', call=call)
    return Action(command=command.strip(), call=call)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield language and text of each block; one that never closes is none."""
    at = 0
    while at < len(lines):
        opener = _OPENER.match(lines[at])
        end = _closing(lines, at, opener["ticks"]) if opener else None
        if opener is None or end is None:
            at += 1
            continue
        indent = len(opener["indent"])
        body = [line[indent:] if line[:indent].isspace() else line for line in lines[at + 1 : end]]
        yield _language(opener["info"]), "\n".join(body if indent else lines[at + 1 : end]).strip()
        at = end + 1


def _closing(lines: Sequence[str], opener: int, ticks: str) -> int | None:
    """Return the line that closes a block; fences within a here-document do not, where that ends."""
    plain: int | None = None
    until = ""
    for at in range(opener + 1, len(lines)):
        line = lines[at].strip()
        closes = re.fullmatch(rf" {{0,3}}`{{{len(ticks)},}}\s*", lines[at]) is not None
        if closes and plain is None:
            plain = at
        if until:
            until = "" if line == until else until
        elif closes:
            return at
        elif begun := _HEREDOC.search(lines[at]):
            until = begun["end"]
    return plain


def _language(info: str) -> str:
    words = re.findall(r"[\w+-]+", info)
    return words[0].lower() if words else ""
