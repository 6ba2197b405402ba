"""The model server for workers that cannot reach it: their requests go through the controller's machine.

For ``--mcode-model-here``. A worker has a server of its own on loopback; what it is asked travels on a
channel of the connection that xdist holds to the worker anyway (execnet's, by ssh encrypted), and the
controller asks.
"""

import itertools
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from pytest_mcode.models.network import route_to

__all__ = ["answer", "listen"]

LEFT_OUT = ("host", "connection", "content-length", "transfer-encoding", "accept-encoding")
"""Headers of a request that belong to one of the two connections alone."""
GONE = 502


def answer(channel: Any, url: str, *, key: str | None, timeout: float, most: int = 64) -> None:
    """Ask the server at `url` what comes on `channel`; the controller's side. Returns at once.

    Its own `key`, where it has one, takes the place of what the worker sends as such.
    """
    import httpx

    client = httpx.Client(timeout=timeout, **route_to(url).options)
    pool = ThreadPoolExecutor(most, thread_name_prefix="mcode-relay")
    sending = Lock()

    def ask(number: int, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        sent = {**headers, "authorization": f"Bearer {key}"} if key else headers
        try:
            found = client.request(method, f"{url}{path}", headers=dict(sent), content=body)
            kind = found.headers.get("content-type", "")
            told = (number, found.status_code, kind, found.content)
        except httpx.HTTPError as error:
            told = (number, GONE, "text/plain", f"{type(error).__name__}: {error}".encode())
        with sending:
            if not channel.isclosed():
                channel.send(told)

    def heard(message: Any) -> None:
        if message is not None:
            pool.submit(ask, *message)

    channel.setcallback(heard)


def listen(channel: Any) -> str:
    """Return the address at which this machine can ask what the controller's can; the worker's side."""
    numbers, sending = itertools.count(), Lock()
    waiting: dict[int, Future[tuple[int, str, bytes]]] = {}
    ended = object()

    def heard(message: Any) -> None:
        if message is ended:
            for each in list(waiting.values()):
                each.set_result((GONE, "text/plain", b"the connection to the controller has ended"))
        elif message[0] in waiting:
            waiting.pop(message[0]).set_result(message[1:])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            number, future = next(numbers), Future[tuple[int, str, bytes]]()
            waiting[number] = future
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in LEFT_OUT}
            with sending:
                channel.send((number, self.command, self.path, headers, body))
            status, kind, content = future.result()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = relay  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, name="mcode-relay", daemon=True).start()
    channel.setcallback(heard, endmarker=ended)
    return f"http://127.0.0.1:{server.server_address[1]}"
