"""Deep belief nets: restricted Boltzmann machines, each on top of the one before."""

from collections.abc import Iterable, Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _threefry
from shinso.nn._boltzmann import BernoulliBoltzmannMachine, BoltzmannMachine, boltzmann
from shinso.nn._dense import Dense
from shinso.nn._layer import Layer, Shape
from shinso.nn._mlp import mlp
from shinso.nn._recipe import Recipe
from shinso.nn._sequential import Sequential


class DeepBeliefNet(Layer):
    """Restricted Boltzmann machines in a stack: the hidden units of one are the visible units of the next.

    The two topmost layers h^(L−1), h^L are a Boltzmann machine; below it everything is directed downwards:
    p(v, h¹, …, h^L) = p(v | h¹) p(h¹ | h²) ⋯ p(h^(L−1), h^L). As a layer the net maps v, `[N, inputs]`, upwards to the
    probabilities of the top units, `[N, hidden]`, as the sigmoid network of `to_network` does.
    `shinso.training.train_belief_net` trains it.

    Args:
        machines: the machines, from the data upwards, at least one; only the first may have Gaussian units.

    Raises:
        TypeError: one of them is no `BoltzmannMachine`.
        ValueError: there is none, or two of them do not fit.

    Source: Nielsen, chapter 6, "Deep belief networks"; Hinton, Osindero and Teh (2006).
    """

    machines: tuple[BoltzmannMachine, ...]

    def __init__(self, machines: Iterable[BoltzmannMachine]):
        self.machines = tuple(machines)
        if not self.machines:
            raise ValueError("machines must hold at least one Boltzmann machine; got none.")
        for machine in self.machines:
            if not isinstance(machine, BoltzmannMachine):
                raise TypeError(f"machines must be Boltzmann machines; got {type(machine).__name__}.")
        for number, (below, above) in enumerate(zip(self.machines, self.machines[1:], strict=False), start=2):
            hidden, visible = below.weight.shape[1], above.weight.shape[0]
            if hidden != visible:
                raise ValueError(f"machine {number} must have the {hidden} hidden units below it; got {visible}.")
            if not isinstance(above, BernoulliBoltzmannMachine):
                raise ValueError(f"machine {number} must have Bernoulli units, as the hidden units below it.")

    @property
    def recipe(self) -> Recipe:
        """How `shinso.nn.model_from_recipe` makes a net of this kind and these sizes."""
        hidden = [machine.weight.shape[1] for machine in self.machines]
        first = self.machines[0]
        return Recipe("belief_net", {"inputs": first.weight.shape[0], "hidden": hidden, "units": first.units})

    def __call__(self, x: Float[Array, "N inputs"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N hidden"]:
        """Return the probabilities of the top units, each machine given the probabilities below it."""
        for machine in self.machines:
            x = machine(x)
        return x

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(hidden,)`, if `input_shape` is `(inputs,)`."""
        self.machines[0].output_shape(input_shape)
        return (self.machines[-1].weight.shape[1],)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Sum over the machines."""
        return sum(machine.weight.size for machine in self.machines)

    def generate(self, start: Float[Array, "N inputs"], steps: int, *, key: PRNGKeyArray) -> Float[Array, "N inputs"]:
        """Run the net backwards: Gibbs sampling in the top machine, then one pass down by sampling.

        Args:
            start: where the chains begin: examples, or noise. It is sampled upwards to the top machine first.
            steps: steps of Gibbs sampling in the top machine, ≥ 0; hundreds make the result independent of the start.
            key: random key.

        Returns:
            E[v | h¹] of each chain: for Bernoulli units probabilities, which make smoother pictures than samples.

        Raises:
            ValueError: `start` is not `[N, inputs]`, or `steps` is negative.
        """
        self.output_shape(start.shape[1:])
        below, top = self.machines[:-1], self.machines[-1]
        first, last, *keys = jax.random.split(key, 2 * len(self.machines))
        x = start
        for machine, up in zip(below, keys[: len(below)], strict=True):
            x = machine.sample_hidden(x, up)
        h = top.sample_hidden(top.gibbs(x, steps, key=first), last)
        for machine, down in zip(reversed(self.machines[1:]), keys[len(below) :], strict=True):
            h = machine.sample_visible(h, down)
        return self.machines[0].visible_means(h)

    def to_network(self, outputs: int, *, key: PRNGKeyArray) -> Sequential:
        """Return a sigmoid network whose hidden layers are the machines' weights and hidden biases, to be fine-tuned.

        Args:
            outputs: number of outputs of a linear layer on top, with fresh weights.
            key: random key of that layer.

        Raises:
            ValueError: `outputs` is below 1.

        Source: lecture on deep learning, the algorithm of pre-training; Nielsen, chapter 6; Hinton and Salakhutdinov (2006).
        """
        hidden = [machine.weight.shape[1] for machine in self.machines]
        network = mlp(self.machines[0].weight.shape[0], outputs, hidden, activation="sigmoid", key=key)

        def places(network: Sequential) -> list[Array]:
            dense = [layer for layer in network.layers if isinstance(layer, Dense)][: len(hidden)]
            return [array for layer in dense for array in (layer.weight, layer.bias)]

        learned = [array for machine in self.machines for array in (machine.weight, machine.hidden_bias)]
        made: Sequential = eqx.tree_at(places, network, learned)
        return made


def belief_net(
    inputs: int, hidden: int | Sequence[int], *, units: str = "bernoulli", key: PRNGKeyArray
) -> DeepBeliefNet:
    """Return a deep belief net with fresh machines.

    Args:
        inputs: number of visible units.
        hidden: hidden units of each machine, at least one.
        units: kind of the visible units, "bernoulli" or "gaussian".
        key: random key.

    Raises:
        ValueError: no hidden layer, a size below 1, or an unknown kind of units.
    """
    widths = list(hidden) if isinstance(hidden, Sequence) else [hidden]
    below = [inputs, *widths[:-1]]
    kinds = [units, *["bernoulli"] * (len(widths) - 1)]
    keys = _threefry.split(key, max(len(widths), 1))
    return DeepBeliefNet(
        [boltzmann(*sizes, units=kind, key=one) for *sizes, kind, one in zip(below, widths, kinds, keys, strict=False)]
    )
