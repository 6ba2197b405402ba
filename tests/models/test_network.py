"""Proxies and certificates of the environment: one message with the remedy, and none for this machine."""

from typing import Any

import httpx
import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import backends
from pytest_mcode.models.network import exempt, route_to
from tests.servers import OpenAIServer, Reply

from ..session_support import SMOKE
from .conftest import Open, Wire, ask, asked

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
SOCKS = (
    "ALL_PROXY=socks5://127.0.0.1:9: a SOCKS proxy needs the package socksio; install it with: "
    "pip install 'httpx[socks]', or add model.example to NO_PROXY to reach the model server without a proxy"
)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    "environment",
    [
        {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"},
        {"ALL_PROXY": "socks5://127.0.0.1:9"},
        {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "[::1],fe80::/10,10.0.0.0/8"},
        {"HTTP_PROXY": "nonsense://"},
        {"SSL_CERT_FILE": "/nowhere/ca.pem"},
    ],
    ids=["HTTP", "SOCKS", "NO_PROXY", "nonsense", "certificates"],
)
def test_this_machine_is_reached_without_any_of_it(
    wire: Wire, open_for: Open, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with wire.serve("fine") as server:
        assert backends.check_model(wire.backend, asked(server.model, base_url=server.url))["base_url"]
        assert open_for(server).generate(ask("hi")).text == "fine"


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("10.0.0.0/8", "http://10.1.2.3:8000/v1"),
        ("fd00::/8", "http://[fd00::5]:8000/v1"),
        ("[fd00::5]", "http://[fd00::5]:8000/v1"),
        ("fd00::5", "http://[fd00::5]:8000/v1"),
        ("10.1.2.3:8000", "http://10.1.2.3:8000/v1"),
        ("example.com", "http://gpu.example.com/v1"),
        (".example.com", "http://gpu.example.com/v1"),
        ("*.example.com", "http://gpu.example.com/v1"),
        ("a.b, gpu.example.com:8000", "http://gpu.example.com:8000/v1"),
        ("*", "https://anything.example/v1"),
    ],
)
def test_what_no_proxy_excludes(monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert route_to(url).proxy is None
    assert route_to("http://192.168.7.7/v1").proxy == ("http://proxy:3128" if no_proxy != "*" else None)


def test_other_libraries_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "[::1], fe80::/10, 10.0.0.0/8,intra.example")
    monkeypatch.delenv("no_proxy")
    with OpenAIServer() as server:
        exempt(server.url)
        assert httpx.get(f"{server.url}/version").json() == {"version": "0.11.2"}
    assert route_to("http://intra.example").proxy is None
    assert route_to("http://other.example").proxy == "http://127.0.0.1:9"


def test_a_proxy_is_used(open_for: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    far = "http://model.example:8000/v1"
    body = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "from afar"}}]}'
    with OpenAIServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
        proxy.overrides |= {
            f"{far}/models": Reply(body=b'{"data": [{"id": "m", "max_model_len": 4096}]}'),
            f"{far}/chat/completions": Reply(body=body),
        }
        assert backends.check_model("openai", asked("m", base_url=far))["context_length"] == 4096
        assert open_for(proxy, model="m", base_url=far).generate(ask("hi")).text == "from afar"


@pytest.mark.parametrize(
    ("environment", "url", "message"),
    [
        ({"ALL_PROXY": "socks5://me:secret@127.0.0.1:9"}, "http://model.example/v1", SOCKS),
        (
            {"HTTPS_PROXY": "nonsense"},
            "https://model.example/v1",
            None,
        ),
        (
            {"HTTP_PROXY": "ftp://proxy:1"},
            "http://model.example/v1",
            "HTTP_PROXY=ftp://proxy:1: not a proxy that can be used; give one such as http://host:3128, "
            "or add model.example to NO_PROXY to reach the model server without a proxy",
        ),
        (
            {"SSL_CERT_FILE": "/nowhere/ca.pem"},
            "https://model.example/v1",
            "SSL_CERT_FILE=/nowhere/ca.pem: there is no such file; give one with certificates, or unset "
            "SSL_CERT_FILE",
        ),
        (
            {"SSL_CERT_FILE": __file__},
            "https://model.example/v1",
            f"SSL_CERT_FILE={__file__}: no certificates can be read there (*); give a PEM file, or unset it",
        ),
    ],
)
def test_what_cannot_be_used_is_one_message(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    url: str,
    message: str | None,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if message is None:
        assert route_to(url).proxy == "http://nonsense"
        return
    result: Any = pytester.runpytest_inprocess(
        *SMOKE, "--mcode-backend=openai", "--mcode-model=m", f"--mcode-base-url={url}"
    )
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    with pytest.raises(ConfigurationError):
        backends.open_model("openai", asked("m", base_url=url))
