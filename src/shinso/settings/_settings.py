"""The table of settings: everything a person can choose about one experiment, a row each.

A row is a field of `Settings`: name, type, accepted values, default, help, where help shows it, how a search varies it. The
options of the command line, the keys of settings files and their errors, the arguments of the estimators, the space of a
search and a page of the docs are made from these rows.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import tomli_w

from shinso import _checks
from shinso._kinds import (
    ACTIVATIONS,
    BASES,
    CELLS,
    INITIALIZERS,
    LIKELIHOODS,
    NETWORKS,
    OPTIMIZERS,
    SCHEDULES,
    TRAINING_STRATEGIES,
)
from shinso.settings import _search
from shinso.settings._accepted import Columns, Flag, Kind, Name, Number, Sizes, Text, Texts, Whole
from shinso.settings._row import COST, DATA, NETWORK, TRAINING, Row, Searched, setting

# multi_head has outputs by name, which settings cannot say.
_NETWORKS = tuple(name for name in NETWORKS if name != "multi_head")
# A teacher is no setting.
_STRATEGIES = tuple(name for name in TRAINING_STRATEGIES if name != "distillation")
_SHARE = Number(least=0.0, below=1.0, metavar="SHARE")
_RATE = Number(least=0.0, below=1.0, metavar="RATE")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What to learn from, which network, which cost, how to train it.

    `None` means "by the data" (`complete` says how). Every field is checked when the settings are made. The same fields are
    keys of a settings file and, with hyphens, options of `shinso train`; `rows` describes each.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is out of range, or a name is unknown.
    """

    source: str = setting(
        Text(),
        DATA,
        "digits, mnist, a table (CSV, Excel, Parquet, SQLite, …), an NPZ file, a folder of images.",
        words="",
    )
    target: str | tuple[str, ...] | None = setting(
        Columns(metavar="COLUMN"),
        DATA,
        "Column to predict; several, given one by one, are labels or numbers.",
        words="",
    )
    kind: str | None = setting(
        Name(("classification", "regression", "multilabel", "count"), metavar="KIND"),
        DATA,
        "classification, regression, multilabel or count.",
        words="by the target column",
    )
    train_examples: int | None = setting(Whole(1), DATA, "Train on the first so many examples only.", words="all")
    validation_fraction: float | None = setting(
        _SHARE, DATA, "Share of the examples kept for validation.", words="0.1; MNIST's last 10,000"
    )
    test_fraction: float | None = setting(
        _SHARE, DATA, "Share of the examples kept for the test.", words="0.25; MNIST has its own"
    )
    standardize: bool | None = setting(
        Flag(), DATA, "Scale inputs to mean 0, variance 1.", words="tables yes, images no"
    )
    group: str | None = setting(
        Text(metavar="COLUMN"),
        DATA,
        "Column that says whose a row is: nobody's rows are on both sides of a split.",
        words="",
    )
    time: str | None = setting(
        Text(metavar="COLUMN"), DATA, "Column that says when a row was: the latest rows are the test.", words=""
    )
    column: tuple[str, ...] | None = setting(
        Texts(metavar="NAME=KIND"),
        DATA,
        "What a column is: number, category, boolean, date, text or identifier; may be repeated.",
        words="by its values",
    )
    drop: tuple[str, ...] | None = setting(
        Texts(metavar="COLUMN"), DATA, "Column to leave out; may be repeated.", words=""
    )
    missing: tuple[str, ...] | None = setting(
        Texts(metavar="WORD"),
        DATA,
        "Word that stands for a missing value, besides the usual; may be repeated.",
        words="",
    )
    separator: str | None = setting(
        Text(metavar="MARK"), DATA, "Between fields: comma, semicolon, tab, pipe, blanks.", words="by the file"
    )
    decimal: str | None = setting(Name((".", ","), metavar="MARK"), DATA, "Mark before decimals.", words="by the file")
    encoding: str | None = setting(
        Text(metavar="NAME"), DATA, "Encoding of the file, such as cp932.", words="by the file"
    )
    header: bool | None = setting(Flag(), DATA, "Whether the first row has the names of columns.", words="by the file")
    skip_ragged: bool | None = setting(
        Flag(), DATA, "Leave out rows with too many or too few fields instead of refusing the file.", words="no"
    )
    resize: int | None = setting(
        Whole(1, metavar="PIXELS"), DATA, "Height and width to which images are scaled.", words="the most frequent size"
    )
    data_dir: str | None = setting(
        Text(metavar="DIR"), DATA, "Folder with MNIST's IDX files.", words="$SHINSO_DATA, then the user's cache"
    )
    network: str | None = setting(
        Name(_NETWORKS), NETWORK, f"{', '.join(_NETWORKS)}.", words="cnn for images, mlp for tables"
    )
    hidden: tuple[int, ...] | None = setting(
        Sizes(),
        NETWORK,
        "Units of the hidden layers, such as 100,30.",
        searched=Searched(_search.hidden_sizes),
        argument="hidden",
    )
    channels: tuple[int, ...] | None = setting(
        Sizes(),
        NETWORK,
        "Channels of the convolutions, such as 20,40.",
        searched=Searched(_search.channels),
        argument="channels",
    )
    kernel_size: int | None = setting(
        Whole(1),
        NETWORK,
        "Side of the convolutions' kernels, in pixels.",
        words="3",
        searched=Searched(),
        argument="kernel_size",
    )
    padding: str | None = setting(
        Name(("same", "valid")),
        NETWORK,
        "Padding of the convolutions: same or valid.",
        words="same",
        argument="padding",
    )
    pool: str | None = setting(
        Name(("max", "mean", "l2")),
        NETWORK,
        "Pooling: max, mean or l2.",
        words="max",
        searched=Searched(),
        argument="pool",
    )
    basis: str | None = setting(
        Name(BASES),
        NETWORK,
        "Functions of a basis_model: polynomial, gaussian or sigmoid.",
        words="polynomial",
        argument="basis",
    )
    basis_size: int | None = setting(
        Whole(1),
        NETWORK,
        "Their number: degree, centres, or sigmoids of each input.",
        words="3, 20, 20",
        argument="basis",
    )
    configuration: str | None = setting(
        Text(metavar="NAME"),
        NETWORK,
        "Which of the networks of Nielsen's book.",
        words="conv-conv-fc1000-fc1000-relu-dropout",
        argument="configuration",
    )
    depth: int | None = setting(
        Whole(1),
        NETWORK,
        "Layers of a resnet: 18, 34, 50; for small images 8, 14, 20, ….",
        words="18; 20",
        argument="depth",
    )
    activation: str | None = setting(
        Kind((*ACTIVATIONS, "maxout")),
        NETWORK,
        "Activation of hidden units, such as relu, tanh, gelu, elu:alpha=0.5.",
        words="gelu in an mlp, else relu",
        searched=Searched(_search.activations),
        argument="activation",
    )
    normalization: str | None = setting(
        Name(("batch", "layer")),
        NETWORK,
        "Normalize what hidden units take: batch or layer.",
        words="none",
        searched=Searched(_search.normalizations),
        argument="normalization",
    )
    initialization: str | None = setting(
        Kind(INITIALIZERS),
        NETWORK,
        "Distribution of the first weights, such as glorot_uniform.",
        words="he_normal for rectifiers, else glorot_uniform",
        searched=Searched(),
        argument="weight_init",
    )
    gain: float | None = setting(
        Number(above=0.0),
        NETWORK,
        "Factor on the first weights.",
        words="1",
        searched=Searched(_search.gains),
        argument="weight_init",
    )
    bias_init: str | None = setting(
        Kind(INITIALIZERS),
        NETWORK,
        "Distribution of the first biases, such as constant:value=0.1.",
        words="zeros",
        argument="bias_init",
    )
    recurrent_init: str | None = setting(
        Kind(INITIALIZERS),
        NETWORK,
        "Distribution of the first weights from step to step.",
        words="orthogonal",
        argument="recurrent_init",
    )
    forget_bias: float | None = setting(
        Number(), NETWORK, "First bias of the forget gates of an lstm.", words="1", argument="forget_bias"
    )
    cell: str | None = setting(
        Name(CELLS), NETWORK, "Units of a recurrent network: lstm, gru or elman.", words="lstm", argument="cell"
    )
    bidirectional: bool | None = setting(
        Flag(), NETWORK, "Go through sequences from both ends.", words="no", argument="bidirectional"
    )
    truncate: int | None = setting(
        Whole(1, metavar="STEPS"),
        NETWORK,
        "Steps that back-propagation through time goes back.",
        words="to the start",
        argument="truncate",
    )
    dropout: float | None = setting(
        _RATE,
        NETWORK,
        "Probability of dropping a hidden unit.",
        searched=Searched(_search.dropout_rates),
        argument="dropout",
    )
    drop_connect: float | None = setting(
        _RATE,
        NETWORK,
        "Probability of dropping a weight of a dense layer.",
        words="0",
        argument="drop_connect",
    )
    gaussian_noise: float | None = setting(
        Number(least=0.0, metavar="S"),
        NETWORK,
        "Standard deviation s of a factor N(1, s²) on hidden units.",
        words="0",
        argument="gaussian_noise",
    )
    likelihood: str | None = setting(Kind(LIKELIHOODS), COST, f"{', '.join(LIKELIHOODS)}.", words="by the kind")
    l2: float | None = setting(
        Number(least=0.0, metavar="λ"),
        COST,
        "λ of the penalty ½λΣw², biases excluded.",
        searched=Searched(_search.around("l2", 100, otherwise=1e-4), number=True, log=True),
    )
    l1: float = setting(
        Number(least=0.0, metavar="λ"),
        COST,
        "λ of the penalty λΣ|w|, biases excluded.",
        default=0.0,
        searched=Searched(number=True, log=True),
    )
    optimizer: str = setting(
        Name(OPTIMIZERS),
        TRAINING,
        "sgd, momentum, nesterov, adagrad, adadelta, rmsprop, rmsprop_momentum, adam, adamw, kfac; on the full batch "
        "lbfgs, bfgs, newton, levenberg_marquardt, hessian_free, among others.",
        default="adam",
        searched=Searched(),
    )
    learning_rate: float | None = setting(
        Number(above=0.0, metavar="RATE"),
        TRAINING,
        "Step size, the largest where a schedule changes it.",
        words="the optimizer's; by the data for adam",
        searched=Searched(_search.around("learning_rate", 30), number=True, log=True),
    )
    schedule: str | None = setting(
        Name(SCHEDULES),
        TRAINING,
        "Learning rate over time: constant, linear or cosine (to 0), exponential, one_cycle, or robbins_monro (rate/step).",
    )
    momentum: float | None = setting(
        Number(least=0.0, most=1.0, metavar="α"),
        TRAINING,
        "Share of its velocity that momentum keeps.",
        words="the optimizer's",
        searched=Searched(number=True),
    )
    clip_norm: float | None = setting(
        Number(above=0.0, metavar="NORM"),
        TRAINING,
        "Shorten longer gradients to this norm.",
        words="",
        searched=Searched(number=True, log=True),
    )
    max_norm: float | None = setting(
        Number(above=0.0, metavar="NORM"), TRAINING, "Largest norm of a unit's incoming weights.", words=""
    )
    averaging: str | None = setting(
        Name(("polyak", "exponential")),
        TRAINING,
        "Average the parameters too: polyak (second half of training) or exponential (about one epoch).",
        words="none",
    )
    augmentation: str | None = setting(
        Name(("shift", "distortion", "stored_shifts")),
        TRAINING,
        "Move training images: shift or distortion, anew every time; stored_shifts: four more copies of each.",
        words="none",
    )
    epochs: int | None = setting(Whole(1), TRAINING, "Passes over the training examples.")
    batch_size: int | None = setting(Whole(1), TRAINING, "Examples per step.", searched=Searched(_search.batch_sizes))
    shuffle: str = setting(
        Name(("every_epoch", "once", "none"), metavar="WHEN"),
        TRAINING,
        "Shuffle every_epoch, once or none.",
        default="every_epoch",
    )
    patience: int | None = setting(
        Whole(0), TRAINING, "Stop after so many epochs without a better validation score; 0: never."
    )
    stopping_monitor: str | None = setting(
        Name(("loss", "score")), TRAINING, "What has to improve: loss or score (accuracy, …).", words="loss"
    )
    stall_factor: float | None = setting(
        Number(above=0.0, below=1.0, metavar="FACTOR"),
        TRAINING,
        "Multiply the learning rate by it instead of stopping, down to 1/128.",
        words="",
    )
    monitor: str | None = setting(
        Name(("training",)), TRAINING, "training: its loss and score at every epoch's end too.", words="none"
    )
    members: int | None = setting(
        Whole(2), TRAINING, "Train so many networks side by side, which answer together.", words="1"
    )
    strategy: str | None = setting(
        Name(_STRATEGIES), TRAINING, f"Train in stages: {', '.join(_STRATEGIES)}.", words="none"
    )
    seed: int = setting(Whole(0), TRAINING, "Same seed, same bits.", default=0)
    device: str | None = setting(
        Text(metavar="NAME"), TRAINING, "cpu, gpu or tpu; gpu:1 for the second.", words="the fastest there is"
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None or field.name == "source":
                accepted = field.metadata["row"].accepted
                object.__setattr__(self, field.name, accepted.check(field.name, value))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a plain dictionary; the inverse of `to_dict`.

        Raises:
            TypeError: A value has the wrong type, or there is no `source`.
            ValueError: A key is not a setting (the nearest one is suggested), or a value is not accepted.
        """
        for key in values:
            _checks.one_of("Each setting", key, rows())
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


def rows() -> dict[str, Row]:
    """Return the rows of the table by name, in its order."""
    return {field.name: field.metadata["row"] for field in dataclasses.fields(Settings)}


def default_of(name: str) -> Any:
    """Return the default of a setting; None where the data decide."""
    return next(field.default for field in dataclasses.fields(Settings) if field.name == name)
