"""A run asked by JSON over HTTP: what predict answers, and sentences for what it cannot read."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from shinso.bayes import posterior_of_run, predict_run_with_standard_deviations
from shinso.cli import app
from shinso.deploy import NEEDS_WEB, service
from shinso.experiment import predict_run

ROW = {"size": 0.5, "colour": "red"}


def asking(run: Any) -> TestClient:
    return TestClient(service(run.folder), base_url="http://localhost")


@pytest.fixture(scope="module")
def grades(made: Any) -> Any:
    return made("table.csv", target="grade", drop=["price"])


@pytest.fixture(scope="module")
def client(grades: Any) -> Iterator[TestClient]:
    with asking(grades) as opened:
        yield opened


def test_answers_are_those_of_predict(grades: Any, client: TestClient, place: Path) -> None:
    rows = pl.read_csv(place / "table.csv").drop("price", "grade").to_dicts()[:7]
    answered = client.post("/predict", json={"rows": rows}).json()
    pl.DataFrame(rows).write_csv(place / "rows.csv")
    wanted = predict_run(grades.folder, [place / "rows.csv"])
    assert answered["notes"] == []
    for one, row, means in zip(answered["predictions"], wanted.rows, wanted.means, strict=True):
        assert (one["input"], one["class"]) == row[:2]
        assert one["probability"] == pytest.approx(row[2], rel=1e-6)
        np.testing.assert_allclose([one["probabilities"][name] for name in wanted.outcomes], means, rtol=1e-6)


def test_what_is_odd_about_rows_is_told(client: TestClient) -> None:
    odd = [{"Size": None, "colour": "green"}, {"Size": 1e9, "colour": "red", "more": 1}]
    answered = client.post("/predict", json={"rows": odd}).json()
    notes = " ".join(answered["notes"])
    for said in ("'Size' is taken for 'size'", "1 of 2 values missing", "unknown in training ('green')", "far from"):
        assert said in notes
    assert len(answered["predictions"]) == 2


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"json": {"rows": []}}, 422, "rows: List should have at least 1 item"),
        ({"json": {"rows": [ROW], "more": 1}}, 422, "more: Extra inputs"),
        ({"json": {}}, 422, "rows: Field required"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "JSON"),
        ({"json": {"rows": [1, 2]}}, 422, "rows must hold objects; record 1 is 1"),
        ({"json": {"rows": [{"size": 1}]}}, 422, "has no column 'colour'; its columns are 'size'"),
        ({"json": {"rows": [{**ROW, "size": "wide"}]}}, 422, "'size'"),
        ({"json": {"rows": [{**ROW, "size": [1]}]}}, 422, "holds [1]"),
        ({"content": b" " * (1 << 20), "headers": {"content-length": str(1 << 40)}}, 413, "MiB"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    client: TestClient, asked: dict[str, Any], status: int, words: str
) -> None:
    answer = client.post("/predict", **asked)
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert "Traceback" not in answer.text


def test_bodies_are_bounded_without_a_length_too(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(33):
            yield b" " * (1 << 20)

    answer = client.post("/predict", content=parts(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (413, "The request is too large.")


def test_it_says_what_it_is_and_fetches_nothing(client: TestClient) -> None:
    health = client.get("/health").json()
    assert (health["status"], health["classes"], health["targets"]) == ("ok", ["high", "low"], ["grade"])
    columns = client.get("/columns").json()
    assert columns[1] == {"name": "colour", "kind": "category", "values": ["blue", "red"]}
    assert "/predict" in client.get("/openapi.json").json()["paths"]
    page = client.get("/docs")
    assert "colour" in page.text
    assert "http" not in page.text.replace("openapi", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/nothing").status_code == 404
    assert client.get("/predict").status_code == 405
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 403


def test_others_than_this_machine_bring_a_token(grades: Any) -> None:
    with TestClient(service(grades.folder, token="secret"), base_url="http://localhost") as opened:
        assert opened.get("/health").status_code == 401
        assert opened.get("/health", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert opened.get("/health", headers={"authorization": "Bearer secret"}).json()["status"] == "ok"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The model is not at a minimum")
def test_a_posterior_gives_intervals(made: Any, place: Path) -> None:
    run = made("table.csv", target="price", drop=["grade"])
    posterior_of_run(run.folder)
    pl.DataFrame([ROW]).write_csv(place / "one.csv")
    with asking(run) as opened:
        answered = opened.post("/predict", json={"rows": [ROW]}).json()["predictions"][0]
    wanted = predict_run_with_standard_deviations(run.folder, [place / "one.csv"]).rows[0]
    assert (answered["price"], answered["std of price"]) == pytest.approx(wanted[1:], rel=1e-6)
    low, high = answered["q 0.025 of price"], answered["q 0.975 of price"]
    # A Gaussian's 95 % are within 1.96 standard deviations.
    assert high - low == pytest.approx(2 * 1.959964 * answered["std of price"], rel=1e-3)


@pytest.mark.slow
def test_arrays_and_steps_are_rows_too(made: Any, place: Path) -> None:
    images = made("images.npz", network="cnn", channels=(4,))
    X = np.load(place / "images.npz")["X"][:2]
    with asking(images) as opened:
        answered = opened.post("/predict", json={"rows": X.tolist()}).json()["predictions"]
        assert opened.get("/columns").json() == []
        refused = opened.post("/predict", json={"rows": [[1, 2], [3]]})
        assert "Arrays of the shape [9, 9, 1]" in opened.get("/docs").text
    np.testing.assert_allclose(
        [list(one["probabilities"].values()) for one in answered], images.predict_mean(X / 255), rtol=1e-5
    )
    assert refused.status_code == 422
    assert "of the shape [9, 9, 1]" in refused.json()["detail"]
    steps = made("steps.csv", target="side", sequence="who", time="at")
    rows = pl.read_csv(place / "steps.csv").drop("side").to_dicts()[:6]
    with asking(steps) as opened:
        assert [one["input"] for one in opened.post("/predict", json={"rows": rows}).json()["predictions"]] == [0, 1]


def test_a_process_serves_and_ends(grades: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "shinso", "serve", str(grades.folder), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        address = f"http://127.0.0.1:{port}"
        assert f"{address}/docs" in told
        for _ in range(100):
            try:
                httpx.get(f"{address}/health", trust_env=False)
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        answered = httpx.post(f"{address}/predict", json={"rows": [ROW]}, timeout=60, trust_env=False)
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert answered.json()["predictions"][0]["class"] in ("high", "low")


def test_without_the_extra_or_a_run_one_sentence_is_said(
    grades: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = CliRunner().invoke(app, ["serve", str(tmp_path)])
    assert missing.exit_code != 0
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = CliRunner().invoke(app, ["serve", str(grades.folder)])
    assert (done.exit_code, done.output.strip()) == (2, NEEDS_WEB)
