"""Opening the studio: without its extra, on a port in use, with an option that is wrong."""

import socket
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shinso.cli import app
from shinso.deploy._listening import free_port
from shinso.studio import NEEDS_EXTRA, serve


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r"pip install .shinso\[studio\]"):
        serve()
    done = CliRunner().invoke(app, ["studio"])
    assert done.exit_code == 2
    assert done.output.strip() == NEEDS_EXTRA


def test_a_port_in_use_is_passed_over_and_told() -> None:
    told: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with free_port("127.0.0.1", port, told.append) as found:
            other = found.getsockname()[1]
    assert port < other < port + 20
    assert told == [f"Port {port} is in use; this is port {other}."]


def test_a_free_port_is_taken_without_a_word() -> None:
    told: list[str] = []
    with free_port("127.0.0.1", 0, told.append):
        assert told == []


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra studio is not installed")
    with pytest.raises(FileNotFoundError, match="is not a run folder"):
        serve(tmp_path / "nothing")
    with pytest.raises(ValueError, match="minutes"):
        serve(minutes=0)
