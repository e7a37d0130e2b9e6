"""The builder of autoencoders."""

import warnings
from collections.abc import Sequence

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso._kinds import ACTIVATIONS
from shinso.nn import _spec
from shinso.nn._activations import Activation
from shinso.nn._autoencoder import AutoencoderModel
from shinso.nn._corruption import corruption as make_corruption
from shinso.nn._dense import Dense
from shinso.nn._gaussian_code import GaussianCode
from shinso.nn._initializers import Initializer
from shinso.nn._layer import Layer
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_list, as_vector, sizes


@builder(hidden=as_list, tied=bool, variational=bool)
def autoencoder(
    inputs: int | Sequence[int],
    code: int,
    hidden: int | Sequence[int] = (),
    *,
    activation: _spec.Spec = "relu",
    code_activation: _spec.Spec = "identity",
    output_activation: _spec.Spec = "identity",
    tied: bool = False,
    variational: bool = False,
    corruption: _spec.Spec | None = None,
    weight_init: Initializer | None = None,
    bias_init: Initializer = "zeros",
    key: PRNGKeyArray,
) -> AutoencoderModel:
    """Return an autoencoder of dense layers D → hidden → code → hidden in reverse → D, with outputs [x̃, code].

    Train it with `shinso.objectives.Reconstruction(inputs=D)` and the inputs as targets. The linear one (`hidden=()`,
    identities) spans the space of the first principal components at its minimum.

    Args:
        inputs: D, or the shape of one example, which is then flattened.
        code: C, numbers of the code. Where C ≥ D the identity can be learned and the code need not mean anything: that is
            warned of unless noise stands against it (`corruption`, `variational`); a penalty of the code can too.
        hidden: units of the encoder's hidden layers; the decoder has them in reverse. May be `()`.
        activation: φ of hidden layers.
        code_activation: φ of the code; "sigmoid" for codes between 0 and 1.
        output_activation: φ of the reconstruction: "identity" for means and for the logits of a Bernoulli
            reconstruction, "sigmoid" for squared errors of values in [0, 1].
        tied: the decoder's weights are the encoder's transposed.
        variational: the encoder gives [μ, ln σ²] of a Gaussian code, of which training draws; see `GaussianCode`.
        corruption: noise on the inputs in training, None for none: `{"name": "masking", "rate": 0.3}` or
            `{"name": "gaussian", "standard_deviation": 0.5}`.
        weight_init: initializer of the weights; None is He normal before a rectifier, Glorot uniform elsewhere.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a corruption out of range, or a variational code that is tied or has
            an activation.

    Source: notes on neural networks, §2.4.3; lecture on deep learning (autoencoders); Vincent et al. (2008); Kingma and
    Welling (2014).
    """
    first, width = as_vector(inputs)
    widths = sizes("hidden", hidden)
    code = _checks.whole_number("code", code, least=1)
    if variational and (tied or _spec.parse("code_activation", code_activation, ACTIVATIONS)[0] != "identity"):
        raise ValueError("variational codes take neither tied weights nor a code_activation; leave both out.")
    _warn_of_identity(code, width, noisy=variational or corruption is not None)
    stack_sizes = [width, *widths]
    if corruption is not None:
        first.append(make_corruption(corruption))
    keys = _threefry.split(key)
    encoder, decoder = (
        _dense_stack(stack, activation, last, weight_init, bias_init, stack_key)
        for stack, last, stack_key in (
            ([*stack_sizes, 2 * code if variational else code], code_activation, keys[0]),
            ([code, *stack_sizes[::-1]], output_activation, keys[1]),
        )
    )
    return AutoencoderModel(
        Sequential([*first, *encoder]),
        Sequential(decoder),
        code=GaussianCode() if variational else None,
        tied=bool(tied),
    )


def _warn_of_identity(code: int, inputs: int, *, noisy: bool) -> None:
    if code >= inputs and not noisy:
        warnings.warn(
            f"code has {code} numbers for {inputs} inputs: the identity can be learned. Make the code narrower, "
            "corrupt the inputs or penalize the code.",
            stacklevel=4,
        )


def _dense_stack(
    widths: list[int],
    activation: _spec.Spec,
    last: _spec.Spec,
    weight_init: Initializer | None,
    bias_init: Initializer,
    key: PRNGKeyArray,
) -> list[Layer]:
    """Dense layers of these sizes, each with its activation; identities are left out."""
    layers: list[Layer] = []
    specs = [activation] * (len(widths) - 2) + [last]
    keys = _threefry.split(key, len(specs))
    for before, after, spec, layer_key in zip(widths[:-1], widths[1:], specs, keys, strict=True):
        phi = Activation(spec)
        init = weight_init or ("he_normal" if phi.rectifier else "glorot_uniform")
        layers.append(Dense(before, after, weight_init=init, bias_init=bias_init, key=layer_key))
        layers += [] if phi.name == "identity" else [phi]
    return layers
