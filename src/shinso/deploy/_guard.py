"""Which requests are answered at all: the right host, the same origin, the token, a body that is not too large."""

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

LARGEST_BODY = 32 * 2**20
COOKIE = "shinso-{}"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; sandbox"
"""Of a run's report, which has its styles inside and no script."""


@dataclass(frozen=True)
class Guard:
    """An ASGI application in front of another one.

    Attributes:
        app: what answers.
        hosts: names by which it may be asked, without ports; addresses in figures are let through where there is a token.
        token: what a browser has to bring once, by `?token=…`, and then as a cookie, and a program in every request, as
            `Authorization: Bearer …`; empty for none.
        called: what is guarded, for sentences.
    """

    app: Any
    hosts: frozenset[str]
    token: str = ""
    called: str = "studio"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or refuse it in a sentence."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        if self.token and not self._knows_token(headers):
            if hmac.compare_digest(_query(scope).get("token", [""])[0].encode(), self.token.encode()):
                await _answer(send, 303, "", [("location", _path(scope)), ("set-cookie", self._cookie)])
                return
            await _answer(send, 401, f"Open the {self.called} by the address it printed, which has a token.")
            return
        await self.app(scope, _bounded(receive), _with_headers(send))

    def _refusal(self, scope: Any, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._known(host):
            return 403, f"This host name is not the {self.called}'s; open it by the address it printed."
        if scope["method"] in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "The request came from another site."
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "The request came from another site."
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return 400, "The length of the request is not a number."
        if int(length) > LARGEST_BODY:
            return 413, f"At most {LARGEST_BODY >> 20} MiB are taken at once."
        return None

    def _known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return bool(self.token)  # an address in figures cannot be rebound

    def _knows_token(self, headers: dict[str, str]) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode()):
            return True
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(COOKIE.format(self.called))
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.token.encode())

    @property
    def _cookie(self) -> str:
        return f"{COOKIE.format(self.called)}={self.token}; HttpOnly; SameSite=Strict; Path=/"


class TooLargeError(Exception):
    """A body went on beyond `LARGEST_BODY`."""


def _bounded(receive: Any) -> Any:
    seen = 0

    async def bounded() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise TooLargeError
        return message

    return bounded


def _with_headers(send: Any) -> Any:
    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            added = [(name, value) for name, value in _HEADERS if name not in own]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sent


_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


def _path(scope: Any) -> str:
    """Return the path asked for, which leads nowhere else."""
    raw: bytes = scope.get("raw_path") or b"/"
    return "/" + raw.decode("latin-1").split("?")[0].lstrip("/\\")


def _query(scope: Any) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)


async def _answer(send: Any, status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    told = [("content-type", "text/plain; charset=utf-8"), *headers]
    encoded = [(name.encode(), value.encode()) for name, value in told]
    await send({"type": "http.response.start", "status": status, "headers": [*encoded, *_HEADERS]})
    await send({"type": "http.response.body", "body": text.encode()})
