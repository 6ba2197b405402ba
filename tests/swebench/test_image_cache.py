"""Images within a bound on their disk, and what registries say of their weight."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.repositories import images, manifests
from pytest_mcode.harnesses.repositories.image_cache import ImageCache
from pytest_mcode.harnesses.repositories.images import check_disk, weight_said
from pytest_mcode.harnesses.repositories.manifests import weigh

from . import instance
from .conftest import MIB

AMD = "linux/amd64"


def there(engine, names):
    return [images.inspect(engine, name) is not None for name in names]


@pytest.mark.docker
def test_the_least_recently_used_go_first_and_none_that_is_not_ours(engine, pulled):
    cache = ImageCache("engine", int(2.5 * MIB))
    first, second, third, _ = pulled
    for image in (first, second, first):
        with cache.using(engine, image, AMD, "task"):
            assert there(engine, [image]) == [True]
    with cache.using(engine, instance.BASE_IMAGE, AMD, "task"):
        pass
    another = ImageCache("engine", int(2.5 * MIB))
    with another.using(engine, third, AMD, "task"):
        pass
    assert there(engine, [first, second, third, instance.BASE_IMAGE]) == [True, False, True, True]
    assert 0 < another.room() < MIB
    with pytest.raises(InfraError, match="can't be pulled"):
        another.pull(engine, "127.0.0.1:1/gone:1", AMD)


@pytest.mark.docker
def test_an_image_in_which_a_container_is_stays(engine, pulled):
    cache = ImageCache("engine", int(1.5 * MIB))
    first, second, *_ = pulled
    cache.pull(engine, first, AMD)
    made = engine.create_container(first, ["true"])
    try:
        cache.pull(engine, second, AMD)
        assert there(engine, [first, second]) == [True, True]
    finally:
        engine.remove_container(made)
    with cache.using(engine, second, AMD, "task"):
        pass
    cache.pull(engine, second, AMD)
    assert there(engine, [first, second]) == [False, True]


def test_a_registry_tells_what_images_weigh(pulled):
    found = weigh(pulled[:2], AMD)
    assert (found.images, found.asked) == (2, 2)
    assert 2 * MIB < found.download < 2.1 * MIB
    assert weigh(["127.0.0.1:1/gone:1"], AMD) is None
    assert weight_said(["127.0.0.1:1/gone:1"], AMD) == "about 1 GB (1 GB each: no registry tells)"
    with pytest.raises(ConfigurationError, match=r"300 images are missing and need about 120 GB.* has 78 GB"):
        check_disk(300, 120 * 10**9, 78 * 10**9)


def test_layers_that_images_share_count_once_and_tokens_are_asked_for(monkeypatch):
    monkeypatch.setattr(manifests, "ASKED", 4)
    asked = []

    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            name = self.path.split("/")[-3] if "/manifests/" in self.path else ""
            layers = [{"digest": "base", "size": 100}, {"digest": name, "size": 10}]
            listed = [
                {"digest": f"sha256:{name}", "platform": {"os": "linux", "architecture": name}}
                for name in ("arm64", "amd64")
            ]
            if self.path.startswith("/token"):
                return self.answer(200, {"token": "secret"})
            if self.headers.get("Authorization") != "Bearer secret":
                return self.answer(401, {})
            index = not self.path.endswith("sha256:amd64")
            return self.answer(200, {"manifests": listed} if index else {"layers": layers})

        def answer(self, status, body):
            content = json.dumps(body).encode()
            self.send_response(status)
            realm = f"http://127.0.0.1:{self.server.server_port}/token"
            self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="r",scope="pull"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    names = [f"127.0.0.1:{server.server_port}/of/task{number}:1" for number in range(8)]
    found = weigh(names, AMD)
    server.shutdown()
    server.server_close()
    assert (found.images, found.asked, found.download) == (8, 4, 100 + 8 * 10)
    assert ("/token?service=r&scope=pull", None) in asked
