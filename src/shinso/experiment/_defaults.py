"""What is chosen for a person who did not choose: from the data, by rules that fit on a page."""

import inspect

from shinso import nn, optim
from shinso.data import Dataset
from shinso.experiment._settings import Settings

LIKELIHOODS = {
    "classification": "categorical",
    "regression": "gaussian",
    "multilabel": "bernoulli",
    "count": "poisson",
}
LAYERS = (
    "hidden",
    "channels",
    "kernel_size",
    "padding",
    "pool",
    "basis",
    "configuration",
    "depth",
    "activation",
    "normalization",
    "dropout",
    "drop_connect",
    "gaussian_noise",
)
"""Settings that are arguments of some networks' builders."""

SMALL = 5000
"""Training examples below which batches are of 32."""
_IMAGE_EPOCHS, _MANY_IMAGES_EPOCHS = 30, 10
_TABLE_EPOCHS, _TABLE_EXAMPLES = (20, 300), 300_000
_ITERATIONS = 200
_ADAM_RATE = 0.002
_PRECISION = 3.0


def complete(settings: Settings, training: Dataset) -> Settings:
    """Return the settings with a value for everything that training needs; what the person chose stays.

    | | images | tables and vectors |
    |---|---|---|
    | network | `cnn`: 32 and 64 channels, 128 hidden units, ReLU | `mlp`: 64 and 64 hidden units, GELU |
    | its dropout | 0.25 | 0.1 for classes and labels, 0 for numbers and counts |
    | epochs for N examples | 30, or 10 from N = 5,000 | 300,000 / N, at least 20 and at most 300 |
    | l2 | 0 | 3 / N |

    Batches are of 32 examples, of 128 from N = 5,000; the learning rate falls along a cosine from 0.002 (adam, adamw) or
    the rule's own default; training does not stop early. Full-batch methods make 200 iterations without dropout; those that
    need a matrix of all parameters, of which some thousand are many, have 20 and 20 hidden units. The likelihood follows
    from the kind of target: categorical, Gaussian, Bernoulli or Poisson.

    Args:
        settings: what the person chose.
        training: the training examples.

    Raises:
        ValueError: two choices contradict each other.
    """
    network = settings.network or ("cnn" if training.is_image else "mlp")
    _refuse_idle(settings, network)
    rule = optim.optimizer_named(settings.optimizer)
    chosen = {
        "network": network,
        "likelihood": LIKELIHOODS[training.kind],
        **_network(network, rule, training.kind),
        **_training(settings, rule, training),
    }
    if network == "basis_model":
        chosen |= {"basis": "polynomial", "basis_size": 3 if settings.basis in (None, "polynomial") else 20}
    if rule.full_batch and "dropout" in chosen:
        # A full-batch method minimizes one fixed cost.
        chosen["dropout"] = 0.0
    return settings.replace(**{name: value for name, value in chosen.items() if getattr(settings, name) is None})


def _refuse_idle(settings: Settings, network: str) -> None:
    """Refuse a choice that the network would not heed."""
    heeded = inspect.signature(nn.NETWORKS[network]).parameters
    aliases = {"basis_size": "basis", "initialization": "weight_init"}
    for name in (*LAYERS, *aliases):
        if aliases.get(name, name) not in heeded and getattr(settings, name) is not None:
            raise ValueError(f"{name} is not for network {network}; got {getattr(settings, name)!r}.")


def _network(network: str, rule: optim.Optimizer, kind: str) -> dict[str, object]:
    if network == "mlp":
        matrix = isinstance(rule, optim.FullBatch) and rule.method.needs_matrix
        return {
            "hidden": (20, 20) if matrix else (64, 64),
            "activation": "gelu",
            "dropout": 0.1 if kind in ("classification", "multilabel") else 0.0,
        }
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


def _training(settings: Settings, rule: optim.Optimizer, training: Dataset) -> dict[str, object]:
    """A fixed number of epochs while the learning rate falls to 0; small tables are held by a prior of fixed precision."""
    n = len(training)
    chosen = {
        "epochs": _IMAGE_EPOCHS if n < SMALL else _MANY_IMAGES_EPOCHS,
        "batch_size": min(n, 32 if n < SMALL else 128),
        "learning_rate": _ADAM_RATE if settings.optimizer in ("adam", "adamw") else rule.recipe.get("learning_rate"),
        "schedule": "cosine",
        "l2": 0.0,
        "patience": 0,
    }
    if not training.is_image:
        chosen["epochs"] = min(max(_TABLE_EXAMPLES // n, _TABLE_EPOCHS[0]), _TABLE_EPOCHS[1])
        # A prior N(0, 1/α) on each weight adds ½ (α/n) Σ w² to the mean cost.
        chosen["l2"] = float(f"{_PRECISION / n:.2g}")
    if rule.full_batch:
        chosen |= {"epochs": _ITERATIONS, "batch_size": n, "schedule": "constant"}
    return chosen
