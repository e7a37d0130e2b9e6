"""What is chosen for a person who did not choose: from the data, by rules that fit on a page."""

from shinso import optim
from shinso.data import Dataset
from shinso.train._settings import Settings

LIKELIHOODS = {
    "classification": "categorical",
    "regression": "gaussian",
    "multilabel": "bernoulli",
    "count": "poisson",
}
CONVOLUTIONAL = ("channels", "kernel_size", "padding", "pool")
NOT_LINEAR = ("hidden", "activation", "dropout")


def complete(settings: Settings, training: Dataset) -> Settings:
    """Return the settings with a value for everything that training needs.

    Args:
        settings: what the person chose.
        training: the training examples.

    Raises:
        ValueError: two choices contradict each other.
    """
    network = settings.network or ("cnn" if training.is_image else "mlp")
    _refuse_idle(settings, network)
    chosen = {
        "network": network,
        "likelihood": LIKELIHOODS[training.kind],
        **_network(network, training),
        **_training(settings, training),
    }
    return settings.replace(**{name: value for name, value in chosen.items() if getattr(settings, name) is None})


def _refuse_idle(settings: Settings, network: str) -> None:
    """Refuse a choice that the network would not heed."""
    idle = {"mlp": CONVOLUTIONAL, "linear": (*CONVOLUTIONAL, *NOT_LINEAR)}.get(network, ())
    for name in idle:
        if getattr(settings, name) is not None:
            raise ValueError(f"{name} is not for network {network}; got {getattr(settings, name)!r}.")


def _network(network: str, training: Dataset) -> dict[str, object]:
    if network == "linear":
        return {}
    if network == "mlp":
        return {"hidden": (100,), "activation": "relu", "dropout": 0.0}
    return {
        "hidden": (128,),
        "channels": (32, 64),
        "kernel_size": 3,
        "padding": "same",
        "pool": "max",
        "activation": "relu",
        "dropout": 0.25,
    }


def _training(settings: Settings, training: Dataset) -> dict[str, object]:
    n = len(training)
    full = optim.build(settings.optimizer).full_batch
    small = n < 5000
    epochs = (30 if small else 10) if training.is_image else 100
    batch_size = min(n, 32 if small else 128)
    rates = optim.build(settings.optimizer).recipe.get("learning_rate")
    if settings.optimizer in ("adam", "adamw"):
        rates = 0.002
    return {
        "epochs": 200 if full else epochs,
        "batch_size": n if full else batch_size,
        "learning_rate": rates,
        "schedule": "constant" if full else "cosine",
        "l2": 0.0,
        "patience": 0,
    }
