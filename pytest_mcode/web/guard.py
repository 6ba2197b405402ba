"""Who may ask: whoever has the token, of the address that was printed, and nobody by way of another page."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Access", "Guard"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What models wrote could do nothing even if it were not escaped: no script or style in a page counts."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Access:
    """What a browser must show to be served by this process."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """In the address that is printed, then in a cookie."""
    form_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """In every form that writes: other pages of this browser cannot know it."""

    @property
    def address(self) -> str:
        """The address to open."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def hosts(self) -> Sequence[str]:
        """What a browser that was not led astray calls us: DNS rebinding makes it send another name."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def cookie(self) -> str:
        """Its name: browsers keep cookies by host, not by port."""
        return f"mcode-view-{self.port}"


class Guard:
    """Lets through what `Access` allows, and says in headers what pages may do."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._refusal(Request(scope))
        await (answer or self._app)(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """Return what is answered instead, or None where the request is served."""
        if request.headers.get("host") not in self._access.hosts:
            return PlainTextResponse(
                f"mcode view answers at {self._access.hosts[0]}, under no other name\n", 421
            )
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only GET and POST are served here\n", 405)
        if "token" in request.query_params and request.method == "GET":
            return self._entrance(request)
        if not _equal(request.cookies.get(self._access.cookie, ""), self._access.token):
            return PlainTextResponse("Open the address, with its token, that `mcode view` printed\n", 403)
        if request.method == "POST" and not self._is_from_us(request):
            return PlainTextResponse("Only forms of this page may write\n", 403)
        return None

    def _entrance(self, request: Request) -> Response:
        if not _equal(request.query_params["token"], self._access.token):
            return PlainTextResponse("The token is another one: open the address that was printed\n", 403)
        rest = urlencode([(name, value) for name, value in parse_qsl(request.url.query) if name != "token"])
        path = "/" + request.url.path.lstrip("/")  # two slashes would name another host
        answer = RedirectResponse(path + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self._access.cookie, self._access.token, httponly=True, samesite="strict")
        return answer

    def _is_from_us(self, request: Request) -> bool:
        """Whether a form of ours was sent; another port of this host is the same site to a browser."""
        ours = [f"http://{host}" for host in self._access.hosts]
        return request.headers.get("origin") in ours and _equal(
            request.headers.get("x-form-key", ""), self._access.form_key
        )


def _equal(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(errors="replace"), wanted.encode())
