"""A port of this machine, who may ask there, and the server that answers until Ctrl-C."""

import errno
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shinso import _checks

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NEXT_PORTS = 20


@contextmanager
def missing_web(sentence: str) -> Iterator[None]:
    """Return a context to import what serves pages in: without FastAPI or Uvicorn a sentence says what to do.

    Raises:
        ImportError: one of them is not installed.
    """
    try:
        import uvicorn  # noqa: F401

        yield
    except ModuleNotFoundError as error:
        if error.name in ("fastapi", "uvicorn", "starlette"):
            raise ImportError(sentence) from None
        raise


@dataclass(frozen=True)
class Listening:
    """A port that is listened on.

    Attributes:
        host: address that was asked for.
        socket: which listens.
        token: for others than this machine; empty for none.
    """

    host: str
    socket: socket.socket
    token: str

    @classmethod
    def on(cls, host: str, port: int, told: Callable[[str], object]) -> "Listening":
        """Listen on a port, or on the next free one, which is told.

        Raises:
            OSError: no port near is free, or the host is not this machine's.
        """
        found = free_port(host, _checks.whole_number("port", port), told)
        return cls(host, found, "" if host in LOOPBACK else secrets.token_urlsafe(24))

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which it may be asked."""
        own = LOOPBACK if self.host in LOOPBACK else {self.host.lower(), socket.gethostname().lower()}
        return LOOPBACK | own

    def address(self, path: str = "") -> str:
        """Return the address of a page, with the token where there is one."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        token = f"?token={self.token}" if self.token else ""
        return f"http://{shown}:{self.socket.getsockname()[1]}/{path}{token}"

    def serve(self, app: Any) -> None:
        """Answer by an ASGI application until Ctrl-C."""
        import uvicorn

        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=200,
            timeout_graceful_shutdown=2,
        )
        uvicorn.Server(config).run(sockets=[self.socket])


def free_port(host: str, port: int, told: Callable[[str], object]) -> socket.socket:
    """Return a socket that listens on a port, or on the next one that is free.

    Raises:
        OSError: none is, or there is no such address here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in [port] if port == 0 else range(port, min(port + NEXT_PORTS, 65_536)):
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, number))
            made.listen(128)
        except OSError as error:
            made.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise
        if port not in (0, number):
            told(f"Port {port} is in use; this is port {number}.")
        return made
    raise OSError(f"No port from {port} to {port + NEXT_PORTS - 1} is free; give another one by --port.")
