"""Opening the studio on a port of this machine."""

import errno
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from shinso import _checks

NEXT_PORTS = 20
NEEDS_EXTRA = "shinso studio needs FastAPI and Uvicorn, which are not installed: pip install 'shinso[studio]'."
"""What `serve` says where the extra is missing."""


def serve(
    run: str | Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    demo: bool = False,
    minutes: float = 60.0,
    memory: float = 8.0,
    told: Callable[[str], object] = lambda sentence: None,
) -> None:
    """Open the studio and keep it open until Ctrl-C; runs are in `runs`, data below the present folder.

    Args:
        run: a run folder to show first.
        host: address to listen on; others than this machine's own ask browsers for a token, which is part of the address.
        port: to listen on; one in use is passed over for the next free one, which is told.
        demo: train a network on the embedded digits if there is none to draw for.
        minutes: after which a training is stopped; it can be resumed.
        memory: GiB that a training may take.
        told: called with sentences for the person at the terminal.

    Raises:
        ImportError: FastAPI or Uvicorn is not installed; the sentence says how to.
        FileNotFoundError: `run` is no folder.
        OSError: no port near is free, or the host is not this machine's.
    """
    try:
        import uvicorn

        from shinso.studio._application import LOOPBACK, Opening, application
    except ModuleNotFoundError as error:
        if error.name in ("fastapi", "uvicorn", "starlette"):
            raise ImportError(NEEDS_EXTRA) from None
        raise
    from shinso.studio._jobs import Limits

    limits = Limits(
        60 * _checks.real("minutes", minutes, above=0.0), int(2**30 * _checks.real("memory", memory, above=0.0))
    )
    others = {}
    if run is not None:
        folder = Path(run).resolve()
        if not folder.is_dir():
            raise FileNotFoundError(f"{run} is not a run folder.")
        others = {folder.name: folder}
    listening = free_port(host, _checks.whole_number("port", port), told)
    chosen = listening.getsockname()[1]
    token = "" if host in LOOPBACK else secrets.token_urlsafe(24)
    shown = f"[{host}]" if ":" in host else host
    hosts = LOOPBACK if host in LOOPBACK else LOOPBACK | {host.lower(), socket.gethostname().lower()}
    first = "" if run is None else f"runs/{next(iter(others))}"
    told(
        f"The studio is open at http://{shown}:{chosen}/{first}{f'?token={token}' if token else ''} (Ctrl-C closes it)."
    )
    app = application(Opening(Path.cwd(), others, hosts, token, demo, limits))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[listening])


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
