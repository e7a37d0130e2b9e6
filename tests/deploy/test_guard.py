"""Who is answered: the right host, the same origin, the token; and what an answer carries."""

import asyncio
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
from shinso.deploy._guard import LARGEST_BODY, Guard


async def echo(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def asked(method: str = "GET", url: str = "http://localhost:8000/", token: str = "", **more: Any) -> httpx.Response:
    guard = Guard(echo, frozenset({"localhost", "127.0.0.1", "::1"}), token)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard)) as client:
            return await client.request(method, url, **more)

    return asyncio.run(ask())


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST:1"])
def test_own_names_are_answered(host: str) -> None:
    assert asked(headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[::1", "127.0.0.1.nip.io:8000"]
)
def test_rebound_names_are_refused(host: str) -> None:
    assert asked(headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_cannot_post(headers: dict[str, str]) -> None:
    assert asked("POST", headers=headers).status_code == 403


def test_the_own_site_can_post() -> None:
    headers = {"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"}
    assert asked("POST", headers=headers, content=b"abc").text == "3"


def test_large_bodies_are_refused_before_they_are_read() -> None:
    assert asked("POST", headers={"content-length": str(LARGEST_BODY + 1)}).status_code == 413
    assert asked("POST", headers={"content-length": "-1"}).status_code == 400


def test_bodies_without_a_length_are_counted() -> None:
    async def parts() -> Any:
        for _ in range(LARGEST_BODY // 2**20 + 1):
            yield bytes(2**20)

    with pytest.raises(Exception, match=r"^$") as caught:
        asked("POST", content=parts())
    assert type(caught.value).__name__ == "TooLargeError"


def test_a_token_is_asked_for_once_and_kept_as_a_cookie() -> None:
    assert asked(token="secret").status_code == 401
    assert asked(url="http://localhost:8000/?token=wrong", token="secret").status_code == 401
    met = asked(url="http://localhost:8000/train?token=secret", token="secret")
    assert (met.status_code, met.headers["location"]) == (303, "/train")
    assert "HttpOnly; SameSite=Strict" in met.headers["set-cookie"]
    cookie = met.headers["set-cookie"].split(";")[0]
    assert asked(headers={"cookie": cookie}, token="secret").status_code == 200
    assert asked(headers={"cookie": cookie, "host": "10.0.0.1:8000"}, token="secret").status_code == 200
    assert asked(headers={"cookie": cookie[:-1]}, token="secret").status_code == 401


def test_a_token_does_not_lead_elsewhere() -> None:
    met = asked(url="http://localhost:8000//evil.example/?token=secret", token="secret")
    assert met.headers["location"] == "/evil.example/"


def test_answers_carry_a_strict_policy() -> None:
    for answer in (asked(), asked(headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
