"""Sequences from long tables and archives."""

import numpy as np
import pytest

from shinso.data import read_sequences

STEPS = "who,when,x,c,y\nb,2,0.5,u,1\na,1,1.5,v,0\nb,1,2.5,u,1\na,2,,v,0\nb,3,4.5,v,1\n"


def test_a_long_table(tmp_path):
    (tmp_path / "t.csv").write_text(STEPS)
    found = read_sequences(tmp_path / "t.csv", sequence="who", time="when", target="y")
    assert (found.names, found.targets.tolist(), len(found)) == (("b", "a"), [1, 0], 2)
    assert found.feature_names == ("x", "x is missing", "c=u", "c=v")
    np.testing.assert_array_equal(found.inputs[0], [[2.5, 0, 1, 0], [0.5, 0, 1, 0], [4.5, 0, 0, 1]])
    np.testing.assert_array_equal(found.inputs[1], [[1.5, 0, 0, 1], [2.0, 1, 0, 1]])
    assert found.notes == ("column 'x': 1 of 5 values missing, replaced by the training median 2",)
    as_they_stand = read_sequences(tmp_path / "t.csv", sequence="who", drop=["when", "y", "c"])
    np.testing.assert_array_equal(as_they_stand.inputs[0][:, 0], [0.5, 2.5, 4.5])


@pytest.mark.parametrize("padded", [True, False])
def test_archives(tmp_path, padded):
    X, lengths = np.arange(24.0).reshape(2, 4, 3), np.array([4, 2])
    flat = np.concatenate([X[0], X[1, :2]])
    np.savez(tmp_path / "t.npz", X=X if padded else flat, lengths=lengths, y=np.array(["u", "v"]))
    found = read_sequences(tmp_path / "t.npz")
    assert [one.shape for one in found.inputs] == [(4, 3), (2, 3)]
    np.testing.assert_array_equal(found.inputs[1], X[1, :2])
    assert found.targets.tolist() == ["u", "v"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "sequence must name the column of .*; got none"),
        ({"sequence": "whose"}, "has no column 'whose'; .*did you mean 'who'"),
        ({"sequence": "who", "target": "x"}, "column 'x' must have one value a sequence; 'b' has 3 different values"),
        ({"sequence": "who", "time": "c"}, "time must be dates or numbers; 'c' holds 'u'"),
    ],
)
def test_bad_tables(tmp_path, options, sentence):
    (tmp_path / "t.csv").write_text(STEPS)
    with pytest.raises(ValueError, match=sentence):
        read_sequences(tmp_path / "t.csv", **options)


@pytest.mark.parametrize(
    "arrays",
    [{"X": np.ones((4, 3))}, {"X": np.ones((4, 3)), "lengths": [2, 3]}, {"X": np.ones((2, 4, 3)), "lengths": [5, 1]}],
)
def test_bad_archives(tmp_path, arrays):
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(ValueError, match=r"must hold inputs \[N, T, D\], or \[ΣT, D\] with the lengths"):
        read_sequences(tmp_path / "t.npz")
