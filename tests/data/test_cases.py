"""Small files of kinds that people have, kept beside the project; skipped where they are not."""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

from shinso.data import prepare

SHARED = Path(os.environ.get("SHINSO_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data").parent
FOLDER = SHARED / "cases"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the files are not in {FOLDER}")

# File, target, what kind it is, what its classes or inputs are, what is said.
CASES = [
    ("decimal_comma", "preis", "regression", ("höhe", "breite"), None),
    ("decimal_comma_partly", "y", "regression", ("a", "b"), None),
    ("thousands_and_units", "y", "regression", ("area", "price", "discount", "size"), None),
    ("shift_jis", "売上", "regression", ("地域=大阪", "地域=札幌", "地域=東京", "気温"), "the encoding is cp932"),
    ("utf16", "売上", "regression", ("地域=大阪", "地域=札幌", "地域=東京", "気温"), "the encoding is utf-16"),
    ("latin1", "prix", "regression", ("café=crème", "café=déca", "café=thé"), "the encoding is latin-1"),
    ("preamble", "電力", "regression", None, "3 line.s. before the table passed over"),
    ("sep_line", "label", "classification", ("x", "z"), "says the separator"),
    ("no_header", "4", "classification", ("1", "2", "3"), "the first row looks like data"),
    ("trailing_separators", "y", "classification", ("x", "z"), "2 column.s. without name and values left out"),
    ("pipe", "y", "classification", ("x", "z"), None),
    ("missing_words", "y", "classification", ("a", "a is missing", "b"), "14 of 120 values missing"),
    ("rating_with_none", "y", "regression", ("rating", "rating is missing", "hours"), "20 of 120 values missing"),
    ("ids_in_order", "kind", "classification", ("x",), "'番号' is not used"),
    ("one_member_class", "grade", "regression", ("a",), "20 stands once only; kind=classification"),
    ("full_width", "y", "classification", ("店", "数"), None),
    ("account_20_digits", "y", "classification", ("x",), "'acct' is not used"),
    ("group_leak", "y", "classification", None, "group='patient' keeps them"),
    ("empty_in_training", "y", "regression", ("a",), "'bonus' is not used: it holds no value"),
]


@pytest.mark.parametrize(("name", "target", "kind", "features", "said"), CASES, ids=[case[0] for case in CASES])
def test_what_is_right(name, target, kind, features, said):
    prepared = prepare(FOLDER / f"{name}.csv", target=target)
    assert prepared.training.kind == kind
    assert features is None or prepared.training.feature_names == features
    text = " | ".join(prepared.notes)
    assert said is None or re.search(said, text), text


@pytest.mark.parametrize(
    ("name", "target", "classes"),
    [
        ("labels_float_01", "ill", (0, 1)),
        ("labels_leading_zero", "code", ("01", "02", "10")),
        ("classes_26", "letter", tuple(range(26))),
        ("tab_with_commas_in_names", "yes/no", ("no", "yes")),
        ("states_51", "churn", (False, True)),
    ],
)
def test_classes(name, target, classes):
    prepared = prepare(FOLDER / f"{name}.csv", target=target)
    assert prepared.training.classes == classes
    assert prepared.encoder.decode_targets(np.arange(len(classes))).tolist() == list(classes)


def test_states_are_used():
    names = prepare(FOLDER / "states_51.csv", target="churn").training.feature_names
    assert sum(name.startswith("state=") for name in names) == 51


def test_index_is_a_feature():
    prepared = prepare(FOLDER / "index_is_a_feature.csv", target="y")
    fitted = LinearRegression().fit(prepared.training.inputs, prepared.training.targets)
    assert fitted.score(prepared.test.inputs, prepared.test.targets) > 0.9


def test_rows_of_another_length():
    with pytest.raises(ValueError, match=r"ragged\.csv has 4 fields in data row 78 and 3 in the others"):
        prepare(FOLDER / "ragged.csv", target="y")
    prepared = prepare(FOLDER / "ragged.csv", target="y", reading={"skip_ragged": True})
    assert "1 row(s) of another length left out: data row 78" in prepared.notes


def test_nothing_is_thrown_off_by_what_training_never_had():
    prepared = prepare(FOLDER / "empty_in_training.csv", target="y")
    new = prepared.encoder.read(FOLDER / "empty_in_training_new.csv")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoded = prepared.encoder.encode(new)
    assert np.ptp(encoded, axis=0).max() == 0
    said = [str(warning.message) for warning in caught]
    assert ["'bonus'" in said[0], "1000000" in said[0], "'year'" in said[1], "20240" in said[1]] == [True] * 4


def test_no_patient_on_both_sides():
    prepared = prepare(FOLDER / "group_leak.csv", target="y", group="patient", standardize=False)
    assert prepared.training.feature_names == ("x",)
    table = pl.read_csv(FOLDER / "group_leak.csv")
    alone = table.filter(table["x"].is_unique())
    patient = dict(zip(alone["x"].cast(pl.Float32), alone["patient"], strict=True))
    parts = [
        {patient[x] for x in part.inputs[:, 0].tolist() if x in patient}
        for part in (prepared.training, prepared.validation, prepared.test)
    ]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_account_as_target_is_refused_as_text():
    with pytest.raises(ValueError, match="target column 'acct' tells rows apart"):
        prepare(FOLDER / "account_20_digits.csv", target="acct")
