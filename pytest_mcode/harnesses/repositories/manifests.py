"""What images weigh, as their registries say: by the layers of their manifests, and nothing is pulled.

The protocol is https://github.com/opencontainers/distribution-spec (``GET /v2/NAME/manifests/REFERENCE``),
with the token that a registry asks for (https://distribution.github.io/distribution/spec/auth/token/).
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

__all__ = ["Weight", "weigh"]

ASKED = 25
"""Images whose manifests are asked for, spread evenly: registries count such requests as pulls."""
UNPACKED = 3.0
"""Bytes on disk for a byte of a compressed layer: an estimate for Python environments."""
SECONDS = 5.0
KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
HUB = "registry-1.docker.io"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Weight:
    """Of some images, layers that they share counted once."""

    images: int
    asked: int
    """How many of them told; the others are taken to be like these."""
    download: int
    """Bytes."""

    @property
    def unpacked(self) -> int:
        """Bytes on the engine's disk, about."""
        return int(self.download * UNPACKED)


def weigh(images: Sequence[str], platform: str) -> Weight | None:
    """Return what images weigh; None where no registry tells."""
    known: list[Mapping[str, int]] = []
    with httpx.Client(timeout=SECONDS, follow_redirects=True) as client:
        for image in _spread(images):
            try:
                layers = _layers(client, image, platform)
            except httpx.TransportError:
                break  # The others would not be reached either.
            if layers:
                known.append(layers)
    if not known:
        return None
    return Weight(images=len(images), asked=len(known), download=_together(known, len(images)))


def _together(known: Sequence[Mapping[str, int]], images: int) -> int:
    """Return the bytes of all layers; those of one image alone grow with the images, others do not."""
    counted: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for layers in known:
        for digest, size in layers.items():
            counted[digest] = counted.get(digest, 0) + 1
            sizes[digest] = size
    own = sum(sizes[digest] for digest, times in counted.items() if times == 1)
    shared = sum(sizes[digest] for digest, times in counted.items() if times > 1)
    return round(shared + own * images / len(known))


def _spread(images: Sequence[str]) -> Sequence[str]:
    step = max(1, len(images) / ASKED)
    return [images[int(number * step)] for number in range(min(len(images), ASKED))]


def _layers(client: httpx.Client, image: str, platform: str) -> Mapping[str, int]:
    """Return the sizes of an image's compressed layers by digest; nothing where no registry tells."""
    address, name, reference = _located(image)
    manifest = _manifest(client, f"{address}/v2/{name}/manifests/{reference}")
    for listed in manifest.get("manifests", ()):
        there = listed.get("platform", {})
        if f"{there.get('os')}/{there.get('architecture')}" == platform:
            manifest = _manifest(client, f"{address}/v2/{name}/manifests/{listed['digest']}")
            break
    return {layer["digest"]: layer["size"] for layer in manifest.get("layers", ())}


def _manifest(client: httpx.Client, url: str) -> Mapping[str, Any]:
    headers = {"Accept": ", ".join(KINDS)}
    answer = client.get(url, headers=headers)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        token = _token(client, answer.headers.get("WWW-Authenticate", ""))
        answer = client.get(url, headers={**headers, "Authorization": f"Bearer {token}"})
    with suppress(ValueError):
        found = answer.json() if answer.is_success else {}
        return found if isinstance(found, dict) else {}
    return {}


def _token(client: httpx.Client, challenge: str) -> str:
    asked = dict(_CHALLENGE.findall(challenge))
    realm = asked.pop("realm", "")
    with suppress(ValueError, httpx.HTTPError):
        answer = client.get(realm, params=asked).json()
        return str(answer.get("token") or answer.get("access_token") or "")
    return ""


def _located(image: str) -> tuple[str, str, str]:
    """Return the address of an image's registry, its name there, and its tag or digest."""
    host, slash, rest = image.partition("/")
    if not slash or not (re.search(r"[.:]", host) or host == "localhost"):
        host, rest = HUB, image if slash else f"library/{image}"
    scheme = "http" if re.match(r"(localhost|127\.|\[::1\])", host) else "https"
    name, at, digest = rest.partition("@")
    if at:
        return f"{scheme}://{host}", name.partition(":")[0], digest
    name, _, tag = rest.partition(":")
    return f"{scheme}://{host}", name, tag or "latest"
