"""Ctrl-C and SIGTERM that end work cleanly, also while a program is being compiled."""

import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import ClassVar, NoReturn, Self

GRACE = 0.5
"""Seconds after which the main thread, if it has not answered a signal, counts as busy outside Python: it compiles."""
_QUICKER = 0.1
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""
_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
# A program that has chosen what a signal does (shells let background jobs ignore Ctrl-C) keeps its choice.
_ORDINARY = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interrupt:
    """While active, the first SIGINT or SIGTERM only sets `requested`; a second one ends at once.

    At once is: `KeyboardInterrupt` (`SystemExit` for SIGTERM), or, while the main thread compiles and cannot hear it, the
    end of the process, unless it is an interactive one. An `Interrupt` inside another one is the same: what is asked of the
    inner one is asked of the outer one. Only the main thread receives signals; elsewhere nothing changes.

    Args:
        at_once: for the whole of a program that keeps nothing but files: there at once is the end of the process, and the
            first signal is enough where no `Interrupt` that waits is active inside. An exception in its place would be
            lost, or deadly, in the middle of an import or of a garbage collection.
    """

    _active: ClassVar["Interrupt | None"] = None

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self._requested = False
        self._outer: Interrupt | None = None
        self._entered = False
        self._before: dict[signal.Signals, object] = {}
        self._heard = 0.0
        self._waiting = 0
        self._watcher: _Watcher | None = None

    @property
    def requested(self) -> bool:
        """Whether work should end."""
        return self._root._requested

    @property
    def waits(self) -> bool:
        """Whether a first signal leaves the work time to end."""
        return self._waiting > 0

    @property
    def _root(self) -> "Interrupt":
        return self if self._outer is None else self._outer

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._entered = True
        self._outer = Interrupt._active
        if self._outer is None:
            Interrupt._active = self
            self._before = {number: usual for number, usual in _ORDINARY.items() if signal.getsignal(number) is usual}
            for number in self._before:
                signal.signal(number, self._hear)
            if self._before:
                self._watcher = _Watcher.started(self)
        self._root._waiting += not self.at_once
        return self

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = time.monotonic()
        before, self._requested = self._requested, True
        if self.at_once and (before or not self.waits):
            end_at_once()
        if before:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    def heard_since(self, moment: float) -> bool:
        """Return whether the main thread has answered a signal since, or just before: it may be the quicker one."""
        return self._heard >= moment - _QUICKER

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._entered:
            return
        self._root._waiting -= not self.at_once
        if self._outer is not None:
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
            if self._done.wait(GRACE):
                continue
            if self._interrupt.heard_since(moment):
                continue
            if self._interrupt.at_once and not self._interrupt.waits:
                end_at_once()
            else:
                self._answer_for_a_busy_thread(signal.Signals(number), arrived)

    def _answer_for_a_busy_thread(self, number: signal.Signals, arrived: int) -> None:
        name = _NAMES[number]
        if arrived == 1:
            _say(
                f"{name}: the work ends, and is kept, when what is being compiled is ready; a second one ends at once."
            )
        elif not hasattr(sys, "ps1"):
            _say(f"A second {name} while compiling: ended at once; what was stored is kept.")
            os._exit(INTERRUPTED if self._interrupt.at_once else 128 + number)

    def stop(self) -> None:
        """End the thread."""
        signal.set_wakeup_fd(-1)
        self._done.set()
        os.write(self._write, b"\0")
        self.join()
        os.close(self._read)
        os.close(self._write)


def end_at_once() -> NoReturn:
    """End the process as after Ctrl-C, whatever it is doing: files are written whole or not at all."""
    if os.isatty(2):
        os.write(2, b"\x1b[?25h")  # a progress bar hides the cursor
    _say("Interrupted; what was stored is kept.")
    os._exit(INTERRUPTED)


def asked_to_end() -> bool:
    """Return whether a signal has been heard by the `Interrupt` that is active."""
    return Interrupt._active is not None and Interrupt._active.requested


def _say(sentence: str) -> None:
    os.write(2, f"\n{sentence}\n".encode())
