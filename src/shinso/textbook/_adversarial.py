"""Images that a network takes for what they are not: a digit changed too little to see, or noise that shows nothing."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso import _checks
from shinso.objectives import Likelihood


def image_for_class(
    model: Any,
    likelihood: Likelihood,
    image: Float[Array, "*shape"],
    label: int,
    *,
    reach: float = 0.1,
    steps: int = 40,
) -> Float[Array, "*shape"]:
    """Return an image that the network takes for class `label`, at most `reach` away from `image` in every pixel.

    Steps against the sign of the gradient of the cost by the input, x ← x − (2.5 reach/steps) sgn ∇ₓC(x, label), each
    put back between image ± reach and 0 … 1. From a picture of another digit with a small reach it is adversarial; from
    noise with reach 1 it is a fooling image.

    Args:
        model: ``model(x, key=None)``, from `[1, …]` to `[1, K]`.
        likelihood: of classes.
        image: pixels from 0 to 1, without the axis of examples.
        label: index of the class.
        reach: largest change of a pixel, 0 < reach ≤ 1.
        steps: ≥ 1.

    Raises:
        ValueError: a number is out of range.

    Source: Nielsen, chapter 6, "Other approaches to deep neural nets" (Szegedy et al., 2013; Nguyen et al., 2015);
    Goodfellow, Shlens and Szegedy (2015) for the sign; Madry et al. (2018) for the repetition.
    """
    reach = _checks.real("reach", reach, above=0.0, most=1.0)
    count = _checks.whole_number("steps", steps, least=1)
    start = jnp.asarray(image)
    found: Array = _descended(
        model, likelihood, start, jnp.asarray([_checks.whole_number("label", label)]), reach, count
    )
    return found


@eqx.filter_jit
def _descended(model: Any, likelihood: Likelihood, image: Array, label: Array, reach: Any, steps: int) -> Array:
    low, high = jnp.clip(image - reach, 0, 1), jnp.clip(image + reach, 0, 1)

    def cost(x: Array) -> Array:
        return likelihood.loss(model(x[None], key=None), label)[0]

    def step(x: Array, _: None) -> tuple[Array, None]:
        return jnp.clip(x - 2.5 * reach / steps * jnp.sign(jax.grad(cost)(x)), low, high), None

    return jax.lax.scan(step, image, None, length=steps)[0]
