"""Networks that network2.py has saved."""

import json
from pathlib import Path

import numpy as np

from shinso.textbook._network2 import FILE_NAMES, Network2


def load_network(filename: str | Path) -> Network2:
    """Return the network that `Network2.save` or network2.py has written.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file, or the shapes in it do not fit its sizes.
    """
    try:
        data = json.loads(Path(filename).read_text(encoding="utf-8"))
        costs = {name: cost for cost, name in FILE_NAMES.items()}
        network = Network2(data["sizes"], costs[data["cost"]])
        weights = [np.array(w, dtype=float) for w in data["weights"]]
        biases = [np.array(b, dtype=float) for b in data["biases"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{filename} must be a network that network2.py has saved as JSON: {error!r}.") from error
    for found, expected in ((weights, network.weights), (biases, network.biases)):
        if [one.shape for one in found] != [one.shape for one in expected]:
            raise ValueError(f"{filename} must have arrays that fit its sizes, {network.sizes}.")
    network.weights, network.biases = weights, biases
    return network
