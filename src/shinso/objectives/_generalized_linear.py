"""A likelihood with another link than its own: probit regression, and any function from outputs to means."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._checks import one_of
from shinso.objectives._bernoulli import Bernoulli
from shinso.objectives._elementwise_predictive import ElementwisePredictive, in_float64
from shinso.objectives._evaluation_scores import EvaluationScore
from shinso.objectives._poisson import Poisson
from shinso.objectives._target_kinds import TargetKind

Function = Callable[[Array], Array]


class NamedLink(NamedTuple):
    """A link by name: the outputs η(a) of the family whose mean is g⁻¹(a), and the link g, both without cancellation."""

    family_outputs: Function
    link: Function


def _probit(a: Array) -> Array:
    """Return logit p of p = Φ(a)."""
    wide = a.astype(jnp.promote_types(a.dtype, jnp.float32))
    return (log_ndtr(wide) - log_ndtr(-wide)).astype(a.dtype)


def _complementary_log_log(a: Array) -> Array:
    """Return logit p of p = 1 − e^(−e^a)."""
    rate = jnp.exp(a)
    return jnp.log(-jnp.expm1(-rate)) + rate


LINKS: Mapping[str, Mapping[str, NamedLink]] = {
    Bernoulli.name: {
        "probit": NamedLink(_probit, jax.scipy.special.ndtri),
        "complementary_log_log": NamedLink(_complementary_log_log, lambda p: jnp.log(-jnp.log1p(-p))),
    },
    Poisson.name: {
        "softplus": NamedLink(lambda a: jnp.log(jax.nn.softplus(a)), lambda mean: jnp.log(jnp.expm1(mean))),
    },
}
"""Links by family and name; with all of them the loss is convex in the outputs."""


class GeneralizedLinear(ElementwisePredictive):
    """y ~ the family's distribution with mean g⁻¹(a): everything is the family's, at the outputs η(a) with that mean.

    The gradient is η′(a) times the family's. `likelihood("bernoulli", link="probit")` makes one by name: Bernoulli with
    "probit", g⁻¹ = Φ, or "complementary_log_log", g⁻¹(a) = 1 − e^(−e^a); Poisson with "softplus", g⁻¹(a) = ln(1 + e^a). The
    output Hessian is found by differentiating twice; it depends on the targets. A probit beyond |a| = 10³ (10⁷ in float64)
    is beyond the digits of its gradient. The Fisher information is η′² times the
    family's, and is what curvature takes for a function of the user's own, whose loss need not be convex.

    Args:
        family: a likelihood with independent outputs and a link of its own: `Bernoulli()`, `Poisson()`, `Gaussian()`,
            `NegativeBinomial()`.
        inverse_link: g⁻¹, elementwise from an array of outputs to one of means inside the family's range, in JAX; or the
            name of a link.

    Raises:
        TypeError: the family is something else, or `inverse_link` neither a function nor a name.
        ValueError: an unknown name.

    Source: notes on neural networks, §2.2.1.4; McCullagh and Nelder, Generalized linear models (1989), §2.2.
    """

    family: ElementwisePredictive
    inverse_link: str | Function = eqx.field(static=True)
    name: ClassVar[str] = "generalized_linear"

    def __init__(self, family: ElementwisePredictive, inverse_link: str | Function):
        if not isinstance(family, ElementwisePredictive) or isinstance(family, GeneralizedLinear):
            raise TypeError(f"family must be a likelihood with independent outputs, as Bernoulli(); got {family!r}.")
        if isinstance(inverse_link, str):
            one_of(f"link of {family.name}", inverse_link, LINKS.get(family.name, {}))
        elif not callable(inverse_link):
            raise TypeError(f"inverse_link must be a function from outputs to means; got {inverse_link!r}.")
        self.family = family
        self.inverse_link = inverse_link

    @property
    def target(self) -> TargetKind:  # type: ignore[override]
        """The family's."""
        return self.family.target

    @property
    def score_name(self) -> str:  # type: ignore[override]
        """The family's."""
        return self.family.score_name

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]
        """The family's."""
        return self.family.higher_is_better

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """Whether the link is one of the named ones."""
        return isinstance(self.inverse_link, str)

    @property
    def evaluation_score(self) -> EvaluationScore:
        """The family's."""
        return self.family.evaluation_score

    def family_outputs(self, a: Array) -> Array:
        """Return η(a), the family's outputs with mean g⁻¹(a)."""
        if isinstance(self.inverse_link, str):
            return LINKS[self.family.name][self.inverse_link].family_outputs(a)
        return self.family.link(self.inverse_link(a))

    def losses(self, a: Array, y: Array) -> Array:
        """Return the family's loss at η(a)."""
        return self.family.losses(self.family_outputs(a), y)

    def constants(self, a: Array, y: Array) -> Array:
        """Return the family's."""
        return self.family.constants(self.family_outputs(a), y)

    def informations(self, a: Array) -> Array:
        """Return η′(a)² times the family's."""
        eta, slope = jax.jvp(self.family_outputs, (a,), (jnp.ones_like(a),))
        return jnp.square(slope) * self.family.informations(eta)

    def scores(self, a: Array, y: Array) -> Array:
        """Return the family's."""
        return self.family.scores(self.family_outputs(a), y)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the family's."""
        return self.family.score(self.family_outputs(outputs), targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return g⁻¹(a)."""
        return self.family.mean(self.family_outputs(outputs))

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return g(means), of a link by name.

        Raises:
            TypeError: the link is a function, whose inverse is not known.
        """
        if isinstance(self.inverse_link, str):
            return LINKS[self.family.name][self.inverse_link].link(means)
        return super().link(means)

    def predict(self, outputs: Float[Array, "N K"]) -> Array:
        """Return the family's best guess."""
        return self.family.predict(self.family_outputs(outputs))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Array:
        """Draw from the family."""
        return self.family.sample(self.family_outputs(outputs), key)

    def variance(self, outputs: Array) -> Array:
        """Return the family's."""
        return self.family.variance(self.family_outputs(outputs))

    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return the family's."""
        return self.family.cumulative(values, in_float64(self.family_outputs, outputs))

    @property
    def recipe(self) -> dict[str, Any]:
        """The family's with the link's name, which `likelihood` reads.

        Raises:
            ValueError: the link is a function, which no dictionary can hold.
        """
        if not isinstance(self.inverse_link, str):
            raise ValueError("inverse_link must be a name to be written down; got a function.")
        return {**self.family.recipe, "link": self.inverse_link}
