"""Networks as files for other programs: what ONNX Runtime answers is what predict answers; what a file says of itself."""

import json
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from typer.testing import CliRunner

from shinso import nn
from shinso.cli import app
from shinso.data import Encoder
from shinso.deploy import NEEDS_EXPORT, export_onnx, export_safetensors
from shinso.deploy import _onnx as exporting
from shinso.experiment import encoder_of

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "classes of a table": ("table.csv", {"target": "grade", "drop": ["price"]}),
    "numbers of a table": ("table.csv", {"target": "price", "drop": ["grade"]}),
    "quantile": ("table.csv", {"target": "price", "drop": ["grade"], "likelihood": "quantile:level=0.9"}),
    "members of vectors": ("vectors.npz", {"members": 2}),
    "images": ("images.npz", {"network": "cnn", "channels": (4,)}),
    "lstm": ("steps.csv", {"target": "side", "sequence": "who", "time": "at", "cell": "lstm"}),
    "gru": ("steps.csv", {"target": "side", "sequence": "who", "time": "at", "cell": "gru"}),
    "elman": ("steps.csv", {"target": "side", "sequence": "who", "time": "at", "cell": "elman"}),
}


def answered(path: Path, *arrays: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return np.asarray(session.run(None, dict(zip(names, arrays, strict=True)))[0])


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_onnx_answers_as_predict_does(case: str, made: Any, place: Path, tmp_path: Path) -> None:
    pytest.importorskip("jax2onnx", reason="the extra export is not installed")
    source, settings = CASES[case]
    run = made(source, **settings)
    path = export_onnx(run, tmp_path / "network.onnx")
    encoder = encoder_of(run)
    if source.endswith(".npz"):
        X = np.load(place / source)["X"]
        arrays: tuple[np.ndarray, ...] = ((X / 255 if case == "images" else X).astype(np.float32),)
        inputs = encoder.encode(X)
    else:
        inputs = encoder.encode(pl.read_csv(place / source))
        arrays = tuple(inputs) if isinstance(inputs, nn.Sequences) else (inputs,)
    numbers = encoder.classes is None
    wanted = encoder.decode_predictions(run.predict(inputs)) if numbers else run.predict_mean(inputs)
    for count in (1, len(wanted)):
        found = answered(path, *(array[:count] for array in arrays))
        apart = np.abs(found - wanted[:count]) / np.maximum(np.abs(wanted[:count]), encoder.units_of_targets)
        assert apart.max() <= 1e-5


@pytest.mark.slow
def test_onnx_says_what_it_is(made: Any, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra export is not installed")
    run = made("table.csv", target="grade", drop=["price"])
    model = onnx.load(export_onnx(run, tmp_path / "network.onnx"))
    texts = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(texts["classes"]) == ["high", "low"]
    assert json.loads(texts["feature_names"]) == ["size", "colour=blue", "colour=red"]
    assert Encoder.from_dict(json.loads(texts["encoder"])) == encoder_of(run)
    assert [one.name for one in (*model.graph.input, *model.graph.output)] == ["inputs", "probabilities"]
    assert "as the encoder makes them of the table" in model.doc_string


@pytest.mark.slow
def test_onnx_is_refused_where_it_cannot_be_true(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jax2onnx", reason="the extra export is not installed")
    path = tmp_path / "network.onnx"
    both = made("steps.csv", target="side", sequence="who", time="at", cell="gru", bidirectional=True)
    with pytest.raises(ValueError, match="jax2onnx does not convert a part of its network") as caught:
        export_onnx(both, path)
    assert "\n" not in str(caught.value)
    run = made("table.csv", target="grade", drop=["price"])
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match="answers differ by"):
        export_onnx(run, path)
    assert not path.exists()


def test_without_the_extra_one_sentence_says_what_to_install(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made("table.csv", target="grade", drop=["price"])
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    done = CliRunner().invoke(app, ["export", str(run.folder), "--onnx", str(run.folder / "network.onnx")])
    assert (done.exit_code, done.output.strip()) == (2, NEEDS_EXPORT)


def test_safetensors_hold_the_network_and_say_what_it_is(made: Any, tmp_path: Path) -> None:
    run = made("table.csv", target="grade", drop=["price"])
    path = tmp_path / "network.safetensors"
    done = CliRunner().invoke(app, ["export", str(run.folder), "--safetensors", str(path)])
    assert done.output.strip() == str(path)
    with safe_open(path, "numpy") as file:
        texts, arrays = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert json.loads(texts["classes"]) == ["high", "low"]
    encoder = Encoder.from_dict(json.loads(texts["encoder"]))
    fresh = nn.model_from_recipe(json.loads(texts["recipe"]), key=jax.random.key(9))
    filled = jax.tree_util.tree_map_with_path(
        lambda path, leaf: arrays.get(jax.tree_util.keystr(path, simple=True, separator="."), leaf), fresh
    )
    x = encoder.encode(pl.DataFrame({"size": [0.5, -1.0], "colour": ["red", "blue"]}))
    np.testing.assert_allclose(jax.nn.softmax(filled(x)), run.predict_mean(x), rtol=1e-6)


@pytest.mark.slow
def test_safetensors_of_members_are_numbered(made: Any, tmp_path: Path) -> None:
    ensemble = made("vectors.npz", members=2)
    with safe_open(export_safetensors(ensemble, tmp_path / "all.safetensors"), "numpy") as file:
        names, texts = list(file.keys()), file.metadata()
        first = next(name for name in names if name.startswith("members.2.") and name.endswith("weight"))
        found = file.get_tensor(first)
    assert {name.split(".")[1] for name in names} == {"1", "2"}
    assert len(json.loads(texts["recipe"])) == 2
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(ensemble.runs[1].model) if np.ndim(leaf) == 2]
    assert any(np.array_equal(found, leaf) for leaf in leaves)
