"""What in a completion is reasoning or a model's control token, and no part of the answer."""

import re

__all__ = ["strip_end_tokens", "strip_reasoning"]

_REASONING = re.compile(
    r"(?P<open>^[ \t]*<(?:think|thinking|thought|reasoning)>|^[ \t]*\[THINK\]|^[ \t]*<\|channel>)"
    r"|(?P<close></(?:think|thinking|thought|reasoning)>(?![\"'])|\[/THINK\]|<channel\|>(?![\"']))",
    re.IGNORECASE | re.MULTILINE,
)
"""Tags as DeepSeek, Qwen, Magistral (``[THINK]``) and Gemma 4 (``<|channel>``) write them."""
_END_TOKEN = re.compile(r"(?:<[|｜][\w▁]+[|｜]>|</s>|<eos>|<EOT>|<turn\|>)\s*\Z")
_LONGEST_END_TOKEN = 40

_CHANNELS = "analysis|commentary|final"
_HEADER = re.compile(
    rf"(?:<\|start\|>(?P<role>[^<]*))?(?:<\|channel\|>|\A\s*)(?P<channel>{_CHANNELS})(?P<rest>[^<]*)"
    r"(?:<\|constrain\|>[^<]*)?<\|message\|>"
    rf"|(?:<\|start\|>[^<\n]*)?<\|channel\|>(?P<unfinished>{_CHANNELS})\b"
    r"|<\|start\|>(?P<turn>\w+)[^<\n]*(?:<\|message\|>)?"
)
_MESSAGE_END = re.compile(r"\s*<\|(?:end|return|call)\|>\s*\Z")
_BARE_CHANNELS = re.compile(rf"(?:\A\s*|assistant)(?P<channel>{_CHANNELS})")
"""What is left of the headers where a server drops special tokens: ``analysisWe need…assistantfinal…``."""
_AFTER_BARE_CHANNEL = re.compile(
    r"final (?:(?:def|class|import|from|async) |@)|(?:analysis|commentary) [A-Z]"
)


def strip_reasoning(text: str) -> str:
    """Return `text` without its reasoning blocks; after an unclosed one nothing is left.

    A closing tag without an opening one, which was in the prompt then, ends reasoning that
    began with the text. Of gpt-oss's channels (https://github.com/openai/harmony, docs/format.md)
    ``analysis`` and ``commentary`` are reasoning, ``final`` is the answer.
    """
    text = _final_channel(text)
    kept: list[str] = []
    start, inside = 0, False
    for tag in _REASONING.finditer(text):
        if tag["open"] and not inside:
            kept.append(text[start : tag.start()])
            inside = True
        elif tag["close"]:
            if not inside:
                kept.clear()
            start, inside = tag.end(), False
    return "".join(kept) if inside else "".join([*kept, text[start:]])


def _final_channel(text: str) -> str:
    """Return the messages of the ``final`` channel, or `text` where it has no channels."""
    headers = list(_HEADER.finditer(text))
    if not any(header["channel"] or header["unfinished"] for header in headers):
        return _final_bare_channel(text)
    before = text[: headers[0].start()]
    kept = [] if _MESSAGE_END.search(before[-_LONGEST_END_TOKEN:]) else [before]
    for number, header in enumerate(headers):
        end = headers[number + 1].start() if number + 1 < len(headers) else len(text)
        if _is_answer(header):
            kept.append(_without_message_end(text[header.end() : end]))
    return "\n".join(filter(str.strip, kept))


def _is_answer(header: re.Match[str]) -> bool:
    if header["turn"]:
        return header["turn"] == "assistant"
    return "final" in (header["channel"], header["unfinished"])


def _without_message_end(text: str) -> str:
    end = _MESSAGE_END.search(text, max(0, len(text) - _LONGEST_END_TOKEN))
    return text[: end.start()] if end else text


def _final_bare_channel(text: str) -> str:
    headers = list(_BARE_CHANNELS.finditer(text))
    if not headers or headers[0].start() > 0:
        return text
    channel, after = headers[-1]["channel"], text[headers[-1].end() :]
    if len(headers) == 1 and not _AFTER_BARE_CHANNEL.match(f"{channel} {after[:20]}"):
        return text
    return after if channel == "final" else ""


def strip_end_tokens(text: str) -> str:
    """Return `text` without the special tokens that some servers leave at the end."""
    text = text.rstrip()
    while token := _END_TOKEN.search(text[-_LONGEST_END_TOKEN:]):
        text = text[: len(text) - len(token[0])].rstrip()
    return text
