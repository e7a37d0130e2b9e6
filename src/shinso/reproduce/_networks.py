"""Settings of the sources' networks, as `shinso train` takes them."""

from collections.abc import Mapping
from typing import Any

from shinso.reproduce._entry import Procedure

OLD = {"initialization": "standard_normal", "bias_init": "standard_normal"}
"""Nielsen's first way to start, chapter 1: every weight and bias from N(0, 1)."""
NEW = {"initialization": "fan_in_normal", "bias_init": "standard_normal"}
"""His second way, chapter 3: weights from N(0, 1/n_in), biases from N(0, 1)."""
COSTS = {"quadratic": "sigmoid_quadratic", "cross-entropy": "sigmoid_cross_entropy"}

TRAINING = 50_000
_DESCENT = {"source": "mnist", "optimizer": "sgd", "schedule": "constant", "batch_size": 10}


def sigmoid_network(
    hidden: tuple[int, ...],
    rate: float,
    *,
    cost: str = "cross-entropy",
    start: Mapping[str, str] = OLD,
    decay: float = 0.0,
    epochs: int = 30,
    n: int = TRAINING,
) -> dict[str, Any]:
    """Return the settings of a network of sigmoid neurons on MNIST: network.py and network2.py.

    Args:
        hidden: neurons of the hidden layers.
        rate: η.
        cost: a name of `COSTS`.
        start: `OLD` or `NEW`.
        decay: λ of Nielsen's penalty (λ/2n)Σw²: our strength is λ/n.
        epochs: how many.
        n: training images, the first of the 50,000.
    """
    network: dict[str, Any] = {"network": "mlp", "hidden": list(hidden), "activation": "sigmoid", "dropout": 0.0}
    return {
        **_DESCENT,
        **(network if hidden else {"network": "linear"}),
        **start,
        **({} if n == TRAINING else {"train_examples": n}),
        "likelihood": COSTS[cost],
        "learning_rate": rate,
        "l2": decay / n,
        "epochs": epochs,
    }


def convolutional_network(
    configuration: str, rate: float, *, l2: float = 0.0, epochs: int = 60, expanded: bool = False, **changes: Any
) -> dict[str, Any]:
    """Return the settings of a network of Nielsen's network3.py.

    It never reshuffles; the expanded images, a block for each shift, are brought into one random order as his program does
    when it stores them.

    Args:
        configuration: a name of `textbook.NIELSEN_NETWORKS`.
        rate: η.
        l2: our strength: his penalty is ½λΣw² over the number of mini-batches.
        epochs: how many.
        expanded: whether each image comes with four copies moved by a pixel.
        **changes: other settings.
    """
    return {
        **_DESCENT,
        "network": "nielsen",
        "configuration": configuration,
        "learning_rate": rate,
        "l2": l2,
        "epochs": epochs,
        "shuffle": "once" if expanded else "none",
        **({"augmentation": "stored_shifts"} if expanded else {}),
        **changes,
    }


def train_step(networks: Mapping[str, Mapping[str, Any]], **watch: int | None) -> Procedure:
    """Return the step that trains networks and watches parts of the data, all examples or the first so many."""
    return Procedure("training", {"networks": networks, "watch": watch or {"test": None}})
