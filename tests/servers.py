"""Scripted model servers on loopback that speak the wire protocols of Ollama and of OpenAI.

>>> with OllamaServer("```python\\nx = 1\\n```") as server:          # always this text
...     model = open_model(backend="ollama", model=server.model, base_url=server.url)
>>> OllamaServer(["wrong", Reply("right", completion_tokens=9)])     # in turn; the last one stays
>>> OpenAIServer(lambda body: "a" if len(body["messages"]) == 1 else status(503))
>>> OllamaServer([DROP, status(429, {"Retry-After": "1"}), HTML, "fine"])

What the preflight asks to see whether seeds are honoured is answered apart, by its seed; `server.seeds` says
how, `server.asked_seeds` holds these seeds.
`server.requests` holds the JSON body of every other chat request in order, `server.log` each
``(method, path)``. `server.stop()` refuses connections from then on (as a server that died),
`server.start()` takes the same port again. Replies stream when the request asks for it.
"""

import contextlib
import itertools
import json
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

from pytest_mcode.session.seeds import QUESTION

__all__ = [
    "CLOSE",
    "DRIBBLE",
    "DROP",
    "EMPTY",
    "HANG",
    "HTML",
    "INVALID_JSON",
    "OllamaServer",
    "OpenAIServer",
    "Reply",
    "status",
]


@dataclass(frozen=True)
class Reply:
    """One answer to a chat request."""

    text: str | None = ""
    reasoning: str | None = None
    finish: str | None = "stop"
    prompt_tokens: Any = 11
    """None leaves the count out, as some servers do."""
    completion_tokens: Any = 7
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent as it is, instead of the protocol's own form."""
    delay: float = 0.0
    """Seconds before the first byte."""
    fault: Literal["", "close", "drop", "hang", "dribble"] = ""
    """close: no byte at all; drop: half of the body; hang: silence until the server stops;
    dribble: headers, then a space every 20 ms until the server stops."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More keys of the top level of the JSON answer."""
    message: Mapping[str, Any] = field(default_factory=dict)
    """More keys of the assistant's message, such as ``tool_calls``, where the answer does not stream."""


Answer = str | Reply
Script = Answer | Sequence[Answer] | Callable[[dict[str, Any]], Answer]

CLOSE = Reply(fault="close")
DROP = Reply("half of this never arrives", fault="drop")
HANG = Reply(fault="hang")
DRIBBLE = Reply(fault="dribble")
EMPTY = Reply("", completion_tokens=0)
HTML = Reply(body=b"<html><body>Bad gateway</body></html>", headers={"Content-Type": "text/html"})
INVALID_JSON = Reply(body=b'{"message": {"role": "assistant", "content": "cut he')


def status(code: int, headers: Mapping[str, str] | None = None, message: str = "scripted failure") -> Reply:
    """Return a reply with an HTTP error status and the protocol's error body."""
    return Reply(text=message, status=code, headers=headers or {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Listener"

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.request)

    def finish(self) -> None:
        self.server.connections.discard(self.request)
        super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._respond({})

    def do_POST(self) -> None:
        self._respond(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def _respond(self, body: dict[str, Any]) -> None:
        self.server.owner._respond(self, body)

    def send(self, code: int, body: bytes, headers: Mapping[str, str], *, keep: int | None = None) -> None:
        """Send headers and the first `keep` bytes of the body in one write."""
        lines = [f"HTTP/1.1 {code} {self.responses.get(code, ('Scripted',))[0]}"]
        lines += [
            f"{k}: {v}"
            for k, v in {"Content-Type": "application/json", **headers, "Content-Length": len(body)}.items()
        ]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body[:keep])

    def send_chunks(self, chunks: Sequence[bytes], content_type: str, *, whole: bool) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.wfile.write(head.encode())
        for chunk in chunks:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        if whole:
            self.wfile.write(b"0\r\n\r\n")


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, owner: "ScriptedServer") -> None:
        super().__init__((owner.host, port), _Handler)
        self.owner = owner
        self.connections: set[socket.socket] = set()
        self.stopping = threading.Event()


class ScriptedServer:
    """What the two protocols share: listening, recording, faults."""

    CHAT: str
    DEFAULT_MODEL: str
    STREAM_TYPE: str

    def __init__(
        self, answer: Script = "ok", *, models: Sequence[str] | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.host = host
        self.models = list(models or (self.DEFAULT_MODEL,))
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Message] = []
        """Headers of the chat requests, beside `requests`."""
        self.log: list[tuple[str, str]] = []
        self.abandoned = 0
        """Requests whose client left while they hung."""
        self.failures: list[Exception] = []
        """What a scripted callable raised; the first one is raised again at the end of ``with``."""
        self.overrides: dict[str, Reply] = {}
        """Replies by path, for any endpoint: ``server.overrides["/api/tags"] = HANG``."""
        self.seeds: Literal["honoured", "no effect", "not honoured"] = "honoured"
        self.asked_seeds: list[int] = []
        self._script = self._as_function(answer)
        self._lock = threading.Lock()
        self._listener: _Listener | None = None
        self.port = 0

    @property
    def model(self) -> str:
        """The first model that the server knows."""
        return self.models[0]

    @property
    def url(self) -> str:
        """The address without a path, also while the server is stopped."""
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.stop()
        if kind is None and self.failures:
            raise self.failures[0]

    def start(self) -> None:
        """Listen: on a free port the first time, then on the same one."""
        self._listener = listener = _Listener(self.port, self)
        self.port = listener.server_address[1]
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those that are open. May be called twice."""
        if (listener := self._listener) is None:
            return
        self._listener = None
        listener.stopping.set()
        listener.shutdown()
        listener.server_close()
        for connection in list(listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _as_function(answer: Script) -> Callable[[dict[str, Any]], Answer]:
        if callable(answer):
            return answer
        answers = [answer] if isinstance(answer, str | Reply) else list(answer)
        turns = itertools.chain(answers, itertools.repeat(answers[-1]))
        return lambda _body: next(turns)

    def _respond(self, handler: _Handler, body: dict[str, Any]) -> None:
        path = handler.path
        with self._lock:
            self.log.append((handler.command, path))
            if path in self.overrides:
                reply = self._with_error_body(self.overrides[path])
            elif path == self.CHAT and QUESTION in str(body.get("messages")):
                reply = self._with_error_body(self._village(body))
            elif path == self.CHAT:
                self.requests.append(body)
                self.headers.append(handler.headers)
                reply = self._chat(body)
            else:
                reply = self._other(handler.command, path, body)
        self._play(handler, body, reply)

    def _village(self, body: dict[str, Any]) -> Reply:
        seed = body["seed"] if "seed" in body else body["options"]["seed"]
        self.asked_seeds.append(seed)
        texts = {
            "honoured": f"Village {seed}.",
            "no effect": "Village.",
            "not honoured": f"Village of request {len(self.asked_seeds)}.",
        }
        return Reply(texts[self.seeds])

    def _chat(self, body: dict[str, Any]) -> Reply:
        if body.get("model") not in self.models:
            return self._unknown_model(body.get("model"))
        answer = self._run_script(body)
        return self._with_error_body(Reply(answer) if isinstance(answer, str) else answer)

    def _run_script(self, body: dict[str, Any]) -> Answer:
        try:
            return self._script(body)
        except Exception as error:
            self.failures.append(error)
            return status(500, message=f"the script failed: {error!r}")

    def _with_error_body(self, reply: Reply) -> Reply:
        if reply.status != 200 and reply.body is None:
            return replace(reply, body=json.dumps(self._error(reply.text or "", reply.status)).encode())
        return reply

    def _play(self, handler: _Handler, body: dict[str, Any], reply: Reply) -> None:
        stopping = handler.server.stopping
        if stopping.wait(reply.delay) if reply.delay else False:
            reply = CLOSE
        if reply.fault in ("close", "hang"):
            if reply.fault == "hang":
                self._hang(handler)
            handler.close_connection = True
        elif reply.fault == "dribble":
            handler.send(200, b" " * 10**6, {}, keep=1)
            while not stopping.wait(0.02):
                handler.wfile.write(b" ")
        elif body.get("stream") and reply.body is None:
            self._play_stream(handler, body, reply)
        else:
            data = reply.body if reply.body is not None else json.dumps(self._whole(body, reply)).encode()
            dropped = reply.fault == "drop"
            handler.send(reply.status, data, reply.headers, keep=len(data) // 2 if dropped else None)
            handler.close_connection = dropped

    def _hang(self, handler: _Handler) -> None:
        while not handler.server.stopping.wait(0.01):
            if select.select([handler.connection], [], [], 0)[0]:
                self.abandoned += 1
                return

    def _play_stream(self, handler: _Handler, body: dict[str, Any], reply: Reply) -> None:
        chunks = list(self._stream(body, reply))
        dropped = reply.fault == "drop"
        handler.send_chunks(
            chunks[: len(chunks) // 2] if dropped else chunks, self.STREAM_TYPE, whole=not dropped
        )
        handler.close_connection = dropped

    def _other(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        raise NotImplementedError

    def _unknown_model(self, name: object) -> Reply:
        raise NotImplementedError

    def _error(self, message: str, code: int) -> dict[str, Any]:
        raise NotImplementedError

    def _whole(self, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
        raise NotImplementedError

    def _stream(self, body: dict[str, Any], reply: Reply) -> Iterator[bytes]:
        raise NotImplementedError


def _json(value: object, code: int = 200) -> Reply:
    return Reply(body=json.dumps(value).encode(), status=code)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _pieces(text: str | None) -> list[str]:
    text = text or ""
    return [text[start : start + 8] for start in range(0, len(text), 8)]


class OllamaServer(ScriptedServer):
    """Ollama's own API: version, tags, ps, show, pull, chat."""

    CHAT = "/api/chat"
    DEFAULT_MODEL = "qwen2.5-coder:7b"
    STREAM_TYPE = "application/x-ndjson"
    DIGEST = "dae161e27b0e90dd1856c8bb3209201fd6736d8eb66298e75ed87571486f4364"
    DETAILS = {  # noqa: RUF012
        "parent_model": "",
        "format": "gguf",
        "family": "qwen2",
        "families": ["qwen2"],
        "parameter_size": "7.6B",
        "quantization_level": "Q4_K_M",
    }

    def _other(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        match path:
            case "/api/version":
                return _json({"version": "0.13.5"})
            case "/api/tags" | "/api/ps":
                return _json({"models": [self._listed(name) for name in self.models]})
            case "/api/show" if body.get("model") in self.models:
                return _json(
                    {
                        "parameters": "temperature                    0.7",
                        "template": "{{ .Prompt }}",
                        "details": self.DETAILS,
                        "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768},
                        "capabilities": ["completion", "tools"],
                    }
                )
            case "/api/show":
                return self._unknown_model(body.get("model"))
            case "/api/pull":
                self.models.append(body["model"])
                return Reply(body=b'{"status": "pulling manifest"}\n{"status": "success"}\n')
            case "/":
                return Reply(body=b"Ollama is running", headers={"Content-Type": "text/plain"})
            case _:
                return Reply(body=b"404 page not found", status=404, headers={"Content-Type": "text/plain"})

    def _listed(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "model": name,
            "modified_at": "2025-06-01T10:00:00.000000000+02:00",
            "size": 4683087561,
            "digest": self.DIGEST,
            "details": self.DETAILS,
        }

    def _unknown_model(self, name: object) -> Reply:
        return _json({"error": f"model '{name}' not found"}, 404)

    def _error(self, message: str, code: int) -> dict[str, Any]:
        return {"error": message}

    def _line(self, body: dict[str, Any], message: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "model": body.get("model"),
            "created_at": "2025-06-01T10:00:00.0Z",
            "message": message,
            **more,
        }

    def _last(self, reply: Reply) -> dict[str, Any]:
        return _without_none(
            {
                "done_reason": reply.finish,
                "done": True,
                "total_duration": 5_000_000,
                "load_duration": 1_000_000,
                "prompt_eval_count": reply.prompt_tokens,
                "prompt_eval_duration": 1_000_000,
                "eval_count": reply.completion_tokens,
                "eval_duration": 3_000_000,
                **reply.extra,
            }
        )

    def _whole(self, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
        message = {"role": "assistant", "content": reply.text, "thinking": reply.reasoning}
        message.update(reply.message)
        return self._line(body, _without_none(message), **self._last(reply))

    def _stream(self, body: dict[str, Any], reply: Reply) -> Iterator[bytes]:
        messages = [
            {"role": "assistant", "content": "", "thinking": each} for each in _pieces(reply.reasoning)
        ]
        messages += [{"role": "assistant", "content": each} for each in _pieces(reply.text)]
        for message in messages:
            yield json.dumps(self._line(body, message, done=False)).encode() + b"\n"
        end = self._line(body, {"role": "assistant", "content": ""}, **self._last(reply))
        yield json.dumps(end).encode() + b"\n"


class OpenAIServer(ScriptedServer):
    """An OpenAI-compatible server that looks like vLLM: version, models, chat completions."""

    CHAT = "/v1/chat/completions"
    DEFAULT_MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct"
    STREAM_TYPE = "text/event-stream"

    def _other(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        match path:
            case "/version":
                return _json({"version": "0.11.2"})
            case "/v1/models":
                return _json({"object": "list", "data": [self._listed(name) for name in self.models]})
            case _:
                return _json({"detail": "Not Found"}, 404)

    def _listed(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": 1748768400,
            "owned_by": "vllm",
            "root": name,
            "max_model_len": 32768,
        }

    def _unknown_model(self, name: object) -> Reply:
        return _json(self._error(f"The model `{name}` does not exist.", 404), 404)

    def _error(self, message: str, code: int) -> dict[str, Any]:
        return {"error": {"message": message, "type": "scripted", "param": None, "code": code}}

    def _usage(self, reply: Reply) -> dict[str, Any] | None:
        if reply.prompt_tokens is None and reply.completion_tokens is None:
            return None
        counts = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        total = sum(count for count in counts.values() if isinstance(count, int))
        return _without_none({**counts, "total_tokens": total})

    def _envelope(self, body: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1748768400, "model": body.get("model"), **more}

    def _whole(self, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text, **reply.message}
        if reply.reasoning is not None:
            message["reasoning_content"] = reply.reasoning
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
        answer = {"choices": [choice], "usage": self._usage(reply), **reply.extra}
        return self._envelope(body, "chat.completion", **answer)

    def _stream(self, body: dict[str, Any], reply: Reply) -> Iterator[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning_content": each} for each in _pieces(reply.reasoning)]
        deltas += [{"content": each} for each in _pieces(reply.text)]
        ends = [*[None] * len(deltas), reply.finish]
        for delta, finish in zip([*deltas, {}], ends, strict=True):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            yield self._event(self._envelope(body, "chat.completion.chunk", choices=[choice]))
        if (body.get("stream_options") or {}).get("include_usage"):
            usage = self._usage(reply)
            yield self._event(self._envelope(body, "chat.completion.chunk", choices=[], usage=usage))
        yield b"data: [DONE]\n\n"

    @staticmethod
    def _event(value: object) -> bytes:
        return b"data: " + json.dumps(value).encode() + b"\n\n"
