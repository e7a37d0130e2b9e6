"""A forked process cannot compute once its parent has: it says so instead of waiting for ever."""

import os
import sys

from shinso._programs import keep_programs

_used: set[str] = set()
_orphaned: set[str] = set()


def computing() -> None:
    """Say that compiled programs are about to run in this process; those kept on disk are found from then on.

    Raises:
        RuntimeError: this process was forked from one that had computed; its threads, for which the programs would wait
            for ever, were left behind there.
    """
    _use("JAX", "computed")


def reading() -> None:
    """Say that tables are about to be worked on in this process.

    Raises:
        RuntimeError: this process was forked from one that had done so; see `computing`.
    """
    _use("Polars", "worked on tables")


def _use(library: str, what: str) -> None:
    if library in _orphaned:
        raise RuntimeError(
            f"this process was forked from one in which {library} has {what} already, and cannot do so itself; start "
            'processes by "spawn" or "forkserver" (multiprocessing.set_start_method), or with joblib by its "loky" backend.'
        )
    if library not in _used and library == "JAX":
        keep_programs()
    _used.add(library)


def _after_fork() -> None:
    # Whoever used JAX before us, such as for a random key, has started its threads too.
    bridge = sys.modules.get("jax._src.xla_bridge")
    if getattr(bridge, "backends_are_initialized", bool)():
        _used.add("JAX")
    _orphaned.update(_used)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
