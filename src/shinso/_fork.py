"""A forked process cannot compute once its parent has: it says so instead of waiting for ever."""

import os

_state = {"computed": False, "orphaned": False}


def computing() -> None:
    """Say that compiled programs are about to run in this process.

    Raises:
        RuntimeError: this process was forked from one that had computed; its threads, for which the programs would wait
            for ever, were left behind there.
    """
    if _state["orphaned"]:
        raise RuntimeError(
            "this process was forked from one in which JAX has computed already, and cannot compute itself; start processes "
            'by "spawn" or "forkserver" (multiprocessing.set_start_method), or with joblib by its "loky" backend.'
        )
    _state["computed"] = True


def _after_fork() -> None:
    _state["orphaned"] = _state["computed"] or _state["orphaned"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
