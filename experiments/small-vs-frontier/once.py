"""A server between pytest-mcode and a model server that answers each request once and then again the same.

    python experiments/small-vs-frontier/once.py http://127.0.0.1:8081 answers.db --port 8080

A request is the same when its bytes are: messages, seed, temperature, model. Runs that begin alike (styles of
repair with the same first attempts, fewer samples of the same seed) so begin from the very same answers, and
an interrupted recording goes on where it was. The seconds of an answer that is given again mean nothing.
"""

import argparse
import hashlib
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Answers:
    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY, kind, body)")
        self._lock = threading.Lock()

    def get(self, request: str) -> tuple[str, bytes] | None:
        with self._lock:
            query = "SELECT kind, body FROM answers WHERE request = ?"
            return self._database.execute(query, [request]).fetchone()

    def put(self, request: str, kind: str, body: bytes) -> None:
        with self._lock, self._database:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", [request, kind, body])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upstream")
    parser.add_argument("answers")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    answers, client = Answers(given.answers), httpx.Client(base_url=given.upstream, timeout=3600)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = client.get(self.path)
            self._send(found.status_code, found.headers.get("content-type", ""), found.content)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            key = hashlib.sha256(self.path.encode() + b"\n" + content).hexdigest()
            if known := answers.get(key):
                return self._send(200, *known)
            headers = {"content-type": self.headers.get("content-type", "application/json")}
            found = client.post(self.path, content=content, headers=headers)
            kind = found.headers.get("content-type", "")
            if found.status_code == 200:
                answers.put(key, kind, found.content)
            return self._send(found.status_code, kind, found.content)

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
