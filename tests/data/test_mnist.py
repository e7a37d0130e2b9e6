"""Where MNIST is looked for, how it comes, and the real thing where it is at hand."""

import hashlib
import shutil
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import platformdirs
import pytest

from shinso.data import MNIST_SHA256, DownloadError, cache_folder, fetch_mnist, load_mnist, locate, prepare


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Neither `$SHINSO_DATA` nor anything in the user's cache."""
    monkeypatch.delenv("SHINSO_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path


def test_places_in_order(nowhere, small_mnist, monkeypatch):
    assert [place.why for place in locate()] == ["user cache"]
    monkeypatch.setenv("SHINSO_DATA", str(nowhere))
    assert [(place.path, place.why) for place in locate()] == [
        (nowhere, "$SHINSO_DATA"),
        (nowhere / "mnist", "$SHINSO_DATA"),
        (cache_folder(), "user cache"),
    ]
    assert [place.path for place in locate(small_mnist)] == [small_mnist, small_mnist / "mnist"]
    assert [place.complete for place in locate(small_mnist)] == [True, False]
    assert len(locate(small_mnist)[0].found) == 4


@pytest.mark.parametrize("where", ["variable", "mnist subfolder", "cache"])
def test_found_in_each_place(nowhere, small_mnist, monkeypatch, where):
    folder = {"variable": nowhere, "mnist subfolder": nowhere / "mnist", "cache": cache_folder()}[where]
    if where != "cache":
        monkeypatch.setenv("SHINSO_DATA", str(nowhere))
    shutil.copytree(small_mnist, folder, dirs_exist_ok=True)
    training, test = load_mnist()
    assert (training.inputs.shape, test.inputs.shape) == ((40, 28, 28, 1), (12, 28, 28, 1))
    assert training.inputs.dtype == np.float32
    assert 0 <= training.inputs.min() < 0.01 < 0.99 < training.inputs.max() <= 1


def test_plain_files_with_a_dot(nowhere, idx_bytes):
    for part in ("train", "t10k"):
        (nowhere / f"{part}-images.idx3-ubyte").write_bytes(idx_bytes(np.zeros((3, 28, 28), "u1")))
        (nowhere / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.array([0, 9, 5], "u1")))
    training, _ = load_mnist(nowhere)
    np.testing.assert_array_equal(training.targets, [0, 9, 5])


def test_not_found_says_where_it_looked(nowhere, small_mnist, monkeypatch):
    monkeypatch.setenv("SHINSO_DATA", str(nowhere / "data"))
    with pytest.raises(
        ValueError, match=r"MNIST was not found: looked in .*data \(\$SHINSO_DATA, 0 of 4 files\).*fetch"
    ):
        load_mnist()
    (nowhere / "data").mkdir()
    name = "t10k-labels-idx1-ubyte.gz"
    shutil.copy(small_mnist / name, nowhere / "data" / name)
    with pytest.raises(ValueError, match=r"\(data_dir, 1 of 4 files\)"):
        load_mnist(nowhere / "data")


def test_images_of_another_size(nowhere, idx_bytes):
    for part in ("train", "t10k"):
        (nowhere / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((3, 27, 28), "u1")))
        (nowhere / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(3, "u1")))
    with pytest.raises(ValueError, match="must hold images of 28×28; got 27×28"):
        load_mnist(nowhere)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    """Starts an HTTP server of a folder and returns its address."""
    running = []

    def start(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def test_fetch_from_a_mirror(nowhere, small_mnist, mirror, monkeypatch):
    for name in MNIST_SHA256:
        monkeypatch.setitem(MNIST_SHA256, name, hashlib.sha256((small_mnist / name).read_bytes()).hexdigest())
    url, seen = mirror(small_mnist), set()
    mirrors = [f"{url}/nothing/here/", url]
    folder = fetch_mnist(progress=lambda step: seen.add(step.name), mirrors=mirrors, backoff_seconds=0)
    assert folder == cache_folder()
    assert seen == set(MNIST_SHA256)
    assert len(load_mnist()[0]) == 40


def test_fetch_refuses_files_that_are_not_the_published_ones(nowhere, small_mnist, mirror):
    with pytest.raises(DownloadError, match=r"where 440fcabf.* was published"):
        fetch_mnist(mirrors=[mirror(small_mnist)], attempts=1)
    assert locate()[0].found == ()


def test_prepare_small(small_mnist):
    prepared = prepare("mnist", data_dir=small_mnist, validation_fraction=0.25, standardize=True, test_fraction=0.5)
    assert (len(prepared.training), len(prepared.validation), len(prepared.test)) == (30, 10, 12)
    np.testing.assert_array_equal(np.bincount(prepared.validation.targets), np.ones(10))
    assert abs(float(prepared.training.inputs.mean())) < 1e-4
    assert abs(float(prepared.training.inputs.std()) - 1) < 1e-4
    assert any("test_fraction is not used" in note for note in prepared.notes)


def test_the_real_thing(mnist_dir):
    began = time.process_time()
    prepared = prepare("mnist", data_dir=mnist_dir)
    seconds = time.process_time() - began
    assert (len(prepared.training), len(prepared.validation), len(prepared.test)) == (50_000, 10_000, 10_000)
    np.testing.assert_array_equal(prepared.training.targets[:5], [5, 0, 4, 1, 9])
    np.testing.assert_array_equal(prepared.validation.targets[:5], [3, 8, 6, 9, 6])
    np.testing.assert_array_equal(prepared.test.targets[:5], [7, 2, 1, 0, 4])
    # The published mean of the canonical images; a local copy that lost its faintest pixels is accepted too.
    parts = ((prepared.training, 5 / 6), (prepared.validation, 1 / 6))
    mean = sum(share * part.inputs.mean(dtype=np.float64) for part, share in parts)
    assert mean == pytest.approx(0.1306604762738429, abs=2e-6)
    assert prepared.test.inputs.mean(dtype=np.float64) == pytest.approx(0.13251460584233691, abs=1e-8)
    assert prepared.encoder.input_shape == (28, 28, 1)
    assert prepared.encoder.classes == tuple(range(10))
    assert seconds < 5  # of the processor, beside other work; 0.9 s alone
