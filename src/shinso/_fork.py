"""A forked process cannot compute once its parent has: it says so instead of waiting for ever."""

import os

from shinso._programs import keep_programs

_state = {"computed": False, "orphaned": False}


def computing() -> None:
    """Say that compiled programs are about to run in this process; those kept on disk are found from then on.

    Raises:
        RuntimeError: this process was forked from one that had computed; its threads, for which the programs would wait
            for ever, were left behind there.
    """
    if _state["orphaned"]:
        raise RuntimeError(
            "this process was forked from one in which JAX has computed already, and cannot compute itself; start processes "
            'by "spawn" or "forkserver" (multiprocessing.set_start_method), or with joblib by its "loky" backend.'
        )
    if not _state["computed"]:
        _state["computed"] = True
        keep_programs()


def _after_fork() -> None:
    _state["orphaned"] = _state["computed"] or _state["orphaned"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
