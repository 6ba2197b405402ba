"""A server on loopback that speaks as much of the Hub's protocol as `datasets` and `huggingface_hub` use."""

import hashlib
import io
import json
import posixpath
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pyarrow
import pyarrow.parquet

__all__ = ["Hub", "Repo", "parquet", "serve"]


@dataclass
class Repo:
    """One dataset repository, as it is at one commit."""

    sha: str
    files: dict[str, bytes]
    gated: bool = False

    def folders(self) -> set[str]:
        return {parent for path in self.files for parent in [posixpath.dirname(path)] if parent}


@dataclass
class Hub:
    """The repositories by id, and what was asked for."""

    repos: Mapping[str, Repo]
    requests: list[str] = field(default_factory=list)
    url: str = ""


def parquet(rows: pyarrow.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(rows, sink)
    return sink.getvalue()


@contextmanager
def serve(repos: Mapping[str, Repo]) -> Iterator[Hub]:
    hub = Hub(repos)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
        match parts:
            case ["datasets", org, name, "resolve", revision, *path]:
                if repo := self._repo(f"{org}/{name}", revision):
                    self._file(repo, "/".join(path))
            case ["api", "datasets", org, name]:
                if repo := self._repo(f"{org}/{name}", "main"):
                    self._json(self._info(f"{org}/{name}", repo))
            case ["api", "datasets", org, name, "revision", revision]:
                if repo := self._repo(f"{org}/{name}", revision):
                    self._json(self._info(f"{org}/{name}", repo))
            case ["api", "datasets", org, name, "tree", revision, *path]:
                if repo := self._repo(f"{org}/{name}", revision):
                    self._tree(repo, "/".join(path), recursive="recursive=true" in self.path.lower())
            case ["api", "datasets", org, name, "paths-info", revision]:
                if repo := self._repo(f"{org}/{name}", revision):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    self._json(_entries(repo, json.loads(body)["paths"]))
            case _:
                self._error(404, "", f"no route for {self.path}")

    do_HEAD = do_POST = do_GET  # noqa: N815

    def _repo(self, name: str, revision: str) -> Repo | None:
        repo = self.hub.repos.get(name)
        if repo is None:
            self._error(401, "RepoNotFound", "Repository not found")
        elif repo.gated:
            self._error(401, "GatedRepo", f"Access to dataset {name} is restricted")
        elif revision not in ("main", repo.sha):
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repo
        return None

    def _info(self, name: str, repo: Repo) -> dict:
        siblings = [{"rfilename": path} for path in repo.files]
        return {"_id": name, "id": name, "sha": repo.sha, "siblings": siblings, "tags": [], "private": False}

    def _file(self, repo: Repo, path: str) -> None:
        if path not in repo.files:
            self._error(404, "EntryNotFound", "Entry not found")
            return
        data = repo.files[path]
        self._send(200, data, {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": repo.sha})

    def _tree(self, repo: Repo, folder: str, recursive: bool) -> None:
        if folder and folder not in repo.folders():
            self._error(404, "EntryNotFound", f"{folder} does not exist")
            return
        prefix = f"{folder}/" if folder else ""
        below = [path for path in [*repo.files, *repo.folders()] if path.startswith(prefix)]
        self._json(_entries(repo, [path for path in below if recursive or posixpath.dirname(path) == folder]))

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, message: str) -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": message})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _entries(repo: Repo, paths: list[str]) -> list[dict]:
    files = [
        {"type": "file", "path": path, "oid": _oid(repo.files[path]), "size": len(repo.files[path])}
        for path in paths
        if path in repo.files
    ]
    folders = [
        {"type": "directory", "path": path, "oid": _oid(path.encode()), "size": 0}
        for path in paths
        if path in repo.folders()
    ]
    return files + folders


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
