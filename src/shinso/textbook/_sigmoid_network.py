"""What Nielsen's programs network.py and network2.py have in common, around the one training loop."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TextIO

import jax.numpy as jnp
import numpy as np
import scipy.special
from jaxtyping import Array

from shinso import _checks
from shinso.nn import Sequential
from shinso.objectives import Batch, Likelihood, Objective, as_batch, likelihood, penalty
from shinso.textbook._given import given_network
from shinso.training import train

COSTS: Mapping[str, str] = MappingProxyType(
    {"quadratic": "sigmoid_quadratic", "cross_entropy": "sigmoid_cross_entropy"}
)
"""Costs of the programs, ½‖y − a‖² and −Σ y ln a + (1 − y) ln(1 − a), and the likelihoods that have them."""


class SigmoidNetwork:
    """What both programs have in common: layers of sigmoid neurons, held as the book's lists of arrays.

    Attributes:
        sizes: number of neurons in each layer, the inputs first.
        num_layers: how many layers that are.
        weights: w of each layer after the first, `[neurons, neurons before]`; may be set.
        biases: b of each layer after the first, `[neurons, 1]`; may be set.
        cost: a name of `COSTS`.
    """

    def __init__(self, sizes: Sequence[int], cost: str, seed: int) -> None:
        self.sizes = [_checks.whole_number("sizes", size, least=1) for size in sizes]
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must name at least the inputs and the outputs; got {sizes!r}.")
        self.num_layers = len(self.sizes)
        self.cost = _checks.one_of("cost", cost, COSTS)
        self._random = np.random.default_rng(seed)
        self.large_weight_initializer()

    def large_weight_initializer(self) -> None:
        """Draw every weight and bias from N(0, 1)."""
        self.biases = [self._random.standard_normal((y, 1)) for y in self.sizes[1:]]
        self.weights = [
            self._random.standard_normal((y, x)) for x, y in zip(self.sizes[:-1], self.sizes[1:], strict=True)
        ]

    def feedforward(self, a: Any) -> np.ndarray:
        """Return the output σ(w a + b), layer after layer, for a column `[inputs, 1]` or many, `[inputs, N]`.

        Source: Nielsen, (22).
        """
        activation = np.asarray(a).reshape(self.sizes[0], -1)
        for b, w in zip(self.biases, self.weights, strict=True):
            activation = scipy.special.expit(w @ activation + b)
        return activation

    @property
    def model(self) -> Sequential:
        """The network as it stands, from rows `[N, inputs]` to z of the last layer, `[N, outputs]`."""
        return given_network([w.T for w in self.weights], [b[:, 0] for b in self.biases], output="identity")

    def _batch(self, name: str, data: Any) -> Batch:
        """Return rows of inputs and of desired outputs, from pairs or from arrays."""
        if not isinstance(data, tuple) and hasattr(data, "inputs"):
            data = (data.inputs, data.targets)
        if not isinstance(data, tuple):
            data = _columns(name, data)
        inputs, targets = np.asarray(data[0]), np.asarray(data[1])
        outputs = self.sizes[-1]
        if targets.ndim == 1 and outputs > 1:
            if targets.dtype.kind not in "iu" or targets.min(initial=0) < 0 or targets.max(initial=0) >= outputs:
                raise ValueError(f"{name} must have digits from 0 to {outputs - 1}, or vectors of {outputs} outputs.")
            targets = np.eye(outputs)[targets]
        rows = inputs.reshape(len(inputs), -1), targets.reshape(len(targets), -1)
        for what, found, wanted in zip(("inputs", "outputs"), rows, (self.sizes[0], outputs), strict=True):
            if found.shape[1] != wanted:
                raise ValueError(f"{name} must have {wanted} {what}, as the network; got {found.shape[1]}.")
        return as_batch(name, rows, self._likelihood)

    @property
    def _likelihood(self) -> Likelihood:
        return likelihood(COSTS[self.cost])

    def _train_epoch(self, data: Batch, mini_batch_size: int, eta: float, lmbda: float, shuffle: Any) -> bool:
        """Train for one epoch; return whether it was completed.

        w ← (1 − ηλ/n) w − (η/m) Σ ∂C_x/∂w, b ← b − (η/m) Σ ∂C_x/∂b over each mini-batch of m.
        """
        n = len(data.targets)
        _checks.whole_number("mini_batch_size", mini_batch_size, least=1)
        run = train(
            self.model,
            Objective(self._likelihood, [penalty("l2", strength=lmbda / n)] if lmbda else []),
            data,
            optimizer="sgd",
            learning_rate=eta,
            epochs=1,
            batch_size=min(mini_batch_size, n),
            shuffle=shuffle,
            seed=int(self._random.integers(2**31)),
        )
        layers = run.model.layers[::2]  # type: ignore[attr-defined]
        self.weights = [np.asarray(layer.weight).T for layer in layers]
        self.biases = [np.asarray(layer.bias)[:, None] for layer in layers]
        return run.stop.reason == "epochs"

    def _outputs(self, data: Batch) -> Array:
        return jnp.asarray(self.model(data.inputs))

    def _right(self, data: Batch) -> int:
        """Return for how many examples the most active output is the right one."""
        return int(self._likelihood.score(self._outputs(data), data.targets).sum())


def say(out: TextIO | None, line: str) -> None:
    """Write one line, and let it be seen at once."""
    stream = sys.stdout if out is None else out
    stream.write(f"{line}\n")
    stream.flush()


def _columns(name: str, pairs: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The inputs and the outputs of a list of pairs, row by row."""
    try:
        inputs, outputs = zip(*pairs, strict=True)
        return np.array([np.ravel(x) for x in inputs]), np.array(
            [y if np.ndim(y) == 0 else np.ravel(y) for y in outputs]
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a list of pairs (x, y), or arrays (X, y): {error}.") from error
