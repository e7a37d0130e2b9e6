"""Contrastive divergence: a Boltzmann machine as a model whose outputs training can minimize."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._boltzmann import BoltzmannMachine, boltzmann
from shinso.nn._buffers import Buffers
from shinso.nn._layer import Layer, Shape
from shinso.nn._recipe import Recipe


class Chains(Buffers):
    """Hidden states of the Markov chains that persistent contrastive divergence carries from step to step."""

    hidden: Float[Array, "chains hidden"]


class ContrastiveDivergence(Layer):
    """A Boltzmann machine as a model for `shinso.train` with the objective `shinso.objectives.ContrastiveDivergenceLoss`.

    The gradient of −ln p(v) is ∂F(v) − E[∂F(v′)], v′ ~ p. Contrastive divergence CD-k puts for the expectation one v′, k
    steps of Gibbs sampling away from v; its persistent form takes the mean over chains that go on from mini-batch to
    mini-batch and never start anew. Either way the gradient is that of F(v) − F(v′) with v′ held fixed.

    Outputs are `[N, 1 + visible]`: the cost of each example, then its reconstruction E[v | p(h = 1 | v)]. In training (a
    key is given) the cost is E(v, p) − E(v′, p′), the hidden probabilities p held fixed: its gradient is that
    of F(v) − F(v′), ⟨v h⟩ of the data minus ⟨v h⟩ of the machine; its value says little. In prediction the cost is the
    machine's `misfit`, comparable between machines: minus the pseudo-log-likelihood, or for Gaussian units the
    score-matching cost.

    Args:
        machine: the machine; after training it is `run.model.machine`.
        steps: k ≥ 1 steps of Gibbs sampling.
        chains: number of persistent chains; 0: the chains start at the data.

    Raises:
        TypeError: `machine` is no `BoltzmannMachine`.
        ValueError: `steps` or `chains` is out of range.

    Source: Nielsen, chapter 6; Hinton (2002); persistent chains: Tieleman (2008).
    """

    machine: BoltzmannMachine
    chains: Chains | None
    steps: int = eqx.field(static=True)

    def __init__(self, machine: BoltzmannMachine, *, steps: int = 1, chains: int = 0):
        if not isinstance(machine, BoltzmannMachine):
            raise TypeError(f"machine must be a BoltzmannMachine; got {type(machine).__name__}.")
        self.machine = machine
        self.steps = _checks.whole_number("steps", steps, least=1)
        rows = _checks.whole_number("chains", chains)
        # Zeros, as in scikit-learn: the first v is drawn from the visible biases alone.
        hidden = jnp.zeros((rows, machine.weight.shape[1]), machine.weight.dtype)
        self.chains = Chains(hidden) if rows else None

    @property
    def recipe(self) -> Recipe:
        """How `shinso.nn.model_from_recipe` makes this model again, with fresh parameters."""
        chains = 0 if self.chains is None else self.chains.hidden.shape[0]
        arguments = {**self.machine.recipe.arguments, "steps": self.steps, "chains": chains}
        return Recipe("contrastive_divergence", arguments)

    @property
    def uses_key(self) -> bool:
        """Training samples."""
        return True

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(1 + visible,)`, if `input_shape` is `(visible,)`."""
        self.machine.output_shape(input_shape)
        return (1 + self.machine.weight.shape[0],)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Those of the reconstruction: up and down once."""
        return 2 * self.machine.weight.size

    def __call__(self, x: Float[Array, "N visible"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N 1+visible"]:
        """Return each example's cost and reconstruction; persistent chains stay where they are."""
        outputs: Array = self.call_and_update(x, key=key)[0]
        return outputs

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, "ContrastiveDivergence"]:
        """Return the outputs and, if there is a key, the model with its persistent chains `steps` further.

        Raises:
            ValueError: `x` is not `[N, visible]`.
        """
        self.output_shape(x.shape[1:])
        machine, after = self.machine, self
        held = jax.lax.stop_gradient(machine)
        if key is None:
            costs = machine.misfit(x)
        elif self.chains is None:
            costs = _expected_energy(machine, x) - _expected_energy(machine, held.gibbs(x, self.steps, key=key))
        else:
            fantasies, hidden = self._persist(held, self.chains.hidden, key)
            costs = _expected_energy(machine, x) - jnp.mean(_expected_energy(machine, fantasies))
            after = eqx.tree_at(lambda model: model.chains, self, Chains(hidden))
        return jnp.concatenate([costs[:, None], held.reconstruct(x)], axis=1), after

    def _persist(self, machine: BoltzmannMachine, hidden: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
        """Return visible and hidden states of the chains after `steps` rounds of v ~ p(v | h), h ~ p(h | v)."""

        def step(number: int, states: tuple[Array, Array]) -> tuple[Array, Array]:
            down, up = jax.random.split(jax.random.fold_in(key, number))
            v = machine.sample_visible(states[1], down)
            return v, machine.sample_hidden(v, up)

        visible = jnp.zeros((hidden.shape[0], machine.weight.shape[0]), hidden.dtype)
        states: tuple[Array, Array] = jax.lax.fori_loop(0, self.steps, step, (visible, hidden), unroll=self.steps == 1)
        return states


def _expected_energy(machine: BoltzmannMachine, v: Array) -> Array:
    """Return E(v, p) with p = p(h = 1 | v) held fixed: the gradient of F(v), without its logarithms."""
    return machine.energy(v, jax.lax.stop_gradient(machine.hidden_means(v)))


def contrastive_divergence(
    visible: int,
    hidden: int,
    *,
    units: str = "bernoulli",
    steps: int = 1,
    chains: int = 0,
    key: PRNGKeyArray,
) -> ContrastiveDivergence:
    """Return a fresh machine ready for training: `ContrastiveDivergence(boltzmann(visible, hidden, units=units), …)`.

    Args:
        visible: number of visible units.
        hidden: number of hidden units.
        units: kind of the visible units, "bernoulli" or "gaussian".
        steps: k ≥ 1 steps of Gibbs sampling.
        chains: number of persistent chains; 0: none.
        key: random key.

    Raises:
        ValueError: an argument out of range.
    """
    return ContrastiveDivergence(boltzmann(visible, hidden, units=units, key=key), steps=steps, chains=chains)
