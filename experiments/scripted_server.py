"""The server of `bench_throughput.py`: OpenAI's chat completions, C slots, L seconds an answer, and its load.

    python experiments/scripted_server.py PORT ANSWERS.json

ANSWERS maps texts that prompts hold to code. ``POST /bench/set`` with ``{"slots": 32, "seconds": 1.0}`` (and
``slow_share``, ``slow_seconds``: every so manieth answer takes longer) begins new figures, which
``POST /bench/stats`` returns: answers, seconds from the first request to the last answer, the share of the
slots that was busy meanwhile, answers per second in the second half.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any


class Scripted:
    """What it answers, and what it saw."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.set({})

    def set(self, settings: dict[str, Any]) -> None:
        """Begin anew."""
        self.slots, self.seconds = settings.get("slots", 32), settings.get("seconds", 1.0)
        self.slow_share, self.slow_seconds = settings.get("slow_share", 0), settings.get("slow_seconds", 0.0)
        self.free, self.asked = asyncio.Semaphore(self.slots), 0
        self.asked_at, self.others = 0.0, 0
        self.first, self.work, self.ends = 0.0, 0.0, list[float]()

    def stats(self) -> dict[str, float]:
        """Return the figures."""
        if not self.ends:
            return {"answers": 0, "others": self.others}
        seconds = self.ends[-1] - self.first
        half = self.ends[len(self.ends) // 2 : max(len(self.ends) - self.slots, len(self.ends) // 2 + 2)]
        return {
            "answers": len(self.ends),
            "others": self.others,
            "asked_at": self.asked_at,
            "first": self.first,
            "seconds": seconds,
            "work": self.work,
            "busy": self.work / seconds / self.slots,
            "late_rate": (len(half) - 1) / max(half[-1] - half[0], 1e-3),
        }

    async def complete(self, body: bytes) -> dict[str, Any]:
        """Answer a request when a slot is free."""
        prompt = json.loads(body)["messages"][-1]["content"]
        code = next((code for text, code in self.answers.items() if text in prompt), None)
        self.asked_at = self.asked_at or time.time()
        if code is None:
            self.others += 1
            return completion(prompt, "def unknown(): pass")
        self.first = self.first or time.time()
        self.asked += 1
        slow = bool(self.slow_share) and self.asked % self.slow_share == 0
        seconds = self.slow_seconds if slow else self.seconds
        free = self.free
        async with free:
            await asyncio.sleep(seconds)
        if free is self.free:  # not of an earlier session
            self.work += seconds
            self.ends.append(time.time())
        return completion(prompt, code)

    async def answer(self, path: str, body: bytes) -> dict[str, Any] | None:
        """Return the answer to one request; None for what is not there."""
        if path.endswith("/chat/completions"):
            return await self.complete(body)
        if path.endswith("/models"):
            return {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "b"}]}
        if path == "/bench/set":
            self.set(json.loads(body))
            return {}
        return self.stats() if path == "/bench/stats" else None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                named = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                body = await reader.readexactly(int(named.get("content-length", 0)))
                found = await self.answer(lines[0].split()[1], body)
                data = json.dumps(found or {}).encode()
                status = "404 Not Found" if found is None else "200 OK"
                header = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}"
                writer.write(header.encode() + b"\r\n\r\n" + data)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def completion(prompt: str, code: str) -> dict[str, Any]:
    """Return an answer that holds `code`."""
    message = {"role": "assistant", "content": f"```python\n{code}\n```"}
    usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(code) // 4}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


async def main() -> None:
    """Serve until ended."""
    scripted = Scripted(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
