"""Settings: checked at the door, and the same through dictionaries, TOML and the command line."""

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shinso.experiment import Settings, read_settings

EVERYTHING = {
    "source": "digits",
    "target": "species",
    "kind": "classification",
    "validation_fraction": 0.2,
    "test_fraction": 0.0,
    "standardize": False,
    "data_dir": "data",
    "network": "cnn",
    "hidden": [100, 30],
    "channels": [20, 40],
    "kernel_size": 5,
    "padding": "valid",
    "pool": "l2",
    "basis": "gaussian",
    "basis_size": 5,
    "configuration": "fc100",
    "depth": 20,
    "activation": "tanh",
    "normalization": "layer",
    "initialization": "fan_in_normal",
    "dropout": 0.5,
    "drop_connect": 0.1,
    "gaussian_noise": 0.2,
    "augmentation": "shift",
    "likelihood": "sigmoid_quadratic",
    "l2": 0.001,
    "l1": 1e-05,
    "optimizer": "momentum",
    "learning_rate": 0.03,
    "schedule": "linear",
    "momentum": 0.5,
    "clip_norm": 2.0,
    "max_norm": 3.0,
    "averaging": "polyak",
    "epochs": 3,
    "batch_size": 10,
    "shuffle": "once",
    "patience": 5,
    "seed": 7,
    "device": "cpu",
}


def test_everything_is_everything() -> None:
    assert list(EVERYTHING) == [field.name for field in dataclasses.fields(Settings)]


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
        ("kind", "classify", "kind must be one of classification, count, multilabel, regression; got 'classify'."),
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
