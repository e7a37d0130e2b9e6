"""Rows of the table: which cost, and how it is minimized."""

import dataclasses

from shinso._kinds import CODE_PENALTIES, LIKELIHOODS, OPTIMIZERS, SCHEDULES, TRAINING_STRATEGIES
from shinso.settings import _search
from shinso.settings._accepted import Flag, Kind, Name, Number, Sizes, Text, Whole
from shinso.settings._row import COST, TRAINING, Searched, setting

# A teacher is no setting.
_STRATEGIES = tuple(name for name in TRAINING_STRATEGIES if name != "distillation")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingRows:
    """The cost, the optimizer, its course, when it stops, and in which order and company it runs."""

    likelihood: str | None = setting(Kind(LIKELIHOODS), COST, f"{', '.join(LIKELIHOODS)}.", words="by the kind")
    code_penalty: str | None = setting(
        Kind(CODE_PENALTIES),
        COST,
        "Penalty of an autoencoder's code: l1:strength=0.1, sparsity:strength=0.1,target=0.05, variational:strength=4.",
        words="variational for a random code",
        argument="code",
    )
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
    restarts: tuple[int, ...] | None = setting(
        Sizes(metavar="EPOCHS"),
        TRAINING,
        "Epochs after which the schedule begins again, such as 50,100 (warm restarts).",
        words="none",
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
    best_epoch: bool | None = setting(
        Flag(),
        TRAINING,
        "Keep the parameters of the epoch with the best validation loss.",
        words="yes for tables of 400 rows and more",
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
    probes: str = setting(
        Name(("off", "light", "full")),
        TRAINING,
        "Gradients, steps and units of each layer, on a few examples now and then: off, light, or full (noise scale too).",
        default="light",
    )
    members: int | None = setting(
        Whole(2), TRAINING, "Train so many networks side by side, which answer together.", words="1"
    )
    strategy: str | None = setting(
        Name(_STRATEGIES), TRAINING, f"Train in stages: {', '.join(_STRATEGIES)}.", words="none"
    )
    seed: int = setting(Whole(0, 2**32 - 1), TRAINING, "Same seed, same bits.", default=0)
    device: str | None = setting(
        Text(metavar="NAME"), TRAINING, "cpu, gpu or tpu; gpu:1 for the second.", words="the fastest there is"
    )
