"""Ctrl-C and SIGTERM at any moment of a command: one line and exit code 130."""

import os
import signal
import subprocess
import sys
import time

import pytest

HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def ended(code, *signals, seconds=0.0):
    """Run a program, send it signals once it says that it is there, and return how it ended and what it said."""
    command = [sys.executable, "-c", f"{HEED}\n{code}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        time.sleep(seconds)
        for number in signals:
            process.send_signal(number)
            time.sleep(0.2)
        _, said = process.communicate(timeout=60)
    return process.returncode, said.strip()


# The command is kept busy where it imports, in Python and in one long call that no handler can interrupt.
STARTING = "import sys, {module}; sys.argv = ['shinso', 'show', 'x']; {busy}; from shinso.__main__ import main; main()"
WAITING = "sys.modules['shinso.cli'] = type('cli', (), {'main': lambda: (print('there', flush=True), time.sleep(60))})"
HASHING = (
    "sys.modules['shinso.cli'] = type('cli', (), {'main': lambda: (print('there', flush=True), "
    "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 60_000_000))})"
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("busy", [WAITING, HASHING], ids=["in Python", "outside"])
def test_a_signal_ends_a_command_with_one_line(busy, number):
    began = time.monotonic()
    code, said = ended(STARTING.format(module="time, hashlib", busy=busy), number, seconds=0.3)
    assert (code, said) == (130, "Interrupted; what was stored is kept.")
    assert time.monotonic() - began < 20


TRAINING = """
import sys
from shinso._interrupt import Interrupt
import shinso.cli, time
def work():
    with Interrupt() as interrupt:
        print("there", flush=True)
        while not interrupt.requested:
            time.sleep(0.01)
    {after}
sys.modules["shinso.cli"].main = lambda: work()
from shinso.__main__ import main
main()
"""


def test_what_waits_inside_is_left_its_time_and_then_nothing_waits():
    code, said = ended(TRAINING.format(after="sys.exit(3)"), signal.SIGINT)
    assert (code, said) == (3, "")
    code, said = ended(TRAINING.format(after="time.sleep(60)"), signal.SIGINT, signal.SIGTERM)
    assert (code, said) == (130, "Interrupted; what was stored is kept.")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full here")
def test_a_standard_output_that_is_full_is_said():
    command = [sys.executable, "-m", "shinso", "train", "--help"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["cp932", "cp1252", "ascii"])
def test_any_terminal_can_show_help(encoding):
    command = [sys.executable, "-m", "shinso", "train", "--help"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--learning-rate" in done.stdout
