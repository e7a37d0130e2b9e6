"""Ctrl-C and SIGTERM: one ends work cleanly, two at once, also while the main thread is busy outside Python."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from shinso import _stretches
from shinso._interrupt import Interrupt
from shinso._stretches import Stretches

# As a compiler does, hashing keeps the main thread from running signal handlers, and lets other threads run.
BUSY = """
import hashlib, sys, time
from shinso._interrupt import Interrupt
with Interrupt() as interrupt:
    print("busy", flush=True)
    began = time.monotonic()
    while time.monotonic() - began < float(sys.argv[1]):
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", int(sys.argv[2]))
    print(interrupt.requested, flush=True)
"""


def busy(seconds, rounds, *signals):
    """Start a busy process, send it signals, and return how it ended, what it said, and how long it took."""
    command = [sys.executable, "-c", BUSY, str(seconds), str(rounds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "busy\n"
        time.sleep(0.3)  # until it hashes
        began = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.3)
        said, errors = process.communicate(timeout=60)
    return process.returncode, said, errors, time.monotonic() - began


def test_the_first_is_heard_when_the_main_thread_is_back():
    # Some seconds in one call, in which no handler can run.
    code, said, errors, _ = busy(0.1, 10_000_000, signal.SIGINT)
    assert (code, said) == (0, "True\n")
    assert errors.strip().startswith("Ctrl-C: the work ends, and is kept, when what is being compiled is ready")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_one_ends_a_busy_process_at_once(number, code):
    ended, said, errors, seconds = busy(0.1, 60_000_000, number, number)
    assert (ended, said) == (code, "")
    assert "ended at once; what was stored is kept." in errors
    assert seconds < 10


def test_one_inside_another_is_the_same():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupt() as outer:
        with Interrupt() as inner:
            signal.raise_signal(signal.SIGTERM)
            assert inner.requested
        assert outer.requested
        with Interrupt() as later:
            assert later.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGTERM)
        assert ended.value.code == 143
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with Interrupt() as fresh:
        assert not fresh.requested


def test_choices_of_the_program_are_kept():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt.requested
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_and_event_loops_are_left_alone():
    found = []

    def work():
        with Interrupt() as interrupt:
            found.append(interrupt.requested)

    thread = threading.Thread(target=work)
    with Interrupt():
        thread.start()
        thread.join()
    assert found == [False]
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert interrupt.requested
        assert signal.set_wakeup_fd(before) == write
        assert os.read(read, 1) == bytes([signal.SIGINT])
    finally:
        os.close(read)
        os.close(write)


def test_stretches_last_as_long_as_they_should():
    now = [0.0]
    with Interrupt() as interrupt:
        stretches = Stretches(interrupt, until=5.0, clock=lambda: now[0])
        stretches.made(1, 1e-6)
        assert stretches.size == 10  # at most ten times as long as before
        stretches.made(10, 10 * _stretches.SECONDS / 40)
        assert stretches.size == 40
        stretches.made(40, 80 * _stretches.SECONDS)
        assert stretches.size == 1
        assert (stretches.over, stretches.left) == (None, 5.0)
        now[0] = 5.0
        assert stretches.over == "seconds"
        signal.raise_signal(signal.SIGINT)
        assert stretches.over == "interrupted"
