"""A registry of one small image on loopback, which engines trust without TLS."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Registry"]

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Registry:
    """Serves ``127.0.0.1:PORT/mcode-test-pulled:1``, an image without Python, while `flowing` is set."""

    def __init__(self, architecture: str, layer_bytes: int) -> None:
        layer = _layer(layer_bytes)
        compressed = gzip.compress(layer, 0)
        config = json.dumps(
            {
                "architecture": architecture,
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            }
        ).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "size": len(config), "digest": _digest(config)},
                "layers": [{"mediaType": LAYER, "size": len(compressed), "digest": _digest(compressed)}],
            }
        ).encode()
        self._content = {
            "/v2/": (b"{}", "application/json"),
            "/v2/mcode-test-pulled/manifests/1": (manifest, MANIFEST),
            f"/v2/mcode-test-pulled/manifests/{_digest(manifest)}": (manifest, MANIFEST),
            f"/v2/mcode-test-pulled/blobs/{_digest(config)}": (config, CONFIG),
            f"/v2/mcode-test-pulled/blobs/{_digest(compressed)}": (compressed, LAYER),
        }
        self.digest = _digest(manifest)
        self.flowing = threading.Event()
        self.flowing.set()
        self.held = threading.Event()
        """Set when somebody waits for it to flow."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.image = f"127.0.0.1:{self._server.server_port}/mcode-test-pulled:1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.flowing.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served, flowing, held = self._content, self.flowing, self.held

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if "/blobs/" in self.path and not flowing.is_set():
                    held.set()
                    flowing.wait()
                body, kind = served.get(self.path, (b"{}", ""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Docker-Content-Digest", _digest(body))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _layer(size: int) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("filling")
        member.size = size
        tar.addfile(member, io.BytesIO(bytes(size)))
    return archive.getvalue()
