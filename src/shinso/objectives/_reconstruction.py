"""The likelihood of an autoencoder: how well inputs are rebuilt, and what the code costs."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._checks import one_of, whole_number
from shinso._kinds import CODE_PENALTIES
from shinso.objectives._bernoulli import Bernoulli
from shinso.objectives._code_penalties import CodePenalty
from shinso.objectives._evaluation_scores import WEIGHTED_R2, EvaluationScore
from shinso.objectives._gaussian import Gaussian
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._target_kinds import THEMSELVES, UNIT_THEMSELVES, TargetKind
from shinso.objectives._targets import columns

RECONSTRUCTIONS: dict[str, type[Gaussian | Bernoulli]] = {kind.name: kind for kind in (Gaussian, Bernoulli)}

Made = TypeVar("Made", Likelihood, CodePenalty)


class Reconstruction(Likelihood):
    """L(x, x̃) + Ω(code): the cost of outputs [x̃, code] against the inputs x as targets.

    L is ½‖x − x̃‖² for x̃ the means, or the cross-entropy −Σ x ln σ(x̃) + (1 − x) ln(1 − σ(x̃)) for logits x̃ and x in
    [0, 1]: black and white, or grey (then L is least at σ(x̃) = x but not 0 there). An x outside [0, 1] costs infinitely
    much. Targets are `[N, D]`, or images `[N, …]` of D numbers. The score is the squared error of the rebuilt values,
    averaged over the D. Everything but `loss` and `output_hessian` looks at x̃ alone.

    Args:
        inputs: D; the outputs' first D numbers are x̃, the rest is the code. None: all of them are x̃, of a network
            without a code among its outputs.
        likelihood: "gaussian" or "bernoulli", or a dictionary with its numbers: `{"name": "gaussian", "precision": 4.0}`.
        code: Ω by its name and numbers; None for none: `{"name": "l1", "strength": 0.1}` (`CodeL1`),
            `{"name": "sparsity", "strength": 0.1, "target": 0.05}` (`CodeSparsity`), or "variational"
            (`CodeDivergence`), which a variational autoencoder needs.

    Raises:
        TypeError: `inputs` is no whole number, or an argument of `likelihood` or `code` is unknown.
        ValueError: `inputs` is below 1, an unknown name, an argument that is missing or out of range, or Ω without `inputs`.

    Source: notes on neural networks, §2.4.3; lecture on deep learning (autoencoders).
    """

    likelihood: Likelihood
    code: CodePenalty | None
    inputs: int | None = eqx.field(static=True)
    name: ClassVar[str] = "reconstruction"
    score_name: ClassVar[str] = "squared_error"
    higher_is_better: ClassVar[bool] = False

    def __init__(
        self,
        inputs: int | None = None,
        likelihood: str | Mapping[str, Any] = "gaussian",
        code: str | Mapping[str, Any] | None = None,
    ):
        if inputs is None and code is not None:
            raise ValueError(f"inputs must say how many outputs are no code; got None with code={code!r}.")
        self.inputs = None if inputs is None else whole_number("inputs", inputs, least=1)
        self.likelihood = _made("likelihood", likelihood, RECONSTRUCTIONS)
        self.code = None if code is None else _made("code", code, CODE_PENALTIES)

    def loss(self, outputs: Float[Array, "N D+S"], targets: Array) -> Float[Array, " N"]:
        """Return L(x, x̃) + Ω(code)."""
        rebuilt, code = self.parts(outputs)
        x = _vectors(targets, rebuilt)
        losses = self.likelihood.loss(rebuilt, x)
        if self.likelihood.target.probabilities:
            losses = jnp.where(jnp.any((x < 0) | (x > 1), axis=-1), jnp.inf, losses)
        return losses if self.code is None else losses + self.code(code)

    def log_likelihood(self, outputs: Float[Array, "N D+S"], targets: Array) -> Float[Array, " N"]:
        """Return ln p(x | x̃), without Ω; for grey x and a Bernoulli likelihood −L, which is no normalized density."""
        rebuilt, _ = self.parts(outputs)
        return self.likelihood.log_likelihood(rebuilt, _vectors(targets, rebuilt))

    def mean(self, outputs: Float[Array, "N D+S"]) -> Float[Array, "N D"]:
        """Return the rebuilt inputs: x̃, or σ(x̃) for a Bernoulli likelihood."""
        return self.likelihood.mean(self.parts(outputs)[0])

    def output_hessian(self, outputs: Float[Array, "N D+S"], targets: Array) -> Float[Array, "N D+S D+S"]:
        """Return the second derivatives of L and Ω as two blocks on the diagonal."""
        rebuilt, code = self.parts(outputs)
        hessian = self.likelihood.output_hessian(rebuilt, _vectors(targets, rebuilt))
        hessian = jnp.pad(hessian, ((0, 0), (0, code.shape[1]), (0, code.shape[1])))
        if self.code is None:
            return hessian
        diagonal = jnp.pad(self.code.curvature(code), ((0, 0), (rebuilt.shape[1], 0)))
        return hessian + diagonal[:, :, None] * jnp.eye(outputs.shape[1], dtype=outputs.dtype)

    def hessian_root(self, outputs: Float[Array, "N D+S"], targets: Array) -> Float[Array, "N C D+S"]:
        """Return the likelihood's roots, where there is no code."""
        if self.code is None and outputs.shape[-1] == self.parts(outputs)[0].shape[-1]:
            return self.likelihood.hessian_root(outputs, _vectors(targets, outputs))
        return super().hessian_root(outputs, targets)

    @property
    def target(self) -> TargetKind:  # type: ignore[override]
        """The inputs, in [0, 1] for a Bernoulli likelihood."""
        return UNIT_THEMSELVES if self.likelihood.target.probabilities else THEMSELVES

    @property
    def evaluation_score(self) -> EvaluationScore:
        """The share of the inputs' variance that is rebuilt: R², weighted by the variance of each number."""
        return WEIGHTED_R2

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """Whether the likelihood's loss is, and there is no Ω."""
        return self.code is None and self.likelihood.convex

    def sample(self, outputs: Float[Array, "N D+S"], key: PRNGKeyArray) -> Float[Array, "N D"]:
        """Draw x from p(x | x̃)."""
        return self.likelihood.sample(self.parts(outputs)[0], key)

    def score(self, outputs: Float[Array, "N D+S"], targets: Array) -> Float[Array, " N"]:
        """Return (1/D) ‖x − E[x | x̃]‖²; its mean over examples is the mean squared error."""
        rebuilt = self.mean(outputs)
        return jnp.mean(jnp.square(rebuilt - _vectors(targets, rebuilt)), axis=-1)

    def predict(self, outputs: Float[Array, "N D+S"]) -> Float[Array, "N D"]:
        """Return the mean."""
        return self.mean(outputs)

    @property
    def recipe(self) -> dict[str, Any]:
        """The name and what differs from a plain Gaussian reconstruction, read by `objective_from_recipe`."""
        plain: dict[str, Any] = {"name": self.name}
        if self.inputs is not None:
            plain["inputs"] = self.inputs
        if self.likelihood.recipe != Gaussian().recipe:
            plain["likelihood"] = self.likelihood.recipe
        if self.code is not None:
            plain["code"] = self.code.recipe
        return plain

    def parts(self, outputs: Array) -> tuple[Float[Array, "N D"], Float[Array, "N S"]]:
        """Return x̃ and the code; the code has no column where the outputs have none."""
        if self.inputs is not None and outputs.shape[-1] < self.inputs:
            raise ValueError(f"outputs must be at least {self.inputs}, as many as inputs; got {outputs.shape[-1]}.")
        width = outputs.shape[-1] if self.inputs is None else self.inputs
        return outputs[..., :width], outputs[..., width:]


def _vectors(targets: Array, rebuilt: Float[Array, "N D"]) -> Float[Array, "N D"]:
    """Return targets as `[N, D]` in the outputs' type; images are flattened."""
    return columns(targets.reshape(targets.shape[0], -1) if targets.ndim > 2 else targets, rebuilt)


def _made(argument: str, spec: object, kinds: Mapping[str, type[Made]]) -> Made:
    arguments = dict(spec) if isinstance(spec, Mapping) else {"name": spec}
    name = one_of(argument, arguments.pop("name", None), kinds)
    parameters = inspect.signature(kinds[name]).parameters
    for needed, parameter in parameters.items():
        if parameter.default is parameter.empty and needed not in arguments and arguments.keys() <= parameters.keys():
            raise ValueError(f"{argument} {name!r} needs {needed}, such as {needed}=0.1.")
    try:
        return kinds[name](**arguments)
    except TypeError as error:
        raise TypeError(f"{argument} {name!r}: {error}") from None
