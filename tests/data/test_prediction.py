"""What new data meet at prediction: the same rules as in training, and a note where they differ."""

import datetime
import json
import zlib

import numpy as np
import polars as pl
import pytest

from shinso.data import Encoder, TableInputs, TargetEncoder, prepare, read_table
from shinso.data._options import Options

LABELS = TargetEncoder("classification", ("y",), classes=("a", "b"))
N = 40


def fitted(standardize=False, **columns):
    inputs, _ = TableInputs.fit(pl.DataFrame(columns), np.arange(N), standardize=standardize)
    again = TableInputs.from_dict(json.loads(json.dumps(inputs.to_dict())))
    assert again == inputs
    return again


@pytest.mark.parametrize("new", [[1, 2], [1.0, 2.0], ["1", "2"], ["1.0", " 2 "], ["１", "２.0"]])
def test_one_category_in_many_types(new):
    inputs = fitted(c=["1", "2", "x", "y"] * 10)
    vectors, notes = inputs.encode(pl.DataFrame({"c": new}))
    np.testing.assert_array_equal(vectors, [[1, 0, 0, 0], [0, 1, 0, 0]])
    assert notes == () or "width only" in notes[0]


def test_true_and_1_are_one_category():
    one = fitted(c=["1", "0", "x", "y"] * 10).encode(pl.DataFrame({"c": [True, False]}))
    np.testing.assert_array_equal(one[0], [[0, 1, 0, 0], [1, 0, 0, 0]])
    other = fitted(c=["true", "false", "x", "y"] * 10).encode(pl.DataFrame({"c": [1, 0]}))
    np.testing.assert_array_equal(other[0], [[0, 1, 0, 0], [1, 0, 0, 0]])


def test_case_and_blanks_are_tolerated_and_told():
    inputs = fitted(c=["Dark red", "blue"] * 20, d=["a", "A"] * 20)
    vectors, notes = inputs.encode(pl.DataFrame({"c": ["dark  RED", "blue", "blue"], "d": ["a", "A", "ａ"]}))
    np.testing.assert_array_equal(vectors, [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0.5, 0.5]])
    assert notes[:1] == ("column 'c': 'dark  RED' taken for categories that differ in case, blanks or width only",)


def test_rare_and_unknown_categories_share_a_feature():
    words = [f"w{k // 2}" for k in range(30)] + [f"rare{k}" for k in range(10)]
    inputs = fitted(c=words)
    assert len(inputs.feature_names) == 16
    vectors, notes = inputs.encode(pl.DataFrame({"c": ["w3", "rare3", "new"]}))
    np.testing.assert_array_equal(vectors.sum(axis=1), 1)
    np.testing.assert_array_equal(vectors[1:, inputs.feature_names.index("c is another")], 1)
    assert notes == ("column 'c': 1 of 3 values of categories unknown in training ('new'), taken as \"another\"",)


def test_the_hundred_most_frequent_categories_have_features_of_their_own():
    words = [f"w{k % 120:03}" for k in range(300)]
    inputs, _ = TableInputs.fit(pl.DataFrame({"c": words}), np.arange(300), standardize=False)
    assert len(inputs.feature_names) == 101
    assert {f"c=w{k:03}" for k in range(60)} < set(inputs.feature_names)  # these occur three times, the others twice


def test_values_far_outside_are_drawn_in_and_told():
    inputs = fitted(x=[float(10 + k) for k in range(N)], y=[1.5, 2.5] * 20)
    vectors, notes = inputs.encode(pl.DataFrame({"x": [1e9, 50.0, -1e8, 30.0], "y": [2.0, 2.0, 2.0, 2.0]}))
    np.testing.assert_allclose(vectors[:, 0], [49 + 39, 49 + 39 * np.tanh(1 / 39), 10 - 39, 30], rtol=1e-6)
    assert notes == ("column 'x': 2 of 4 values far from those of training, 10 to 49 (such as 1e+09), drawn in",)


def test_what_was_constant_or_empty_has_no_say():
    inputs = fitted(standardize=True, x=list(range(0, 2 * N, 2)), same=[2023] * N, none=[None] * N)
    new = pl.DataFrame({"x": [4, 4, 4], "same": [2023, 20240, None], "none": [None, None, 1e6]})
    vectors, notes = inputs.encode(new)
    assert np.ptp(vectors) == 0
    assert notes == (
        "column 'same': 1 of 3 values (such as 20240) are not used: it was always 2023 in training",
        "column 'none': 1 of 3 values (such as 1000000) are not used: it was empty in training",
    )
    np.testing.assert_array_equal(inputs.encode(new.select("x"))[0], vectors)


def test_constant_on_training_rows_only():
    table = pl.DataFrame({"x": [5.0] * N + [7.0], "z": [0.5 * (k % 3) for k in range(N + 1)]})
    inputs, _ = TableInputs.fit(table, np.arange(N), standardize=True)
    vectors, notes = inputs.encode(table)
    np.testing.assert_array_equal(vectors[:, 0], 0)
    assert notes == ("column 'x': 1 of 41 values far from training's only value 5 (such as 7), drawn in",)


def test_few_texts_among_numbers_count_as_missing():
    inputs = fitted(x=[float(k) for k in range(0, 2 * N, 2)])
    vectors, notes = inputs.encode(pl.DataFrame({"x": [str(k) for k in range(30)] + ["many"]}))
    assert vectors[-1, 0] == 39
    assert notes[0] == "column 'x': 1 values are no numbers and count as missing ('many' in data row 31)"


def test_numbers_are_read_by_the_rule_of_training(tmp_path):
    rows = "".join(f"{k},{k % 7};{'uv'[k % 2]};{k % 5 + 1}/{k % 28 + 1}/2024\n" for k in range(N))
    (tmp_path / "t.csv").write_text("x;y;d\n" + rows)
    prepared = prepare(tmp_path / "t.csv", target="y", standardize=False, test_fraction=0, validation_fraction=0)
    (tmp_path / "new.csv").write_text("x;d\n1.234;1/2/2024\n")
    with pytest.warns(UserWarning, match="far from those of training, 0 to 39.4 .such as 1234."):
        vectors = prepared.encoder.encode(prepared.encoder.read(tmp_path / "new.csv"))
    names = list(prepared.encoder.feature_names)
    day = (datetime.date(2024, 1, 2) - datetime.date(1970, 1, 1)).days
    assert vectors[0, names.index("d trend")] == pytest.approx(day)


def test_words_of_the_person_hold_for_new_files_too(tmp_path):
    rows = "".join(f"{'unknown' if k % 9 == 0 else k},{'NA' if k % 2 else 'EU'},{k % 2}\n" for k in range(N))
    (tmp_path / "t.csv").write_text("x,region,y\n" + rows)
    reading = {"missing": ["unknown"], "present": ["NA"]}
    prepared = prepare(tmp_path / "t.csv", target="y", reading=reading)
    assert prepared.encoder.feature_names == ("x", "x is missing", "region=EU", "region=NA")
    (tmp_path / "new.csv").write_text("x,region\nunknown,NA\n")
    again = Encoder.from_dict(json.loads(json.dumps(prepared.encoder.to_dict())))
    with pytest.warns(UserWarning, match="1 of 1 values missing"):
        np.testing.assert_array_equal(again.encode(again.read(tmp_path / "new.csv"))[0, 1:], [1, 0, 1])


def test_codes_keep_their_zeros(tmp_path):
    (tmp_path / "t.csv").write_text(
        "zip,code,y\n" + "".join(f"0{1000 + k % 3},{k % 3},0{k % 2 + 1}\n" for k in range(N))
    )
    prepared = prepare(tmp_path / "t.csv", target="y")
    assert prepared.encoder.feature_names == ("zip=01000", "zip=01001", "zip=01002", "code")
    assert prepared.encoder.classes == ("01", "02")
    (tmp_path / "new.csv").write_text("zip,code,y\n01001,1,02\n")
    data = prepared.encoder.dataset(prepared.encoder.read(tmp_path / "new.csv"))
    assert (data.inputs[0, :3].tolist(), data.targets.tolist()) == ([0, 1, 0], [1])
    assert read_table(tmp_path / "t.csv")["zip"][0] == "01000"


def test_free_text_becomes_hashed_words():
    words = ["good", "bad", "the", "film", "was", "really", "not"]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 5)) for _ in range(N)]
    inputs, notes = TableInputs.fit(pl.DataFrame({"t": texts}), np.arange(N), standardize=True)
    assert notes == ("column 't': free text, read as 128 hashed words and pairs of words; their order is lost",)
    new = pl.DataFrame({"t": ["Good film!", "film good", "bad film", None, "良い映画", "良い映画でした"]})
    vectors, told = inputs.encode(new)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 1, 1], rtol=1e-6)
    one = np.zeros((2, 128))
    for row, word in enumerate((b"film", b"bad")):  # whose codes are of unlike parity
        code = zlib.crc32(word)
        one[row, (code >> 1) % 128] = -1 if code % 2 else 1
    np.testing.assert_array_equal(inputs.encode(pl.DataFrame({"t": ["Film", "bad"]}))[0], one)
    same = vectors @ vectors.T
    assert same[0, 1] > same[0, 2] > same[0, 4]
    assert same[4, 5] > 0.4
    assert told == ("column 't': 1 of 6 texts missing, encoded as all zeros",)


def test_times_of_the_day_and_missing_dates():
    inputs = fitted(d=[f"{k % 24}:30" for k in range(N)])
    assert inputs.feature_names == ("d hour sin", "d hour cos")
    angle = 2 * np.pi * 6.5 / 24
    waves = inputs.encode(pl.DataFrame({"d": ["6:30", None]}))[0]
    np.testing.assert_allclose(waves, [[np.sin(angle), np.cos(angle)], [0, 0]], rtol=1e-6)


def test_told_kinds_are_obeyed():
    table = pl.DataFrame({"id": list(range(N)), "c": [1, 2] * 20})
    options = Options.of({"kinds": {"id": "number", "c": "category"}})
    inputs, _ = TableInputs.fit(table, np.arange(N), standardize=False, options=options)
    assert inputs.feature_names == ("id", "c=1", "c=2")


def test_the_only_column_is_used_though_it_counts_rows():
    inputs, _ = TableInputs.fit(pl.DataFrame({"z": list(range(N))}), np.arange(N), standardize=False)
    assert inputs.feature_names == ("z",)


def stored(path, text):
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the encoder of a table of an identifier, two numbers and a category; and its first rows as text."""
    rows = [f"K{k:03},{k * 1.5},{1000 + k % 7},{'ab'[k % 2]},{'uv'[k % 3 % 2]}" for k in range(N)]
    path = tmp_path_factory.mktemp("t") / "t.csv"
    prepared = prepare(stored(path, "\n".join(["key_id,size,Weight,kind,y", *rows])), target="y")
    return prepared.encoder, rows[:4]


@pytest.mark.parametrize("width", [5, 4])
def test_a_file_without_names_is_read_by_place(tmp_path, trained, width):
    encoder, rows = trained
    named = encoder.encode(encoder.read(stored(tmp_path / "a.csv", "\n".join(["key_id,size,Weight,kind,y", *rows]))))
    bare = "\n".join(row.rsplit(",", 5 - width)[0] for row in rows)
    for text, count in ((bare, 4), (bare.splitlines()[0], 1)):
        with pytest.warns(UserWarning, match="columns are taken in the order of training's"):
            raw = encoder.read(stored(tmp_path / "b.csv", text))
        np.testing.assert_array_equal(encoder.encode(raw), named[:count])


def test_names_that_differ_in_case_only(trained):
    encoder = trained[0]
    frame = pl.DataFrame({"kind": ["a"], "SIZE": [3.0], "weight ": [1001.0]})
    vectors, notes = encoder.encode_with_notes(frame)
    np.testing.assert_array_equal(vectors, encoder.encode(frame.rename({"SIZE": "size", "weight ": "Weight"})))
    assert "column 'SIZE' is taken for 'size'" in notes


def test_the_neighbour_of_a_missing_column_is_one_that_is_not_needed(trained):
    with pytest.raises(
        ValueError, match=r"has no column 'size'; its columns are 'kind', 'Weight', 'sizes'; did you mean 's"
    ):
        trained[0].encode(pl.DataFrame({"kind": ["a"], "Weight": [1.0], "sizes": [1.0]}))
    with pytest.raises(ValueError, match=r"has no column 'Weight'; its columns are 'kind', 'size', 'other'\."):
        trained[0].encode(pl.DataFrame({"kind": ["a"], "size": [1.0], "other": [1.0]}))


def test_another_decimal_mark_is_read_and_told(trained):
    frame = pl.DataFrame({"kind": ["a", "b"], "size": ["3,5", "4,5"], "Weight": [1001, 1002]})
    vectors, notes = trained[0].encode_with_notes(frame)
    same = frame.with_columns(size=pl.Series([3.5, 4.5]))
    np.testing.assert_array_equal(vectors, trained[0].encode(same))
    assert notes == ("column 'size': read with a decimal comma",)


def test_rows_left_out_are_told(tmp_path, trained):
    text = "key_id,size,Weight,kind\nK1,1,1001,a\n,,,\nK2,2,1002,b\nK3,3,1003,b\nTotal,6,3006,\n"
    with pytest.warns(UserWarning, match="passed over|totals") as told:
        assert len(trained[0].read(stored(tmp_path / "a.csv", text))) == 3
    assert any("1 empty row(s) passed over" in str(one.message) for one in told)
    assert any("hold totals ('Total'" in str(one.message) for one in told)


def test_words_that_were_missing_in_training_are_missing():
    inputs = fitted(c=[*(f"{k}.5" for k in range(30)), *["Varies"] * 10])
    vectors, notes = inputs.encode(pl.DataFrame({"c": ["Varies", "Varies", "2.5"]}))
    np.testing.assert_array_equal(vectors[:, 1], [1, 1, 0])
    assert "2 of 3 values missing" in notes[0]


def test_which_of_two_dates_was_read_is_told():
    inputs = fitted(d=[f"2024-01-{1 + k % 28:02}" for k in range(N)])
    assert (
        "read as month/day/year, and would read as day/month/year too"
        in inputs.encode(pl.DataFrame({"d": ["1/2/2024"]}))[1][0]
    )


def test_columns_of_archives_with_names_are_found_by_name(tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 3))
    np.savez(tmp_path / "a.npz", X=X, y=np.arange(N) % 2, feature_names=["b", "c", "a"])
    encoder = prepare(tmp_path / "a.npz").encoder
    table = pl.DataFrame({"a": X[:, 2], "b": X[:, 0], "c": X[:, 1], "more": X[:, 0]})
    np.testing.assert_array_equal(encoder.encode(table), encoder.encode(X))
    with pytest.raises(ValueError, match="has no column 'c'"):
        encoder.encode(table.drop("c"))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_pixels_are_scaled_by_what_training_saw(dtype):
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1))
    encoder = prepare((images.astype(dtype), np.arange(20) % 2)).encoder
    for other in (np.uint8, np.int64, np.float64):
        np.testing.assert_allclose(encoder.encode(images.astype(other)), images / 255, rtol=1e-6)
    np.testing.assert_allclose(encoder.encode((images / 255).astype(np.float32)), images / 255, rtol=1e-6)
