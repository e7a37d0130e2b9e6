"""Ctrl-C and SIGTERM that end work cleanly, also while a program is being compiled."""

import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import ClassVar, Self

GRACE = 0.5
"""Seconds after which the main thread, if it has not answered a signal, counts as busy outside Python: it compiles."""
_QUICKER = 0.1
_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
# A program that has chosen what a signal does (shells let background jobs ignore Ctrl-C) keeps its choice.
_ORDINARY = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interrupt:
    """While active, the first SIGINT or SIGTERM only sets `requested`; a second one ends at once.

    At once is: `KeyboardInterrupt` (`SystemExit` for SIGTERM), or, while the main thread compiles and cannot hear it, the
    end of the process, unless it is an interactive one. An `Interrupt` inside another one is the same: what is asked of the
    inner one is asked of the outer one. Only the main thread receives signals; elsewhere nothing changes.
    """

    _active: ClassVar["Interrupt | None"] = None

    def __init__(self) -> None:
        self._requested = False
        self._outer: Interrupt | None = None
        self._before: dict[signal.Signals, object] = {}
        self._heard = 0.0
        self._watcher: _Watcher | None = None

    @property
    def requested(self) -> bool:
        """Whether work should end."""
        return self._requested if self._outer is None else self._outer.requested

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._outer = Interrupt._active
        if self._outer is None:
            Interrupt._active = self
            self._before = {number: usual for number, usual in _ORDINARY.items() if signal.getsignal(number) is usual}
            for number in self._before:
                signal.signal(number, self._hear)
            if self._before:
                self._watcher = _Watcher.started(self)
        return self

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = time.monotonic()
        if self._requested:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
        self._requested = True

    def heard_since(self, moment: float) -> bool:
        """Return whether the main thread has answered a signal since, or just before: it may be the quicker one."""
        return self._heard >= moment - _QUICKER

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if Interrupt._active is not self:
            return
        Interrupt._active = None
        if self._watcher is not None:
            self._watcher.stop()
        for number, usual in self._before.items():
            signal.signal(number, usual)  # type: ignore[arg-type]


class _Watcher(threading.Thread):
    """Learns of signals while the main thread is busy outside Python, where its own handlers cannot run."""

    def __init__(self, interrupt: Interrupt, read: int, write: int) -> None:
        super().__init__(daemon=True, name="shinso-interrupt")
        self._interrupt, self._read, self._write = interrupt, read, write
        self._done = threading.Event()

    @classmethod
    def started(cls, interrupt: Interrupt) -> "_Watcher | None":
        """Return a running watcher; None where somebody else, such as an event loop, is told of signals already."""
        read, write = os.pipe()
        os.set_blocking(write, False)
        before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        if before != -1:
            signal.set_wakeup_fd(before)
            os.close(read)
            os.close(write)
            return None
        watcher = cls(interrupt, read, write)
        watcher.start()
        return watcher

    def run(self) -> None:
        """Wait for signals until `stop`."""
        arrived = 0
        while number := os.read(self._read, 1)[0]:
            if number not in _NAMES:
                continue
            arrived, moment = arrived + 1, time.monotonic()
            if self._done.wait(GRACE) or self._interrupt.heard_since(moment):
                continue
            name = _NAMES[signal.Signals(number)]
            if arrived == 1:
                _say(
                    f"{name}: the work ends, and is kept, when what is being compiled is ready; a second one ends at once."
                )
            elif not hasattr(sys, "ps1"):
                _say(f"A second {name} while compiling: ended at once; what was stored is kept.")
                os._exit(128 + number)

    def stop(self) -> None:
        """End the thread."""
        signal.set_wakeup_fd(-1)
        self._done.set()
        os.write(self._write, b"\0")
        self.join()
        os.close(self._read)
        os.close(self._write)


def _say(sentence: str) -> None:
    os.write(2, f"\n{sentence}\n".encode())
