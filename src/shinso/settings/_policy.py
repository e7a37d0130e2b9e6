"""What is chosen for a person who did not choose: from a description of the data, by rules that fit on a page."""

import dataclasses
import inspect
from typing import Any

from shinso._kinds import IMAGE_NETWORKS, MINIMISERS, NETWORKS, OF_SEQUENCES, RULES
from shinso.settings._settings import Settings, rows

LIKELIHOODS = {
    "classification": "categorical",
    "regression": "gaussian",
    "multilabel": "bernoulli",
    "count": "poisson",
    "reconstruction": "gaussian",
}

SMALL = 5000
"""Training examples below which batches are of 32."""
WINDOW = 64
"""Characters of a text that are read at once."""
_IMAGE_EPOCHS, _MANY_IMAGES_EPOCHS = 30, 10
_TABLE_EPOCHS, _TABLE_EXAMPLES = (20, 300), 300_000
_BEST_EPOCH_EXAMPLES = 400
_ITERATIONS = 200
_ADAM_RATE = 0.002
_PRECISION = 3.0


@dataclasses.dataclass(frozen=True)
class Description:
    """What the policy knows of the data.

    Attributes:
        kind: `classification`, `regression`, `multilabel`, `count` or `reconstruction`.
        input_shape: of one example: `(D,)`, `(H, W, C)`, or `(T, D)` for sequences.
        examples: N, those to train on.
        outputs: classes, labels or columns of the target; of a reconstruction the numbers of an input.
    """

    kind: str
    input_shape: tuple[int, ...]
    examples: int
    outputs: int

    @property
    def is_image(self) -> bool:
        """Whether an example is an image."""
        return len(self.input_shape) == 3

    @property
    def is_sequence(self) -> bool:
        """Whether an example is a sequence."""
        return len(self.input_shape) == 2


def complete(settings: Settings, data: Description) -> Settings:
    """Return the settings with a value for everything that training needs; what the person chose stays.

    | | images | tables and vectors | sequences |
    |---|---|---|---|
    | network | `cnn` | `mlp` | `recurrent` |
    | its units | 32 and 64 channels, 128 hidden, ReLU | 64 and 64 hidden, GELU | 64 LSTM |
    | its dropout | 0.25 | 0.1 for classes and labels, 0 for numbers and counts | 0 |
    | epochs for N examples | 30, or 10 from N = 5,000 | 300,000 / N, from 20 to 300 | 30,000 / N, from 20 to 300 |
    | l2 | 0 | 3 / N | 0 |

    Batches are of 32 examples, of 128 from N = 5,000; the learning rate falls along a cosine from 0.002 (adam, adamw) or
    the rule's own default; training does not stop early, but tables of 400 examples and more keep the epoch with the best
    validation loss, where there is such a part. Full-batch methods make 200 iterations without dropout; those that need
    a matrix of all parameters have 20 and 20 hidden units. The likelihood follows from
    the kind of target: categorical, Gaussian, Bernoulli or Poisson. Inputs that are to be rebuilt have an
    `autoencoder` of 100 hidden ReLU units and a code of 2 numbers, the epochs of tables, and no l2. A `language_model` has
    128 LSTM units and reads 64 characters at once.

    Args:
        settings: what the person chose.
        data: what they are to learn from.

    Raises:
        ValueError: two choices contradict each other.
    """
    network = settings.network or _usual_network(data)
    _refuse_idle(settings, network)
    if network == "autoencoder" and data.kind != "reconstruction":
        raise ValueError(f"network autoencoder rebuilds its inputs, kind reconstruction; got kind {data.kind}.")
    if data.is_sequence and network not in (*OF_SEQUENCES, *IMAGE_NETWORKS, "language_model"):
        raise ValueError(f"network must be {' or '.join(OF_SEQUENCES)} for sequences; got {network!r}.")
    if network == "language_model" and not data.is_sequence:
        raise ValueError("network language_model is for texts, file by file; got other examples.")
    _refuse_unlike_code(settings)
    if network in IMAGE_NETWORKS and not data.is_image:
        what = "sequences" if data.is_sequence else f"rows of a table, {data.input_shape[0]} numbers each once encoded"
        raise ValueError(
            f"network {network} is for images; these data are {what}: use mlp, conv1d or recurrent, or none."
        )
    chosen = {
        "network": network,
        "likelihood": LIKELIHOODS[data.kind],
        **_network(settings, network, data),
        **_training(settings, data),
    }
    if settings.optimizer in MINIMISERS and "dropout" in chosen:
        # A full-batch method minimizes one fixed cost.
        chosen["dropout"] = 0.0
    return settings.replace(**{name: value for name, value in chosen.items() if getattr(settings, name) is None})


def _refuse_unlike_code(settings: Settings) -> None:
    """Refuse a penalty of a random code for one that is not random, and the other way round."""
    random = settings.code_penalty is not None and settings.code_penalty.partition(":")[0] == "variational"
    if settings.code_penalty is not None and random != bool(settings.variational):
        raise ValueError(
            f"code_penalty variational goes with variational, the others without; got {settings.code_penalty!r}."
        )


def _usual_network(data: Description) -> str:
    if data.kind == "reconstruction":
        return "autoencoder"
    return "cnn" if data.is_image else "recurrent" if data.is_sequence else "mlp"


def _refuse_idle(settings: Settings, network: str) -> None:
    """Refuse a choice that the network would not heed."""
    chosen = {
        name: row.argument for name, row in rows().items() if row.argument and getattr(settings, name) is not None
    }
    heeded = inspect.signature(NETWORKS[network]).parameters if chosen else {}
    for name, argument in chosen.items():
        if argument not in heeded:
            raise ValueError(f"{name} is not for network {network}; got {getattr(settings, name)!r}.")


def _network(settings: Settings, network: str, data: Description) -> dict[str, Any]:
    if network == "basis_model":
        return {"basis": "polynomial", "basis_size": 3 if settings.basis in (None, "polynomial") else 20}
    if network == "recurrent":
        return {"cell": "lstm", "hidden": (64,), "dropout": 0.0}
    if network == "mlp":
        matrix = settings.optimizer in MINIMISERS and MINIMISERS[settings.optimizer].needs_matrix
        return {
            "hidden": (20, 20) if matrix else (64, 64),
            "activation": "gelu",
            "dropout": 0.1 if data.kind in ("classification", "multilabel") else 0.0,
        }
    if network == "language_model":
        return {"window": WINDOW, "hidden": (128,), "cell": "lstm", "dropout": 0.0}
    if network == "autoencoder":
        penalty = {"code_penalty": "variational"} if settings.variational else {}
        return {"hidden": (100,), "code": 2, "activation": "relu", **penalty}
    if network != "cnn":
        return {}
    return {
        "hidden": (128,),
        "channels": (32, 64),
        "kernel_size": 3,
        "padding": "same",
        "pool": "max",
        "activation": "relu",
        "dropout": 0.25,
    }


def _training(settings: Settings, data: Description) -> dict[str, Any]:
    """A fixed number of epochs while the learning rate falls to 0; small tables are held by a prior of fixed precision."""
    n = data.examples
    chosen = {
        "epochs": _IMAGE_EPOCHS if n < SMALL else _MANY_IMAGES_EPOCHS,
        "batch_size": min(n, 32 if n < SMALL else 128),
        "learning_rate": _rate(settings.optimizer),
        "schedule": "cosine",
        "l2": 0.0,
        "patience": 0,
        "best_epoch": False,
    }
    if not data.is_image or data.kind == "reconstruction":
        examples = _TABLE_EXAMPLES // 10 if data.is_sequence else _TABLE_EXAMPLES
        chosen["epochs"] = min(max(examples // n, _TABLE_EPOCHS[0]), _TABLE_EPOCHS[1])
    if not data.is_image and not data.is_sequence and data.kind != "reconstruction":
        # A prior N(0, 1/α) on each weight adds ½ (α/n) Σ w² to the mean cost.
        chosen["l2"] = float(f"{_PRECISION / n:.2g}")
        # The validation tenth of fewer is too small to choose by: 198 rows lost 17 %, 583 won 59 %.
        chosen["best_epoch"] = n >= _BEST_EPOCH_EXAMPLES and settings.optimizer not in MINIMISERS
    if settings.optimizer in MINIMISERS:
        chosen |= {"epochs": _ITERATIONS, "batch_size": n, "schedule": "constant"}
    return chosen


def _rate(optimizer: str) -> float | None:
    if optimizer in ("adam", "adamw"):
        return _ADAM_RATE
    rate: float | None = RULES[optimizer].defaults["learning_rate"] if optimizer in RULES else None
    return rate
