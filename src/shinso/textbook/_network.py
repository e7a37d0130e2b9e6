"""The interface of Nielsen's program network.py."""

from collections.abc import Sequence
from typing import Any, TextIO

from shinso import _checks
from shinso.textbook._sigmoid_network import SigmoidNetwork, say


class Network(SigmoidNetwork):
    """The program network.py: a network of sigmoid neurons with the quadratic cost.

        net = Network([784, 30, 10])
        net.sgd(training_data, 30, 10, 3.0, test_data=test_data)

    Weights and biases start from N(0, 1).

    Args:
        sizes: number of neurons in each layer, the inputs first; at least two layers.
        seed: of the first weights and of the orders.

    Raises:
        TypeError, ValueError: sizes are not whole numbers ≥ 1, or fewer than two.

    Source: Nielsen, chapter 1, "Implementing our network to classify digits".
    """

    def __init__(self, sizes: Sequence[int], *, seed: int = 0) -> None:
        super().__init__(sizes, "quadratic", seed)

    def sgd(
        self,
        training_data: Any,
        epochs: int,
        mini_batch_size: int,
        eta: float,
        test_data: Any = None,
        *,
        shuffle: str = "every_epoch",
        out: TextIO | None = None,
    ) -> None:
        """Train by stochastic gradient descent on mini-batches, and say after each epoch how it went, as network.py does.

        A line is ``Epoch 0: 9129 / 10000`` with test data, else ``Epoch 0 complete``. Ctrl-C keeps the work so far.

        Args:
            training_data: a list of pairs (x, y), x a vector or column, y the vector of desired outputs or the digit; or
                arrays (X, y), or a `shinso.data.Dataset`.
            epochs: passes over the data.
            mini_batch_size: m ≥ 1.
            eta: learning rate η > 0.
            test_data: evaluated after each epoch; forms as above.
            shuffle: "every_epoch", "once" or "none", as `shinso.train` has it.
            out: where the lines go; None means standard output.

        Raises:
            TypeError, ValueError: data do not fit the network, or a number is out of range.
        """
        training = self._batch("training_data", training_data)
        test = None if test_data is None else self._batch("test_data", test_data)
        for epoch in range(_checks.whole_number("epochs", epochs)):
            if not self._train_epoch(training, mini_batch_size, eta, 0.0, shuffle):
                return
            how = " complete" if test is None else f": {self.evaluate(test)} / {len(test.targets)}"
            say(out, f"Epoch {epoch}{how}")

    def evaluate(self, test_data: Any) -> int:
        """Return for how many examples the most active output is the right one."""
        return self._right(self._batch("test_data", test_data))
