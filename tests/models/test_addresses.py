"""Addresses and keys, as people write them."""

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import backends
from pytest_mcode.models.mellea import MelleaBackend
from pytest_mcode.models.openai import api_key

from .conftest import asked


def server_url(backend: str, base_url: str | None) -> str | None:
    found = backends.get(backend)
    assert isinstance(found, MelleaBackend)
    return found.address(base_url)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("localhost", "http://localhost:11434"),
        ("0.0.0.0:8080", "http://0.0.0.0:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("http://gpu", "http://gpu:80"),
        ("https://gpu.example/", "https://gpu.example:443"),
        ("http://gpu:11434/v1", "http://gpu:11434"),
        ("http://gpu:11434/v1/", "http://gpu:11434"),
        ("http://gpu:11434/api", "http://gpu:11434"),
        ("https://gpu/ollama", "https://gpu:443/ollama"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_ollama(monkeypatch: pytest.MonkeyPatch, written: str | None, url: str) -> None:
    assert server_url("ollama", written) == url
    if written:
        monkeypatch.setenv("OLLAMA_HOST", written)
        assert server_url("ollama", None) == url


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (None, "https://api.openai.com/v1"),
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("localhost:1234", "http://localhost:1234/v1"),
        ("https://host/openai/v3", "https://host/openai/v3"),
    ],
)
def test_openai(monkeypatch: pytest.MonkeyPatch, written: str | None, url: str) -> None:
    assert server_url("openai", written) == url
    if written:
        monkeypatch.setenv("OPENAI_BASE_URL", written)
        assert server_url("openai", None) == url


@pytest.mark.parametrize(
    "written", ["ftp://host", "http://host:port", "two words", "http://host:99999", "http://host/?key=1"]
)
@pytest.mark.parametrize("backend", ["ollama", "openai"])
def test_no_address(backend: str, written: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        server_url(backend, written)
    assert str(caught.value) == (
        f"model server: {written!r} is not an address; give one such as http://localhost:11434"
    )


def test_a_password_is_not_taken_into_the_record() -> None:
    with pytest.raises(ConfigurationError) as caught:
        server_url("openai", "http://me:secret@host")
    assert str(caught.value) == (
        "model server: the address holds a user name; give the key in the environment instead"
    )


def test_other_backends() -> None:
    assert server_url("litellm", None) is None
    assert server_url("watsonx", "https://cloud.example/") == "https://cloud.example"
    with pytest.raises(ConfigurationError) as caught:
        backends.open_model("hf", asked("m", base_url="http://localhost"))
    assert str(caught.value) == "--mcode-base-url: hf runs the model in this process; leave the flag out"


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as caught:
        api_key("https://api.openai.com/v1")
    assert str(caught.value) == (
        "openai at https://api.openai.com/v1: no API key; set OPENAI_API_KEY, or name your own server "
        "with --mcode-base-url=http://localhost:8000/v1"
    )
    assert api_key("http://localhost:8000/v1") == "none-needed"
    monkeypatch.setenv("OPENAI_API_KEY", " sk-1\n")
    assert api_key("https://api.openai.com/v1") == "sk-1"
