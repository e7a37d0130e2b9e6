"""The interface of Nielsen's program network2.py: other costs, better first weights, weight decay, monitors, files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from shinso import _checks, _files
from shinso.objectives import Batch
from shinso.textbook._sigmoid_network import SigmoidNetwork, say

FILE_NAMES = {"quadratic": "QuadraticCost", "cross_entropy": "CrossEntropyCost"}
"""What the program calls its costs, and writes into its files."""

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
        if patience and not monitor_evaluation_accuracy:
            raise ValueError("early_stopping_n needs monitor_evaluation_accuracy=True, the number that it looks at.")
        training = self._batch("training_data", training_data)
        sets = [("training", training, monitor_training_cost, monitor_training_accuracy)]
        if evaluation_data is not None:
            evaluation = self._batch("evaluation_data", evaluation_data)
            sets.append(("evaluation", evaluation, monitor_evaluation_cost, monitor_evaluation_accuracy))
        elif monitor_evaluation_cost or monitor_evaluation_accuracy:
            raise ValueError("evaluation_data must be given to be monitored.")
        costs: dict[str, list[float]] = {"training": [], "evaluation": []}
        rights: dict[str, list[int]] = {"training": [], "evaluation": []}
        for epoch in range(_checks.whole_number("epochs", epochs)):
            if not self._train_epoch(training, mini_batch_size, eta, decay, shuffle):
                break
            say(out, f"Epoch {epoch} training complete")
            for name, data, cost, accuracy in sets:
                if cost:
                    costs[name].append(self._total_cost(data, decay))
                    say(out, f"Cost on {name} data: {costs[name][-1]}")
                if accuracy:
                    rights[name].append(self._right(data))
                    say(out, f"Accuracy on {name} data: {rights[name][-1]} / {len(data.targets)}")
            say(out, "")
            if patience and epoch - int(np.argmax(rights["evaluation"])) >= patience:
                break
        return costs["evaluation"], rights["evaluation"], costs["training"], rights["training"]

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
            "cost": FILE_NAMES[self.cost],
        }
        _files.write_atomically(Path(filename), json.dumps(data).encode())
