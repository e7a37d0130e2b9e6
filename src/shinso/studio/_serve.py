"""Opening the studio on a port of this machine."""

from collections.abc import Callable
from pathlib import Path

from shinso import _checks
from shinso.deploy import Listening, missing_web

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
    with missing_web(NEEDS_EXTRA):
        from shinso.studio._application import Opening, application
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
    first = "" if run is None else f"runs/{next(iter(others))}"
    listening = Listening.on(host, port, told)
    told(f"The studio is open at {listening.address(first)} (Ctrl-C closes it).")
    listening.serve(application(Opening(Path.cwd(), others, listening.hosts, listening.token, demo, limits)))
