"""Restricted Boltzmann machines."""

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso._numbers import device_array
from shinso.nn._initializers import Fans, initialize
from shinso.nn._layer import Layer, Shape
from shinso.nn._recipe import Recipe

STANDARD_DEVIATION = 0.01
"""Standard deviation of the first weights: Hinton's guide (2010), and scikit-learn's `BernoulliRBM`."""


class BoltzmannMachine(Layer):
    """Restricted Boltzmann machine p(v, h) = e^(−E(v, h)) / Z with hidden units h ∈ {0, 1}, no edge within a layer.

    E(v, h) = E_v(v) − cᵀh − vᵀWh, where the kind of the visible units says what E_v is. Given the visible units the hidden
    ones are independent, p(h_j = 1 | v) = σ(c_j + Σ_i v_i W_ij), and the other way round. As a layer the machine maps
    v, `[N, visible]`, to these probabilities, `[N, hidden]`. Biases start at 0, weights from N(0, 0.01²).

    Args:
        visible: number of visible units, at least 1.
        hidden: number of hidden units, at least 1.
        key: random key.

    Raises:
        ValueError: a size below 1.

    Source: Nielsen, chapter 6, "Deep belief networks, generative models, Boltzmann machines"; Hinton, Osindero and Teh
    (2006).
    """

    weight: Float[Array, "visible hidden"]
    visible_bias: Float[Array, " visible"]
    hidden_bias: Float[Array, " hidden"]

    units: eqx.AbstractClassVar[str]
    bounds: eqx.AbstractClassVar[tuple[float, float]]

    def __init__(self, visible: int, hidden: int, *, key: PRNGKeyArray):
        visible = _checks.whole_number("visible", visible, least=1)
        hidden = _checks.whole_number("hidden", hidden, least=1)
        init = {"name": "standard_normal", "gain": STANDARD_DEVIATION}
        self.weight = initialize(init, key, (visible, hidden), Fans(visible, hidden))
        self.visible_bias = device_array(np.zeros(visible))
        self.hidden_bias = device_array(np.zeros(hidden))

    @property
    def recipe(self) -> Recipe:
        """How `shinso.nn.model_from_recipe` makes a machine of this kind and these sizes."""
        visible, hidden = self.weight.shape
        return Recipe("boltzmann", {"visible": visible, "hidden": hidden, "units": self.units})

    def __call__(self, x: Float[Array, "N visible"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N hidden"]:
        """Return p(h = 1 | v = x); a key changes nothing.

        Raises:
            ValueError: `x` is not `[N, visible]`.
        """
        self.output_shape(x.shape[1:])
        return self.hidden_means(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(hidden,)`, if `input_shape` is `(visible,)`."""
        visible, hidden = self.weight.shape
        if tuple(input_shape) != (visible,):
            raise ValueError(f"{type(self).__name__} takes examples of shape ({visible},); got {tuple(input_shape)}.")
        return (hidden,)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Visible × hidden."""
        return self.weight.size

    @abc.abstractmethod
    def visible_energy(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return E_v(v)."""

    @abc.abstractmethod
    def visible_means(self, h: Float[Array, "N hidden"]) -> Float[Array, "N visible"]:
        """Return E[v | h]."""

    @abc.abstractmethod
    def sample_visible(self, h: Float[Array, "N hidden"], key: PRNGKeyArray) -> Float[Array, "N visible"]:
        """Draw v from p(v | h)."""

    @abc.abstractmethod
    def misfit(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return each example's share of a cost that needs no Z and no sampling and that the true machine minimizes."""

    def hidden_inputs(self, v: Float[Array, "N visible"]) -> Float[Array, "N hidden"]:
        """Return c + vW, the log-odds of the hidden units given the visible ones."""
        return self.hidden_bias + v @ self.weight

    def hidden_means(self, v: Float[Array, "N visible"]) -> Float[Array, "N hidden"]:
        """Return p(h = 1 | v) = σ(c + vW)."""
        return jax.nn.sigmoid(self.hidden_inputs(v))

    def sample_hidden(self, v: Float[Array, "N visible"], key: PRNGKeyArray) -> Float[Array, "N hidden"]:
        """Draw h from p(h | v), as numbers 0 and 1."""
        return bits(self.hidden_means(v), key)

    def reconstruct(self, v: Float[Array, "N visible"]) -> Float[Array, "N visible"]:
        """Return E[v | h = p(h = 1 | v)]: there and back again without noise."""
        return self.visible_means(self.hidden_means(v))

    def energy(self, v: Float[Array, "N visible"], h: Float[Array, "N hidden"]) -> Float[Array, " N"]:
        """Return E(v, h) = E_v(v) − cᵀh − vᵀWh, in nats."""
        return self.visible_energy(v) - jnp.sum(self.hidden_inputs(v) * h, axis=-1)

    def free_energy(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return F(v) = −ln Σ_h e^(−E(v, h)) = E_v(v) − Σ_j ln(1 + e^(c_j + Σ_i v_i W_ij)), so that p(v) = e^(−F(v)) / Z."""
        return self.visible_energy(v) - jnp.sum(jax.nn.softplus(self.hidden_inputs(v)), axis=-1)

    def gibbs(self, v: Float[Array, "N visible"], steps: int, *, key: PRNGKeyArray) -> Float[Array, "N visible"]:
        """Return v after `steps` ≥ 0 rounds of h ~ p(h | v), v ~ p(v | h), each row a Markov chain of its own."""

        def step(number: int, v: Array) -> Array:
            up, down = jax.random.split(jax.random.fold_in(key, number))
            return self.sample_visible(self.sample_hidden(v, up), down)

        # A loop of one round would cost as much as the round itself in small machines.
        last: Array = jax.lax.fori_loop(0, _checks.whole_number("steps", steps), step, v, unroll=steps == 1)
        return last


class BernoulliBoltzmannMachine(BoltzmannMachine):
    """Restricted Boltzmann machine with visible units v ∈ {0, 1}: E(v, h) = −bᵀv − cᵀh − vᵀWh.

    p(v_i = 1 | h) = σ(b_i + Σ_j W_ij h_j). Data in [0, 1] are taken as probabilities of units to be on. See
    `BoltzmannMachine`. Source: Nielsen, chapter 6; Hinton, Osindero and Teh (2006); scikit-learn's `BernoulliRBM`.
    """

    units: ClassVar[str] = "bernoulli"
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def visible_energy(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return −bᵀv."""
        return -(v @ self.visible_bias)

    def visible_means(self, h: Float[Array, "N hidden"]) -> Float[Array, "N visible"]:
        """Return p(v = 1 | h) = σ(b + Wh)."""
        return jax.nn.sigmoid(self.visible_bias + h @ self.weight.T)

    def sample_visible(self, h: Float[Array, "N hidden"], key: PRNGKeyArray) -> Float[Array, "N visible"]:
        """Draw v from p(v | h), as numbers 0 and 1."""
        return bits(self.visible_means(h), key)

    def misfit(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return minus the pseudo-log-likelihood; see `pseudo_log_likelihood`."""
        return -self.pseudo_log_likelihood(v)

    def pseudo_log_likelihood(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return Σ_i ln p(v_i | all other v) = Σ_i ln σ(F(v with v_i flipped to 1 − v_i) − F(v)), in nats.

        This is the expectation of scikit-learn's `score_samples`, which flips one unit drawn at random and multiplies by
        their number. It costs `visible` × `hidden` exponentials an example.

        Source: Besag (1975).
        """
        inputs = self.hidden_inputs(v)
        before = jnp.sum(jax.nn.softplus(inputs), axis=-1)

        def of_unit(unit: tuple[Array, Array, Array]) -> Array:
            value, weights, bias = unit
            change = 1 - 2 * value
            after = jnp.sum(jax.nn.softplus(inputs + change[:, None] * weights), axis=-1)
            return jax.nn.log_sigmoid(before - after - change * bias)

        return jnp.sum(jax.lax.map(of_unit, (v.T, self.weight, self.visible_bias)), axis=0)


class GaussianBoltzmannMachine(BoltzmannMachine):
    """Restricted Boltzmann machine with real visible units: E(v, h) = ½‖v − b‖² − cᵀh − vᵀWh.

    p(v | h) = N(b + Wh, I): standardize the data. A rate ten times lower than with binary units is usual. See
    `BoltzmannMachine`. Source: Hinton and Salakhutdinov (2006), named in Nielsen, chapter 6.
    """

    units: ClassVar[str] = "gaussian"
    bounds: ClassVar[tuple[float, float]] = (-jnp.inf, jnp.inf)

    def visible_energy(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return ½‖v − b‖²."""
        return 0.5 * jnp.sum(jnp.square(v - self.visible_bias), axis=-1)

    def visible_means(self, h: Float[Array, "N hidden"]) -> Float[Array, "N visible"]:
        """Return E[v | h] = b + Wh."""
        return self.visible_bias + h @ self.weight.T

    def sample_visible(self, h: Float[Array, "N hidden"], key: PRNGKeyArray) -> Float[Array, "N visible"]:
        """Draw v from N(b + Wh, I)."""
        means = self.visible_means(h)
        return means + jax.random.normal(key, means.shape, means.dtype)

    def misfit(self, v: Float[Array, "N visible"]) -> Float[Array, " N"]:
        """Return the score-matching cost ½‖∇F‖² − ΔF, with ∇F = v − v̂, −ΔF = Σ_j ‖w_j‖² p_j(1 − p_j) − visible.

        v̂ = b + Wp is the reconstruction, p = p(h = 1 | v). Source: Hyvärinen (2005).
        """
        means = self.hidden_means(v)
        errors = v - self.visible_means(means)
        bends = (means * (1 - means)) @ jnp.sum(jnp.square(self.weight), axis=0)
        return 0.5 * jnp.sum(jnp.square(errors), axis=-1) + bends - v.shape[-1]


UNITS: Mapping[str, type[BoltzmannMachine]] = MappingProxyType(
    {kind.units: kind for kind in (BernoulliBoltzmannMachine, GaussianBoltzmannMachine)}
)


def boltzmann(visible: int, hidden: int, *, units: str = "bernoulli", key: PRNGKeyArray) -> BoltzmannMachine:
    """Return a restricted Boltzmann machine whose visible units are "bernoulli" or "gaussian".

    Args:
        visible: number of visible units.
        hidden: number of hidden units.
        units: kind of the visible units.
        key: random key.

    Raises:
        ValueError: a size below 1, or an unknown kind of units.
    """
    return UNITS[_checks.one_of("units", units, UNITS)](visible, hidden, key=key)


def bits(means: Float[Array, "*s"], key: PRNGKeyArray) -> Float[Array, "*s"]:
    """Draw 1 with probability `means`, else 0, in the type of `means`."""
    return (jax.random.uniform(key, means.shape, means.dtype) < means).astype(means.dtype)
