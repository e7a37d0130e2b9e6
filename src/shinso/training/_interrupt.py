"""Ctrl-C that ends training cleanly."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Self


class Interrupt:
    """While active, the first SIGINT only sets `requested`; a second one raises `KeyboardInterrupt` as usual.

    Only the main thread receives signals; elsewhere nothing changes.
    """

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.getsignal(signal.SIGINT)
            # A program that has chosen to ignore SIGINT (as shells do for background jobs) keeps ignoring it.
            self._main = self._before is signal.default_int_handler
        if self._main:
            signal.signal(signal.SIGINT, self._handle)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)
