"""The interface of Nielsen's program network2.py: other costs, better first weights, weight decay, monitors, files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from shinso import _checks, _files
from shinso.objectives import Batch
from shinso.textbook._network import SigmoidNetwork, say

_FILE_NAMES = {"quadratic": "QuadraticCost", "cross_entropy": "CrossEntropyCost"}

Monitored = tuple[list[float], list[int], list[float], list[int]]


class Network2(SigmoidNetwork):
    """The program network2.py: a network of sigmoid neurons with a choice of costs.

        net = Network2([784, 30, 10], cost="cross_entropy")
        net.sgd(training_data, 30, 10, 0.5, lmbda=5.0, evaluation_data=validation_data, monitor_evaluation_accuracy=True)

    Args:
        sizes: number of neurons in each layer, the inputs first; at least two layers.
        cost: "cross_entropy" or "quadratic".
        seed: of the first weights and of the orders.

    Raises:
        TypeError, ValueError: sizes are not whole numbers ≥ 1, or fewer than two; an unknown cost.

    Source: Nielsen, chapter 3, "Handwriting recognition revisited: the code".
    """

    def __init__(self, sizes: Sequence[int], cost: str = "cross_entropy", *, seed: int = 0) -> None:
        super().__init__(sizes, cost, seed)
        self.default_weight_initializer()

    def default_weight_initializer(self) -> None:
        """Draw the weights into a neuron from N(0, 1/number of them), and biases from N(0, 1)."""
        self.large_weight_initializer()
        self.weights = [w / np.sqrt(w.shape[1]) for w in self.weights]

    def sgd(
        self,
        training_data: Any,
        epochs: int,
        mini_batch_size: int,
        eta: float,
        lmbda: float = 0.0,
        evaluation_data: Any = None,
        monitor_evaluation_cost: bool = False,
        monitor_evaluation_accuracy: bool = False,
        monitor_training_cost: bool = False,
        monitor_training_accuracy: bool = False,
        early_stopping_n: int = 0,
        *,
        shuffle: str = "every_epoch",
        out: TextIO | None = None,
    ) -> Monitored:
        """Train by stochastic gradient descent on mini-batches, and say after each epoch what is monitored.

        The lines are those of network2.py, an empty one after each epoch. Ctrl-C keeps the work so far.

        Args:
            training_data: a list of pairs (x, y), x a vector or column, y the vector of desired outputs or the digit; or
                arrays (X, y), or a `shinso.data.Dataset`.
            epochs: passes over the data.
            mini_batch_size: m ≥ 1.
            eta: learning rate η > 0.
            lmbda: λ ≥ 0 of the penalty (λ/2n)Σw².
            evaluation_data: evaluated after each epoch; forms as above.
            monitor_evaluation_cost: its cost, with the penalty (λ/2n)Σw² for its own n.
            monitor_evaluation_accuracy: how many of its examples are classified rightly.
            monitor_training_cost: the cost on the training data, with the penalty.
            monitor_training_accuracy: how many of those are classified rightly.
            early_stopping_n: stop when the accuracy on the evaluation data has not improved for so many epochs; 0 does not.
            shuffle: "every_epoch", "once" or "none", as `shinso.train` has it.
            out: where the lines go; None means standard output.

        Returns:
            Costs and accuracies on the evaluation data, costs and accuracies on the training data: a number for each epoch,
            or an empty list where it is not monitored.

        Raises:
            TypeError, ValueError: data do not fit the network, a number is out of range, or there is nothing to monitor.

        Source: Nielsen, chapter 3, network2.py; early stopping: problem in "How to choose a neural network's
        hyper-parameters?".
        """
        decay = _checks.real("lmbda", lmbda, least=0.0)
        patience = _checks.whole_number("early_stopping_n", early_stopping_n)
        training = self._batch("training_data", training_data)
        evaluation = None if evaluation_data is None else self._batch("evaluation_data", evaluation_data)
        if evaluation is None and (monitor_evaluation_cost or monitor_evaluation_accuracy or patience):
            raise ValueError("evaluation_data must be given to be monitored, or to stop early.")
        sets = {"training": training, "evaluation": evaluation}
        # In the order of the program's lines.
        costs: dict[str, list[float]] = {"training": [], "evaluation": []}
        accuracies: dict[str, list[int]] = {"training": [], "evaluation": []}
        wanted = {
            "training": (monitor_training_cost, monitor_training_accuracy),
            "evaluation": (monitor_evaluation_cost, monitor_evaluation_accuracy),
        }
        right: list[int] = []
        for epoch in range(_checks.whole_number("epochs", epochs)):
            if not self._train_epoch(training, mini_batch_size, eta, decay, shuffle):
                break
            say(out, f"Epoch {epoch} training complete")
            for name, (cost, accuracy) in wanted.items():
                data = sets[name]
                if data is not None and cost:
                    costs[name].append(self._total_cost(data, decay))
                    say(out, f"Cost on {name} data: {costs[name][-1]}")
                if data is not None and accuracy:
                    accuracies[name].append(self._right(data))
                    say(out, f"Accuracy on {name} data: {accuracies[name][-1]} / {len(data.targets)}")
            say(out, "")
            if patience and evaluation is not None:
                right.append(self._right(evaluation))
                if len(right) - 1 - int(np.argmax(right)) >= patience:
                    break
        return costs["evaluation"], accuracies["evaluation"], costs["training"], accuracies["training"]

    def accuracy(self, data: Any) -> int:
        """Return for how many examples the most active output is the right one."""
        return self._right(self._batch("data", data))

    def total_cost(self, data: Any, lmbda: float) -> float:
        """Return the mean cost of the examples plus (λ/2n)Σw², n their number.

        Source: Nielsen, (87).
        """
        return self._total_cost(self._batch("data", data), lmbda)

    def _total_cost(self, data: Batch, lmbda: float) -> float:
        mean = float(self._likelihood.loss(self._outputs(data), data.targets).mean())
        return mean + 0.5 * (lmbda / len(data.targets)) * sum(float(np.sum(w * w)) for w in self.weights)

    def save(self, filename: str | Path) -> None:
        """Write the network as network2.py does: JSON with sizes, weights, biases and the cost's name.

        Raises:
            OSError: it cannot be written.
        """
        data = {
            "sizes": self.sizes,
            "weights": [w.tolist() for w in self.weights],
            "biases": [b.tolist() for b in self.biases],
            "cost": _FILE_NAMES[self.cost],
        }
        _files.write_atomically(Path(filename), json.dumps(data).encode())


def load_network(filename: str | Path) -> Network2:
    """Read a network that `Network2.save` or network2.py has written.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file, or the shapes in it do not fit its sizes.
    """
    try:
        data = json.loads(Path(filename).read_text(encoding="utf-8"))
        costs = {name: cost for cost, name in _FILE_NAMES.items()}
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
