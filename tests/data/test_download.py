"""Downloads from a local HTTP server that misbehaves on purpose."""

import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from shinso.data import DownloadError, download

BODY = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
SHA = hashlib.sha256(BODY).hexdigest()
HALF = 150_000


class Server:
    """Answers each request by the next behaviour of its script (the last one for ever) and notes what was asked."""

    def __init__(self):
        self.script, self.ranges, self.stop = ["good"], [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.stop.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, request):
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        how = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(how, int):
            request.send_response(how)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = 0 if asked is None or how == "ignores range" else int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(BODY):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(BODY)}")
            request.send_header("Content-Length", "5")
            request.end_headers()
            request.wfile.write(b"no no")
            return
        body = BODY[start:]
        if how == "corrupts":
            body = bytes([body[0] ^ 1]) + body[1:]
        request.send_response(206 if start else 200)
        if start:
            first = start + (1 if how == "wrong range" else 0)
            request.send_header("Content-Range", f"bytes {first}-{len(BODY) - 1}/{len(BODY)}")
        if how != "no length":
            request.send_header("Content-Length", str(len(body)))
        else:
            request.send_header("Connection", "close")
            request.close_connection = True
        request.end_headers()
        if how in ("truncates", "stalls"):
            request.wfile.write(body[:HALF])
            request.wfile.flush()
            if how == "stalls":
                self.stop.wait(5)
            request.close_connection = True
            return
        request.wfile.write(body)


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


def fetch(server, folder, *, paths=("/f",), **options):
    options = {"backoff_seconds": 0.0, "stall_seconds": 0.4, "sha256": SHA} | options
    return download([server.url + path for path in paths], folder / "sub" / "f.gz", **options)


def left(folder):
    return sorted(path.name for path in (folder / "sub").iterdir())


@pytest.mark.parametrize(
    ("script", "ranges"),
    [
        (["good"], [None]),
        (["no length"], [None]),
        (["truncates", "good"], [None, f"bytes={HALF}-"]),
        (["stalls", "good"], [None, f"bytes={HALF}-"]),
        (["truncates", "ignores range"], [None, f"bytes={HALF}-"]),
        (["truncates", "wrong range", "good"], [None, f"bytes={HALF}-", None]),
        (["corrupts", "good"], [None, None]),
        (["truncates", "corrupts", "good"], [None, f"bytes={HALF}-", None]),
        ([500, 503, "good"], [None, None, None]),
        ([429, "truncates", 500, "good"], [None, None, f"bytes={HALF}-", f"bytes={HALF}-"]),
    ],
)
def test_recovers(server, tmp_path, script, ranges):
    server.script = list(script)
    path = fetch(server, tmp_path)
    assert path.read_bytes() == BODY
    assert left(tmp_path) == ["f.gz"]
    assert server.ranges == ranges


def test_a_whole_part_file_is_only_moved(server, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.gz.part").write_bytes(BODY)
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges == [f"bytes={len(BODY)}-"]


def test_a_part_file_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.gz.part").write_bytes(BODY + b"more")
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_a_verified_file_is_not_fetched_again(server, tmp_path):
    fetch(server, tmp_path)
    fetch(server, tmp_path)
    assert len(server.ranges) == 1


def test_a_file_of_another_checksum_is_replaced(server, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.gz").write_bytes(b"old")
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_next_mirror_after_404_at_once(server, tmp_path):
    server.script = [404, "good"]
    fetch(server, tmp_path, paths=("/none", "/f"))
    assert len(server.ranges) == 2


def test_next_mirror_after_all_attempts_continues_the_part(server, tmp_path):
    server.script = ["truncates", 500, "good"]
    fetch(server, tmp_path, paths=("/a", "/b"), attempts=2)
    assert server.ranges == [None, f"bytes={HALF}-", f"bytes={HALF}-"]


@pytest.mark.parametrize(
    ("script", "sentence", "files"),
    [
        ([404], "f.gz could not be downloaded .*the server answered 404", []),
        ([500], "the server answered 500", []),
        (["corrupts"], f"has SHA-256 [0-9a-f]{{64}}, where {SHA} was published", []),
        (["stalls", 500], f"the connection stalled.*{HALF} bytes received are kept", ["f.gz.part"]),
    ],
)
def test_gives_up_in_one_sentence(server, tmp_path, script, sentence, files):
    server.script = list(script)
    with pytest.raises(DownloadError, match=sentence) as caught:
        fetch(server, tmp_path, attempts=2)
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == files


def test_nobody_listens(tmp_path):
    with pytest.raises(DownloadError, match="the connection failed"):
        download(["http://127.0.0.1:9/f"], tmp_path / "f", sha256=SHA, attempts=1)


def test_an_address_that_is_none(tmp_path):
    with pytest.raises(DownloadError, match="the connection failed"):
        download(["nonsense"], tmp_path / "f", sha256=SHA)


def test_ctrl_c_keeps_the_part_and_the_next_call_resumes(server, tmp_path):
    def interrupt(progress):
        if progress.received >= 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path, progress=interrupt)
    assert left(tmp_path) == ["f.gz.part"]
    kept = (tmp_path / "sub" / "f.gz.part").stat().st_size
    assert kept >= 100_000
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges[-1] == f"bytes={kept}-"


def test_progress_grows_to_the_total_and_tells_of_retries(server, tmp_path):
    server.script = ["truncates", "good"]
    seen = []
    fetch(server, tmp_path, progress=seen.append)
    flowing = [step for step in seen if not step.message]
    assert [step.received for step in flowing] == sorted(step.received for step in flowing)
    assert flowing[-1].received == flowing[-1].total == len(BODY)
    assert flowing[-1].name == "f.gz"
    assert any("trying again in 0 s" in step.message for step in seen)


def test_waits_twice_as_long_each_time(server, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    server.script = [500, 500, 500, "good"]
    fetch(server, tmp_path, backoff_seconds=0.5)
    assert [wait for wait in waits if wait >= 0.5] == [0.5, 1.0, 2.0]


def test_unwritable_folder_is_an_oserror(server, tmp_path):
    (tmp_path / "sub").write_text("a file where a folder belongs")
    with pytest.raises(OSError, match="sub"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"attempts": 0}, "attempts must be"),
        ({"stall_seconds": 0}, "stall_seconds must be"),
        ({"backoff_seconds": -1}, "backoff_seconds must be"),
        ({"paths": ()}, "urls must name at least one mirror"),
    ],
)
def test_bad_arguments(server, tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        fetch(server, tmp_path, **options)
