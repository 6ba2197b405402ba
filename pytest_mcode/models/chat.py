"""One chat turn through Mellea: what goes out is what was asked, word for word. Imports Mellea."""

import json
from collections.abc import Mapping
from typing import Any

from mellea.backends import ModelOption
from mellea.backends.tools import MelleaTool
from mellea.formatters import ChatFormatter
from mellea.stdlib import functional
from mellea.stdlib.components import Message
from mellea.stdlib.context import ChatContext

from pytest_mcode.models import Completion, Request
from pytest_mcode.records import Message as Turn

__all__ = ["Verbatim", "chat"]


class Verbatim(ChatFormatter):  # type: ignore[misc]
    """Words a message as it is: Mellea's own compiles a template for each, to the same text."""

    def print(self, c: Any) -> str:
        """Return the text of a message."""
        return str(c.content)


async def chat(backend: Any, request: Request, options: Mapping[str, Any]) -> Completion:
    """Send the conversation of `request` to a Mellea backend; leaving early drops the connection.

    None of Mellea's strategies, requirements or templates takes part: they swallow errors or
    change the prompt.
    """
    *history, last = [_message(each) for each in request.messages]
    context = ChatContext()
    for turn in history:
        context = context.add(turn)
    thunk, _ = await functional.aact(
        last,
        context,
        backend,
        strategy=None,
        model_options={**options, **_own(request), **_tools(request)},
        tool_calls=bool(request.tools),
        silence_context_type_warning=True,
    )
    async with thunk:
        await thunk.avalue()
    return _completion(thunk)


def _message(turn: Turn) -> Message:
    calls = turn.get("tool_calls")
    return Message(
        turn["role"],
        _sendable(turn["content"]),
        tool_calls=[dict(call) for call in calls] if calls else None,
        tool_call_id=turn.get("tool_call_id"),
        tool_name=turn.get("tool_name"),
    )


def _own(request: Request) -> Mapping[str, Any]:
    """Return the options that are a request's own; all backends spell them alike."""
    warmer = {} if request.temperature is None else {"temperature": request.temperature}
    return {"seed": request.seed, **warmer}


def _tools(request: Request) -> Mapping[str, Any]:
    """Return Mellea's option for the tools of a request; whoever asked calls them, not Mellea."""
    named = [(tool["function"]["name"], dict(tool)) for tool in request.tools]
    tools = [MelleaTool(name, lambda **_: None, tool) for name, tool in named]
    return {ModelOption.TOOLS: tools} if tools else {}


def _tool_calls(thunk: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "id": call.tool_call_id or f"call_{number}",
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(dict(call.args))},
        }
        for number, call in enumerate(thunk.tool_calls or ())
    )


def _sendable(text: str) -> str:
    """Replace lone surrogates, which no UTF-8 body can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _completion(thunk: Any) -> Completion:
    prompt_tokens, completion_tokens = _token_counts(thunk)
    reason = next(iter(thunk.generation.finish_reasons or ()), None) or ""
    return Completion(
        text=thunk.value or "",
        reasoning=thunk.thinking or "",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        finish_reason="length" if reason == "max_tokens" else reason,
        tool_calls=_tool_calls(thunk),
    )


def _token_counts(thunk: Any) -> tuple[int | None, int | None]:
    """Return the server's counts of prompt and completion; Mellea's own drops one without the other."""
    raw = thunk.raw.response
    if hasattr(raw, "eval_count"):
        return _count(raw.prompt_eval_count), _count(raw.eval_count)
    usage: Mapping[str, Any] = thunk.generation.usage or {}
    return _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
