"""From sources to training, validation and test data; every bad source gets one sentence."""

import io
import json

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from shinso.data import Encoder, prepare

RNG = np.random.default_rng(0)
N = 80
ROWS = pl.DataFrame(
    {
        "size": RNG.normal(10, 3, N),
        "colour": RNG.choice(["red", "green"], N),
        "name": [f"person {i}" for i in range(N)],
        "price": RNG.normal(100, 30, N),
        "sort": RNG.choice(["apple", "pear", "plum"], N),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    ROWS.write_csv(folder / "fruit.csv")
    ROWS.write_csv(folder / "fruit.tsv", separator="\t")
    ROWS.write_parquet(folder / "fruit.parquet")
    return folder


class Arrow:
    """A table that only knows Arrow's C interface."""

    def __arrow_c_stream__(self, requested_schema=None):
        return ROWS.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("source", ["fruit.csv", "fruit.tsv", "fruit.parquet", "polars", "pandas", "arrow"])
def test_tables(folder, source):
    frames = {"polars": ROWS, "arrow": Arrow(), "pandas": pd.DataFrame(ROWS.to_dict(as_series=False))}
    given = frames.get(source, folder / source)
    prepared = prepare(given, target="sort")
    assert [len(part) for part in (prepared.training, prepared.validation, prepared.test)] == [52, 8, 20]
    assert prepared.training.kind == "classification"
    assert prepared.training.classes == prepared.encoder.classes == ("apple", "pear", "plum")
    assert prepared.training.feature_names == ("size", "colour=green", "colour=red", "price")
    np.testing.assert_allclose(prepared.training.inputs[:, [0, 3]].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(prepared.training.inputs[:, [0, 3]].std(axis=0), 1, atol=1e-6)
    assert prepared.notes[0] == "the target is taken as classification (inferred; `kind` overrides it)"
    assert prepared.notes[1].startswith("3 classes: 'apple' ")
    assert any(note.startswith("column 'name' is not used: it tells rows apart (80 diff") for note in prepared.notes)
    assert np.array_equal(prepare(given, target="sort").test.inputs, prepared.test.inputs)
    assert not np.array_equal(prepare(given, target="sort", seed=1).test.inputs, prepared.test.inputs)


def test_regression_is_standardized_and_comes_back(folder):
    prepared = prepare(str(folder / "fruit.csv"), target="price", test_fraction=0, validation_fraction=0)
    assert (prepared.validation, prepared.test) == (None, None)
    targets = prepared.training.targets
    assert (targets.shape, prepared.training.kind, prepared.training.name) == ((N, 1), "regression", "fruit")
    assert (abs(targets.mean()) < 1e-6, abs(targets.std() - 1) < 1e-6) == (True, True)
    np.testing.assert_allclose(prepared.encoder.decode_targets(targets)[:, 0], ROWS["price"].to_numpy(), rtol=1e-5)
    again = Encoder.from_dict(json.loads(json.dumps(prepared.encoder.to_dict())))
    data = again.dataset(ROWS)
    np.testing.assert_array_equal(data.inputs, prepared.training.inputs)
    np.testing.assert_array_equal(data.targets, targets)


def test_several_targets(folder):
    prepared = prepare(ROWS, target=["price", "size"])
    assert prepared.training.targets.shape == (52, 2)
    assert prepared.training.target_names == ("price", "size")


def test_statistics_come_from_training_rows_only():
    prepared = prepare(ROWS, target="sort")
    inputs = prepared.encoder.inputs.encode(ROWS)[0]
    assert abs(inputs[:, 0].mean()) > 1e-4  # of all rows, the mean is not what was subtracted


def test_standardize_can_be_refused():
    raw = ROWS["size"].to_numpy()
    inputs = prepare(ROWS, target="sort", standardize=False).training.inputs[:, 0]
    assert np.isin(inputs, raw.astype(np.float32)).all()


def test_digits():
    prepared = prepare("digits")
    assert [len(part) for part in (prepared.training, prepared.validation, prepared.test)] == [1167, 180, 450]
    assert prepared.training.inputs.shape[1:] == prepared.encoder.input_shape == (8, 8, 1)
    assert prepared.encoder.classes == tuple(range(10))
    counts = np.bincount(prepared.test.targets)
    assert counts.max() - counts.min() <= 3
    np.testing.assert_array_equal(prepared.encoder.encode(prepared.test.inputs), prepared.test.inputs)


@pytest.mark.parametrize(
    ("names", "shape", "expected"),
    [
        (("X", "y"), (30, 5), (5,)),
        (("x", "labels"), (30, 4, 3), (4, 3, 1)),
        (("inputs", "targets"), (30, 4, 3, 3), (4, 3, 3)),
        (("data", "y"), (30, 1), (1,)),
    ],
)
def test_npz(tmp_path, names, shape, expected):
    X = RNG.integers(0, 256, shape, dtype=np.uint8)
    np.savez(tmp_path / "a.npz", **dict(zip(names, (X, np.arange(30) % 3), strict=True)))
    prepared = prepare(tmp_path / "a.npz")
    assert prepared.encoder.input_shape == expected
    assert prepared.training.classes == (0, 1, 2)
    if len(expected) == 3:
        assert prepared.training.inputs.max() <= 1


def test_arrays_of_any_library():
    X, y = RNG.normal(size=(40, 3)), np.array(["a", "b"] * 20)
    first = prepare((X.astype(np.float32), y))
    assert first.training.classes == ("a", "b")
    np.testing.assert_array_equal(prepare((jnp.asarray(X), y)).test.inputs, first.test.inputs)
    assert prepare((X, X[:, :2])).training.targets.shape == (26, 2)
    assert prepare((X, (X[:, :2] > 0).astype(int))).training.kind == "multilabel"
    assert prepare((X, np.arange(40)), kind="count").training.targets.dtype == np.float32


def table(text):
    return lambda folder: _write(folder, "t.csv", text)


def npz(**arrays):
    def save(folder):
        np.savez(folder / "t.npz", **arrays)
        return folder / "t.npz"

    return save


def _write(folder, name, content):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


def _npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


ROW = "1.5,a\n2.5,b\n3.5,a\n4.5,b\n"
X30, Y30 = np.ones((30, 2)) * np.arange(30)[:, None], np.arange(30) % 3


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        (lambda _: "digts", {}, "source must be digits, mnist, a file .*no file 'digts'; did you mean 'digits'"),
        (lambda _: "nothing at all", {}, r"there is no file 'nothing at all'\."),
        (
            lambda f: _write(f, "house.csv", "a\n") and f / "hous.csv",
            {},
            r"there is no file .*; did you mean '.*house\.csv'",
        ),
        (lambda f: f, {}, "is a folder that holds no table"),
        (lambda f: _write(f, "a.docx", b"x"), {}, r"a file \(.csv, .*, .npz\) or a folder of files; got .*a.docx"),
        (lambda f: _write(f, "a.xlsx", b"x"), {}, "a.xlsx cannot be read as a spreadsheet: it is damaged"),
        (table(""), {"target": "y"}, "t.csv is empty"),
        (table("x,y\n"), {"target": "y"}, "t.csv holds no row of data"),
        (table("x,y\n1,2\n"), {"target": "y"}, "t must hold at least two examples; got 1"),
        (table("x,y\n" + ROW), {}, r"target must name the column of .*t.csv to predict, one of x, y; got none"),
        (table("x,prices\n" + ROW), {"target": "price"}, "t.csv has no target column 'price'; .*did you mean 'prices'"),
        (table("x,Y\n" + ROW), {"target": "y"}, "has no target column 'y'; its columns are 'x', 'Y'; did you mean 'Y'"),
        (table("5.1,0\n4.9,1\n"), {"target": "y"}, "has no target column 'y'; its columns are '1', '2'"),
        (table("y\na\nb\n"), {"target": "y"}, "must have at least one column beside the target 'y'"),
        (table("x,y\n" + ROW), {"target": ["y", "y"]}, "target must name each column once"),
        (table("x,y\n1,a\n2,a\n3,a\n"), {"target": "y"}, "must have at least two classes; every row is 'a'"),
        (table("x,y\n1,a\n2,b\n3,a\n"), {"target": "y"}, "class 'b' has only 1 example, and"),
        (table("y,x\n" + ROW + "inf,a\n"), {"target": "y"}, "column 'y' must hold finite numbers .* data row 5"),
        (table("x,y\n" + ROW * 4 + "-inf,a\n"), {"target": "y"}, "column 'x' must hold finite .* -inf in data row 17"),
        (
            table("y,x\n" + ROW * 4 + "many,a\n"),
            {"target": "y"},
            "column 'y' must hold numbers; got 'many' in data row 17",
        ),
        (
            table("x,y\n" + ROW),
            {"target": "y", "kind": "regression"},
            "column 'y' must hold numbers; got 'a' in data row 1",
        ),
        (
            table("x,y\n" + ROW),
            {"target": "y", "kind": "classify"},
            "kind must be one of .*Did you mean 'classification'",
        ),
        (
            table("x,y\n" + ROW),
            {"target": "y", "test_fraction": 1},
            "test_fraction must be a finite number ≥ 0 and < 1",
        ),
        (table("x,y\n" + ROW), {"target": "y", "test_fraction": 0.9}, "must leave at least one training example"),
        (npz(A=X30, y=Y30), {}, r"must hold its inputs as an array named X, x, inputs, data; it holds A, y"),
        (npz(X=X30, z=Y30), {}, r"must hold its targets as an array named y, targets, labels; it holds X, z"),
        (npz(X=X30, y=Y30), {"target": "yy"}, "t.npz has no array 'yy'; .* did you mean 'y'"),
        (npz(X=X30, y=Y30[:9]), {}, "t must hold as many targets as inputs; got 30 inputs and 9 targets"),
        (npz(X=X30[:, 0], y=Y30), {}, r"inputs of t must have shape \(N, D\), .*; got \(30,\)"),
        (npz(X=X30[:0], y=Y30[:0]), {}, "at least two examples; got 0"),
        (npz(X=np.where(X30 == 3, np.nan, X30), y=Y30), {}, r"must hold finite numbers .*; got NaN at inputs\[3, 0\]"),
        (npz(X=np.where(X30 == 3, np.inf, X30), y=Y30), {}, r"must hold finite numbers .*; got inf at inputs\[3, 0\]"),
        (npz(X=X30, y=np.zeros(30, int)), {}, "target column 'y' must have at least two classes; every row is 0"),
        (
            lambda f: _write(f, "t.npz", _npy(X30)),
            {},
            "t.npz cannot be read as an NPZ archive: it holds a single array",
        ),
        (npz(X=X30, y=np.array([{}] * 30)), {}, "t.npz holds Python objects, which are not read"),
        (npz(X=X30, y=np.zeros((30, 2, 2))), {}, r"targets must have shape \(N,\) or \(N, K\)"),
        (lambda f: _write(f, "t.npz", b"PK rubbish"), {}, "t.npz cannot be read as an NPZ archive"),
        (lambda _: "digits", {"target": "y"}, "target is for tables and files; digits has its own, got 'y'"),
        (
            lambda _: "mnist",
            {"kind": "regression"},
            "kind of mnist must be classification or reconstruction; got 'regression'",
        ),
        (lambda _: (X30, Y30), {"target": "y"}, "target names a column or an array of a file"),
    ],
)
def test_bad_sources(tmp_path, source, options, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        prepare(source(tmp_path), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        (3, {}, "source must be digits, mnist, a file, a DataFrame or arrays .*; got int"),
        ((np.full((30, 2), "x"), Y30), {}, "inputs must be an array of numbers; got 'x'"),
        ((X30, Y30 * 1j), {}, "targets must be numbers, booleans or text; got dtype complex128"),
        (ROWS, {"target": 3}, "target must be the name of a column, or several names; got 3"),
        (ROWS, {"target": ["sort", 3]}, "target must be the name of a column"),
        ((X30, Y30), {"seed": 1.5}, "seed must be a whole number"),
    ],
)
def test_wrong_types(source, options, sentence):
    with pytest.raises(TypeError, match=sentence):
        prepare(source, **options)


def people(n=40):
    rows = np.arange(n)
    return pl.DataFrame(
        {"patient": [f"P{k // 4}" for k in rows], "x": rows * 0.37 % 1, "when": rows[::-1], "y": rows % 2}
    )


def test_rows_without_a_target_are_left_out_and_counted(tmp_path):
    path = _write(tmp_path, "t.csv", "x,y\n" + "1.5,a\n2.5,b\n" * 10 + "3,\n4,NA\n")
    prepared = prepare(path, target="y", test_fraction=0, validation_fraction=0)
    assert len(prepared.training) == 20
    assert "2 of 22 rows have no target and are left out" in prepared.notes
    y = np.where(np.arange(30) == 3, np.nan, X30[:, 0] ** 2)
    assert len(prepare((X30, y), test_fraction=0, validation_fraction=0).training) == 29
    with pytest.raises(ValueError, match=r"t must hold at least two examples; got 0 \(10 of 10 rows have no target"):
        prepare(_write(tmp_path, "t.csv", "x,y\n" + "1.5,\n" * 10), target="y")
    with pytest.warns(UserWarning, match="1 of 2 rows have no target and are left out"):
        assert len(prepared.encoder.dataset(pl.DataFrame({"x": [1.5, 2.5], "y": ["a", None]}))) == 1


def test_groups_and_time():
    prepared = prepare(people(), target="y", group="patient")
    assert prepared.training.feature_names == ("x", "when")
    assert len(prepared.training) % 4 == len(prepared.test) % 4 == 0
    pointed = "column 'patient' has 10 different values"
    assert not any(note.startswith(pointed) for note in prepared.notes)
    assert any(note.startswith(pointed.replace("10", "20")) for note in prepare(people(80), target="y").notes)
    later = prepare(people(), target="y", time="when", standardize=False).training.inputs[:, -1]
    assert later.max() == 25  # 40 rows, of which the last 14 are held out
    by_array = prepare((X30, Y30), group=np.arange(30) // 3)
    assert len(by_array.training) % 3 == 0
    with pytest.raises(ValueError, match="group must have one value for each of 30 rows; got 3"):
        prepare((X30, Y30), group=np.arange(3))
    with pytest.raises(ValueError, match="the table has no time column 'whn'; .*did you mean 'when'"):
        prepare(people(), target="y", time="whn")


def test_what_makes_a_split_doubtful_is_said():
    notes = " | ".join(prepare(pl.DataFrame({"x": [0.5, 1.5] * 20, "y": ["a", "b"] * 20}), target="y").notes)
    assert "14 of 14 rows held out stand in training too, exactly; scores may be too good" in notes
    table = pl.DataFrame({"x": np.linspace(0, 1, 40), "y": ["a", "b"] * 13 + ["b"] * 13 + ["c"]})
    assert any(note.startswith("class 'c' has a single row") for note in prepare(table, target="y").notes)
    late = prepare(table, target="y", time=np.arange(40))
    assert "the validation part has one and the same target in all 4 rows" in late.notes
    assert "no training row is of class 'c'" in late.notes


def test_data_frame_and_targets():
    X = pd.DataFrame({"colour": ["red", "green", "blue"] * 10, "size": np.arange(30) * 0.5})
    prepared = prepare((X, Y30))
    assert prepared.training.feature_names == ("colour=blue", "colour=green", "colour=red", "size")
    np.testing.assert_array_equal(prepared.encoder.encode(X).shape, (30, 4))


def test_one_hot_targets():
    prepared = prepare((X30, np.eye(3)[Y30]))
    assert (prepared.training.kind, prepared.training.classes) == ("classification", (0, 1, 2))


def test_pixels_are_scaled_as_in_training():
    X = RNG.integers(0, 256, (30, 4, 3))
    X[0, 0, 0] = 255
    encoder = prepare((X.astype(np.float64), Y30)).encoder
    np.testing.assert_allclose(encoder.encode(X), X[..., None] / 255, rtol=1e-6)
    np.testing.assert_allclose(encoder.encode(X.astype(np.uint8)), X[..., None] / 255, rtol=1e-6)
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    np.testing.assert_array_equal(again.encode(X), encoder.encode(X))


def test_vectors_far_outside_are_drawn_in():
    encoder = prepare((X30, Y30), standardize=False, test_fraction=0, validation_fraction=0).encoder
    with pytest.warns(UserWarning, match="column 1 of the inputs: 1 of 2 values far from those of training, 0 to 29"):
        np.testing.assert_allclose(encoder.encode([[3, 1e9], [4, 5]]), [[3, 58], [4, 5]])


def pictures(folder, sizes=((6, 5), (6, 5), (3, 4))):
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for k, (height, width) in enumerate(sizes * 4):
            pixels = np.full((height, width), 40 * k % 256, np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{k:02}.png")
    return folder


def test_folders_of_images(tmp_path):
    folder = pictures(tmp_path / "animals")
    (folder / "cat" / "broken.png").write_bytes(b"no picture")
    (folder / "cat" / "notes.txt").write_text("x")
    prepared = prepare(folder)
    assert (prepared.encoder.input_shape, prepared.encoder.classes) == ((6, 5, 1), ("cat", "dog"))
    assert sum(len(part) for part in (prepared.training, prepared.validation, prepared.test)) == 24
    text = " | ".join(prepared.notes)
    assert "8 images of other sizes scaled to 6×5 (height × width; the most frequent size" in text
    assert "1 image files cannot be read and are left out: " in text
    assert prepare(folder, image_size=(8, 8)).encoder.input_shape == (8, 8, 1)
    Image.new("RGB", (5, 6), "red").save(folder / "dog" / "99.png")
    assert "24 grey images read as colour, as the others have it" in prepare(folder).notes


def test_a_table_of_paths(tmp_path):
    pictures(tmp_path)
    rows = "".join(f"{label}/{k:02}.png,{label}\n" for label in ("cat", "dog") for k in range(12))
    path = _write(tmp_path, "labels.csv", "file,kind\n" + rows + "cat/none.png,cat\n")
    prepared = prepare(path, target="kind")
    assert (prepared.encoder.input_shape, prepared.encoder.target_names) == ((6, 5, 1), ("kind",))
    assert any("1 image files cannot be read" in note and "none.png" in note for note in prepared.notes)


def test_data_frames_of_every_type_come_back_from_json():
    rows = np.arange(40)
    frame = pd.DataFrame(
        {
            "moment": pd.date_range("2024-01-01", periods=40, freq="7h", tz="Asia/Tokyo"),
            "lasts": pd.to_timedelta(rows * 7, "h"),
            "month": pd.period_range("2020-01", periods=40, freq="M").astype(str),
            "sort": pd.Categorical(["x", "y"] * 20),
            "y": rows % 2,
        }
    )
    prepared = prepare(frame, target="y", test_fraction=0, validation_fraction=0)
    again = Encoder.from_dict(json.loads(json.dumps(prepared.encoder.to_dict())))
    np.testing.assert_array_equal(again.encode(frame), prepared.training.inputs)
    assert "lasts" in prepared.encoder.feature_names
    assert "month trend" in prepared.encoder.feature_names
