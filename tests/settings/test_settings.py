"""Settings: checked at the door, and the same through dictionaries, TOML and the command line."""

import math
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shinso.settings import PANELS, Description, Row, Settings, complete, default_of, kind_of, read_settings, rows
from shinso.settings._accepted import Flag, Name, Number, Sizes, Text, Texts, Whole

ROOT = Path(__file__).resolve().parents[2]


def sample(name: str, row: Row) -> Any:
    """Some value that a row accepts, as a TOML file has it, other than its default."""
    match row.accepted:
        case Flag():
            return True
        case Whole(least=least):
            return least + 1
        case Number(least=least, above=above):
            return max(least, above, 0.0) + 0.25
        case Sizes():
            return [100, 30]
        case Name(names=names):
            return next(one for one in names if one != default_of(name))
        case Texts():
            return ["one", "other"]
        case Text():
            return "some text"
    raise TypeError(f"the test has no value for {row.accepted!r}")


EVERYTHING = {name: sample(name, row) for name, row in rows().items()}


def test_every_row_is_whole() -> None:
    for name, row in rows().items():
        assert row.panel in PANELS
        assert row.help[0].isalnum(), name
        assert row.help.endswith("."), name
        assert len(row.help) < 200, name
        assert (row.default is None) == (default_of(name) is not None), name
        assert row.accepted.check(name, EVERYTHING[name]) is not None


def test_the_table_is_read_without_jax() -> None:
    code = (
        "import sys, shinso.settings; from shinso.settings import Settings, rows; rows(); Settings(source='digits'); "
    )
    code += "sys.exit(any(name in sys.modules for name in ('jax', 'numpy', 'sklearn', 'polars')))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


@pytest.mark.parametrize("values", [EVERYTHING, {"source": "digits"}, {"source": "a.csv", "hidden": []}])
def test_dictionary_and_toml_round_trip(values: dict[str, Any], tmp_path: Path) -> None:
    settings = Settings.from_dict(values)
    assert settings.to_dict().items() >= values.items()
    assert Settings.from_dict(settings.to_dict()) == settings
    (tmp_path / "settings.toml").write_text(settings.to_toml(), encoding="utf-8")
    assert Settings.from_dict(read_settings(tmp_path / "settings.toml")) == settings
    assert tomllib.loads(settings.to_toml()) == settings.to_dict()


def test_values_take_one_form() -> None:
    settings = Settings(source="digits", hidden=(30,), l2=1)
    assert settings == Settings.from_dict({"source": "digits", "hidden": 30, "l2": 1.0})
    assert type(settings.l2) is float
    assert settings.replace(seed=3).seed == 3
    assert hash(settings) == hash(settings.replace(seed=0))


@pytest.mark.parametrize(
    ("name", "value", "fragment"),
    [
        ("source", "", "source must be a non-empty text; got ''."),
        ("source", None, "source must be a non-empty text; got None."),
        (
            "kind",
            "classify",
            "kind must be one of classification, count, multilabel, reconstruction, regression; got 'classify'.",
        ),
        ("validation_fraction", 1.0, "validation_fraction must be a finite number ≥ 0 and < 1; got 1.0."),
        ("test_fraction", -0.1, "test_fraction must be a finite number ≥ 0 and < 1; got -0.1."),
        ("standardize", 1, "standardize must be true or false; got 1."),
        ("network", "mpl", "Did you mean 'mlp'?"),
        ("hidden", (100, 0), "hidden must be a whole number, at least 1; got 0."),
        ("hidden", "100", "hidden must be a whole number, at least 1; got '100'."),
        ("channels", (1.5,), "channels must be a whole number, at least 1; got 1.5."),
        ("kernel_size", 0, "kernel_size must be a whole number, at least 1; got 0."),
        ("padding", "sane", "Did you mean 'same'?"),
        ("pool", "avg", "pool must be one of l2, max, mean; got 'avg'."),
        ("activation", "rellu", "Did you mean 'relu'?"),
        ("activation", "rellu:alpha=1", "Did you mean 'relu'?"),
        ("activation", "elu:alpha", "activation must be a name, or a name and its numbers such as elu:x=0.5"),
        ("activation", 3, "activation must be one of"),
        ("initialization", "he_nomal", "Did you mean 'he_normal'?"),
        ("dropout", 1.0, "dropout must be a finite number ≥ 0 and < 1; got 1.0."),
        ("likelihood", "gausian", "Did you mean 'gaussian'?"),
        ("l2", -1e-3, "l2 must be a finite number ≥ 0; got -0.001."),
        ("l1", math.nan, "l1 must be a finite number ≥ 0; got nan."),
        ("l1", None, "l1 must be a finite number ≥ 0; got None."),
        ("optimizer", "adma", "Did you mean 'adam'?"),
        ("learning_rate", 0.0, "learning_rate must be a finite number > 0; got 0.0."),
        ("learning_rate", math.inf, "learning_rate must be a finite number > 0; got inf."),
        ("schedule", "cosin", "Did you mean 'cosine'?"),
        ("momentum", 1.5, "momentum must be a finite number ≥ 0 and ≤ 1; got 1.5."),
        ("clip_norm", 0, "clip_norm must be a finite number > 0; got 0."),
        ("epochs", 0, "epochs must be a whole number, at least 1; got 0."),
        ("epochs", True, "epochs must be a whole number, at least 1; got True."),
        ("batch_size", 0, "batch_size must be a whole number, at least 1; got 0."),
        ("batch_size", 0.5, "batch_size must be a whole number, at least 1; got 0.5."),
        ("shuffle", "never", "shuffle must be one of every_epoch, none, once; got 'never'."),
        ("patience", -1, "patience must be a whole number, at least 0; got -1."),
        ("seed", -1, "seed must be a whole number, at least 0; got -1."),
        ("device", 1, "device must be a non-empty text; got 1."),
    ],
)
def test_bad_values(name: str, value: object, fragment: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Settings.from_dict({"source": "digits", name: value})
    assert fragment in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (b"learning_rat = 0.1", "Did you mean 'learning_rate'?"),
        (b"[training]\nepochs = 3", "got 'training'"),
        (b"epochs = ", "is not TOML"),
        (b"source = '\xff'", "is not TOML"),
    ],
)
def test_bad_files(text: bytes, fragment: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(text)
    with pytest.raises(ValueError, match="settings.toml") as caught:
        read_settings(path)
    assert fragment in str(caught.value)


def test_no_file_and_no_source(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"settings file .*absent.toml does not exist\."):
        read_settings(tmp_path / "absent.toml")
    with pytest.raises(IsADirectoryError, match=r"is a directory\."):
        read_settings(tmp_path)
    with pytest.raises(TypeError, match="source must be digits, mnist or a file; the settings name none"):
        Settings.from_dict({"epochs": 3})
    with pytest.raises(ValueError, match="Did you mean 'batch_size'"):
        Settings.from_dict({"source": "digits", "batchsize": 3})


def test_a_name_may_have_numbers() -> None:
    settings = Settings(source="digits", activation="elu:alpha=0.5")
    assert kind_of("activation", settings.activation or "") == {"name": "elu", "alpha": 0.5}
    assert settings == Settings.from_dict({"source": "digits", "activation": {"name": "elu", "alpha": 0.5}})
    assert kind_of("activation", "relu") == "relu"
    assert kind_of("likelihood", "bernoulli:link=probit") == {"name": "bernoulli", "link": "probit"}


def test_a_network_of_images_says_so_in_the_words_of_the_data() -> None:
    for shape, words in (((7,), "rows of a table, 7 numbers each"), ((5, 2), "sequences")):
        with pytest.raises(ValueError, match=f"network cnn is for images; these data are {words}"):
            complete(Settings(source="t.csv", network="cnn"), Description("classification", shape, 60, 2))
    assert (
        complete(Settings(source="t", network="cnn"), Description("classification", (8, 8, 1), 60, 2)).network == "cnn"
    )


def test_larger_tables_keep_the_best_epoch() -> None:
    for examples, shape, kept in ((399, (7,), False), (400, (7,), True), (4000, (8, 8, 1), False)):
        made = complete(Settings(source="t"), Description("classification", shape, examples, 2))
        assert made.best_epoch is kept
    full = complete(Settings(source="t", optimizer="lbfgs"), Description("classification", (7,), 400, 2))
    assert full.best_epoch is False
