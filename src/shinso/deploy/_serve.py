"""Opening a service on a port of this machine."""

from collections.abc import Callable
from pathlib import Path

from shinso.deploy._listening import Listening, missing_web

NEEDS_WEB = "shinso serve needs FastAPI and Uvicorn, which are not installed: pip install 'shinso[studio]'."


def serve_run(
    run: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    told: Callable[[str], object] = lambda sentence: None,
) -> None:
    """Answer for a run by JSON over HTTP until Ctrl-C; see `service`.

    Args:
        run: a run folder.
        host: address to listen on; others than this machine's own need a token, which is part of the address that is told.
        port: to listen on; one in use is passed over for the next free one, which is told.
        told: called with sentences for the person at the terminal.

    Raises:
        ImportError: FastAPI or Uvicorn is not installed; the sentence says how to.
        FileNotFoundError: not a run folder.
        ValueError: the run was trained on arrays or on text, or is damaged.
        OSError: no port near is free, or the host is not this machine's.
    """
    with missing_web(NEEDS_WEB):
        from shinso.deploy._service import service
    service(run)  # what cannot be served says so before a port is taken
    listening = Listening.on(host, port, told)
    told(f"{run} answers at {listening.address('docs')} (Ctrl-C ends it).")
    if listening.token:
        told(f"Programs send: Authorization: Bearer {listening.token}")
    listening.serve(service(run, hosts=listening.hosts, token=listening.token))
