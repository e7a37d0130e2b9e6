"""Everything a person chooses about one experiment, as a value: a dataclass, a TOML file, command-line options."""

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import tomli_w

from shinso import _checks, nn, objectives, optim

Check = Callable[[str, Any], Any]

NETWORKS = ("linear", "basis_model", "mlp", "cnn", "nielsen", "lenet5", "resnet", "alexnet")
"""Networks for vectors and images, by their builders' names."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What to learn from, which network, which objective, how to train it.

    `None` means "chosen from the data" (`complete` says how). Every field is checked when the settings are
    made. The same fields name the keys of a settings file and, with hyphens, the options of `shinso train`.

    Attributes:
        source: `digits`, `mnist`, or a CSV, TSV, Parquet or NPZ file.
        target: Column to predict (tables).
        kind: `classification`, `regression`, `multilabel` or `count`; inferred from the target otherwise.
        validation_fraction: Share of the examples kept for validation, in [0, 1); see `shinso.data.prepare`.
        test_fraction: Share of the examples never seen in training, in [0, 1); see `shinso.data.prepare`.
        standardize: Scale inputs to mean 0 and variance 1, measured on the training examples.
        data_dir: Folder with the IDX files of `mnist`.
        network: `linear`, `basis_model`, `mlp`, `cnn`, `nielsen`, `lenet5`, `resnet` or `alexnet`.
        hidden: Units of each hidden layer, for `cnn` those after the convolutions.
        channels: Channels of each convolution (`cnn`).
        kernel_size: Side of the convolutions' kernels, in pixels (`cnn`).
        padding: `same` or `valid` (`cnn`).
        pool: `max`, `mean` or `l2` (`cnn`).
        basis: Fixed functions of the inputs: `polynomial`, `gaussian` or `sigmoid` (`basis_model`).
        basis_size: Their number: the polynomial's degree, the Gaussians' centres, or the sigmoids of each input, ≥ 1.
        configuration: Which of Nielsen's networks (`nielsen`).
        depth: Layers of the residual network (`resnet`).
        activation: Activation of hidden units.
        normalization: `batch` or `layer`, of what hidden units take.
        initialization: Distribution of the first weights.
        dropout: Probability of dropping a hidden unit in training, in [0, 1).
        drop_connect: Probability of dropping a weight of a dense layer in training, in [0, 1).
        gaussian_noise: Standard deviation of the factor N(1, s²) on hidden units in training, ≥ 0.
        augmentation: Moves every training image anew: `shift` (by up to one pixel) or `distortion` (rotation, scale, skew,
            translation and elastic displacement).
        likelihood: Negative log-likelihood to minimize; follows from `kind` otherwise.
        l2: Strength λ of the penalty ½ λ Σ w², ≥ 0; biases excluded.
        l1: Strength λ of the penalty λ Σ |w|, ≥ 0; biases excluded.
        optimizer: Rule that moves the parameters.
        learning_rate: Step size, > 0 (the largest, when `schedule` changes it).
        schedule: Course of the learning rate: `constant`, `linear` or `cosine` (to 0 at the last epoch), or `one_cycle`
            (up to `learning_rate`, then down).
        momentum: Share α of its velocity that a rule with momentum keeps, in [0, 1].
        clip_norm: Norm to which longer gradients are shortened, > 0.
        max_norm: Largest norm of a unit's incoming weights, > 0.
        averaging: Average of the parameters kept beside them: `polyak`, the mean over the second half of training, or
            `exponential`, over about one epoch. It is evaluated and stored; `model` stays what the last step left.
        epochs: Passes over the training examples, ≥ 1.
        batch_size: Examples per step, ≥ 1.
        shuffle: `every_epoch`, `once` or `none`.
        patience: Epochs without a better validation loss before training stops, ≥ 1; 0 never stops early.
        seed: Seed of the split, the first weights and the order of the examples, ≥ 0.
        device: `cpu`, `gpu`, `tpu`, or one of them with an index, `gpu:1`.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range, or a name is unknown.
    """

    source: str
    target: str | None = None
    kind: str | None = None
    validation_fraction: float | None = None
    test_fraction: float | None = None
    standardize: bool | None = None
    data_dir: str | None = None
    network: str | None = None
    hidden: tuple[int, ...] | None = None
    channels: tuple[int, ...] | None = None
    kernel_size: int | None = None
    padding: str | None = None
    pool: str | None = None
    basis: str | None = None
    basis_size: int | None = None
    configuration: str | None = None
    depth: int | None = None
    activation: str | None = None
    normalization: str | None = None
    initialization: str | None = None
    dropout: float | None = None
    drop_connect: float | None = None
    gaussian_noise: float | None = None
    augmentation: str | None = None
    likelihood: str | None = None
    l2: float | None = None
    l1: float = 0.0
    optimizer: str = "adam"
    learning_rate: float | None = None
    schedule: str | None = None
    momentum: float | None = None
    clip_norm: float | None = None
    max_norm: float | None = None
    averaging: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    shuffle: str = "every_epoch"
    patience: int | None = None
    seed: int = 0
    device: str | None = None

    def __post_init__(self) -> None:
        optional = {field.name for field in dataclasses.fields(self) if field.default is None}
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None or name not in optional:
                object.__setattr__(self, name, check(name, value))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a plain dictionary; the inverse of `to_dict`.

        Raises:
            TypeError: A value has the wrong type, or there is no `source`.
            ValueError: A key is not a setting (the nearest one is suggested), or a value is not accepted.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            _checks.one_of("Each setting", key, names)
        if "source" not in values:
            raise TypeError("source must be digits, mnist or a file; the settings name none.")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and TOML; settings left to the data (`None`) are left out."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {name: value for name, value in plain.items() if value is not None}

    def to_toml(self) -> str:
        """The text of a settings file, which `read_settings` reads back."""
        return tomli_w.dumps(self.to_dict())

    def replace(self, **changes: Any) -> Self:
        """The same settings with some changed, checked again."""
        return dataclasses.replace(self, **changes)


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a settings file: TOML whose keys are fields of `Settings`, none of them obligatory.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not TOML, or has a key that is not a setting (the nearest one is suggested).
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"The settings file {path} is a directory.")
    if not path.exists():
        raise FileNotFoundError(f"The settings file {path} does not exist.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The settings file {path} is not TOML: {str(error).rstrip('.')}.") from None
    names = [field.name for field in dataclasses.fields(Settings)]
    for key in values:
        _checks.one_of(f"Each key of {path}", key, names)
    return values


def _text(argument: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{argument} must be a non-empty text; got {value!r}.")
    return value


def _yes_or_no(argument: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{argument} must be true or false; got {value!r}.")
    return value


def _name(accepted: tuple[str, ...]) -> Check:
    return lambda argument, value: _checks.one_of(argument, value, accepted)


def _whole(least: int) -> Check:
    return lambda argument, value: _checks.whole_number(argument, value, least=least)


def _number(**bounds: float) -> Check:
    return lambda argument, value: _checks.real(argument, value, **bounds)


def _sizes(argument: str, value: Any) -> tuple[int, ...]:
    """Whole numbers ≥ 1, given as a list or as one number."""
    if not isinstance(value, list | tuple):
        value = (value,)
    return tuple(_checks.whole_number(argument, size, least=1) for size in value)


def _likelihood(argument: str, value: Any) -> str:
    return objectives.likelihood(_text(argument, value)).name


_FRACTION = _number(least=0.0, below=1.0)
_CHECKS: dict[str, Check] = {
    "source": _text,
    "target": _text,
    "kind": _name(("classification", "regression", "multilabel", "count")),
    "validation_fraction": _FRACTION,
    "test_fraction": _FRACTION,
    "standardize": _yes_or_no,
    "data_dir": _text,
    "network": _name(NETWORKS),
    "hidden": _sizes,
    "channels": _sizes,
    "kernel_size": _whole(1),
    "padding": _name(("same", "valid")),
    "pool": _name(("max", "mean", "l2")),
    "basis": _name(tuple(nn.BASES)),
    "basis_size": _whole(1),
    "configuration": _text,
    "depth": _whole(1),
    "activation": _name((*nn.ACTIVATIONS, "maxout")),
    "normalization": _name(("batch", "layer")),
    "initialization": _name(tuple(nn.INITIALIZERS)),
    "dropout": _FRACTION,
    "drop_connect": _FRACTION,
    "gaussian_noise": _number(least=0.0),
    "augmentation": _name(("shift", "distortion")),
    "likelihood": _likelihood,
    "l2": _number(least=0.0),
    "l1": _number(least=0.0),
    "optimizer": _name(optim.OPTIMIZERS),
    "learning_rate": _number(above=0.0),
    "schedule": _name(("constant", "linear", "cosine", "one_cycle")),
    "momentum": _number(least=0.0, most=1.0),
    "clip_norm": _number(above=0.0),
    "max_norm": _number(above=0.0),
    "averaging": _name(("polyak", "exponential")),
    "epochs": _whole(1),
    "batch_size": _whole(1),
    "shuffle": _name(("every_epoch", "once", "none")),
    "patience": _whole(0),
    "seed": _whole(0),
    "device": _text,
}
