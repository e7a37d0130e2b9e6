"""The autoencoder: an encoder, a decoder, and both the reconstruction and the code as outputs."""

import math
from collections.abc import Iterator
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._dense import Dense
from shinso.nn._gaussian_code import GaussianCode
from shinso.nn._keys import keys_for
from shinso.nn._layer import Layer, Shape
from shinso.nn._recipe import Recipe
from shinso.nn._sequential import Sequential


class AutoencoderModel(Layer):
    """x̃ = g(z), z = f(x): `[N, …]` to outputs `[N, D + S]`, the reconstruction x̃ and then the code.

    The outputs carry the code so that a cost can read both: `shinso.objectives.Reconstruction(inputs=D)`, with the inputs
    as targets, is L(x, x̃) + Ω(code). A plain code has S = C numbers, z itself. A variational one has S = 2C statistics
    [μ, ln σ²], from which training draws z ~ N(μ, σ²) and prediction takes z = μ.

    With `tied`, each dense layer of the decoder takes the transposed weight of the encoder's layer opposite and has a bias
    of its own alone: its `weight` is None.

    Args:
        encoder: f: `[N, …]` to `[N, S]`. Corruption is its first layer, so that only training sees it.
        decoder: g: `[N, C]` to `[N, D]` or `[N, …]` of the inputs' shape.
        code: `GaussianCode()` for a variational autoencoder, else None.
        tied: share the weights of dense layers.
        recipe: how a builder made this model; None for a hand-made one.

    Raises:
        ValueError: `tied`, and the decoder's dense layers are not the encoder's in reverse.

    Source: notes on neural networks, §2.4.3; lecture on deep learning (autoencoders); Kingma and Welling (2014).
    """

    encoder: Layer
    decoder: Layer
    code: GaussianCode | None
    tied: bool = eqx.field(static=True)
    recipe: Recipe | None = eqx.field(static=True)

    def __init__(
        self,
        encoder: Layer,
        decoder: Layer,
        *,
        code: GaussianCode | None = None,
        tied: bool = False,
        recipe: Recipe | None = None,
    ):
        self.encoder = encoder
        self.decoder = _without_weights(encoder, decoder) if tied else decoder
        self.code = code
        self.tied = tied
        self.recipe = recipe

    def encode(self, x: Float[Array, "N *shape"]) -> Float[Array, "N C"]:
        """Return the code z = f(x), for a variational autoencoder its mean μ; without noise."""
        statistics: Array = self.encoder(x)
        return statistics if self.code is None else self.code(statistics)

    def decode(self, z: Float[Array, "N C"]) -> Float[Array, "N D"]:
        """Return g(z), raw as a likelihood takes it: means, or logits for a Bernoulli reconstruction; without noise."""
        return _flat(self.whole_decoder(z))

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N D+S"]:
        """Return [x̃, code]."""
        outputs: Array = self.call_and_update(x, key=key)[0]
        return outputs

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Return [x̃, code], and the autoencoder with its buffers brought up to date."""
        encoder_key, decoder_key, *code_key = keys_for([self.encoder, self.decoder, *self._drawn], key)
        statistics, encoder = self.encoder.call_and_update(x, key=encoder_key)
        z = statistics if self.code is None else self.code(statistics, key=code_key[0])
        reconstruction, decoder = self.whole_decoder.call_and_update(z, key=decoder_key)
        outputs = jnp.concatenate([_flat(reconstruction), statistics], axis=-1)
        if self.tied:
            decoder = _without_weights(encoder, decoder)
        return outputs, eqx.tree_at(lambda model: (model.encoder, model.decoder), self, (encoder, decoder))

    @property
    def uses_key(self) -> bool:
        """Whether training draws random numbers: corruption, dropout or a random code."""
        return any(part.uses_key for part in (self.encoder, self.decoder, *self._drawn))

    @property
    def _drawn(self) -> list[Layer]:
        return [] if self.code is None else [self.code]

    @property
    def whole_decoder(self) -> Layer:
        """The decoder; if it is tied, with the encoder's transposed weights in their places."""
        if not self.tied:
            return self.decoder
        weights = [layer.weight.T for layer in reversed(list(_dense_layers(self.encoder)))]
        return _with_weights(self.decoder, weights)

    @property
    def path(self) -> Sequential:
        """The way from x to x̃ as one network, layer after layer; its outputs have no code."""
        parts = [self.encoder, *self._drawn, self.whole_decoder]
        return Sequential([one for part in parts for one in (part.layers if isinstance(part, Sequential) else (part,))])

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(D + S,)`.

        Raises:
            ValueError: the parts do not fit the inputs or each other, or the decoder does not return D numbers.
        """
        statistics = self.encoder.output_shape(input_shape)
        z = statistics if self.code is None else self.code.output_shape(statistics)
        rebuilt = self.whole_decoder.output_shape(z)
        if len(statistics) != 1 or math.prod(rebuilt) != math.prod(input_shape):
            raise ValueError(
                f"AutoencoderModel takes examples that its decoder returns, from a code (C,); got {tuple(input_shape)}, "
                f"code {statistics}, reconstruction {rebuilt}."
            )
        return (math.prod(rebuilt) + statistics[0],)

    @property
    def description(self) -> str:
        """The class, and whether weights are tied."""
        return f"{type(self).__name__}{', tied weights counted once' if self.tied else ''}"

    def inside(self, input_shape: Shape) -> list[tuple[str, Layer, Shape]]:
        """Encoder, code and decoder."""
        statistics = self.encoder.output_shape(input_shape)
        z = statistics if self.code is None else self.code.output_shape(statistics)
        code: list[tuple[str, Layer, Shape]] = [("code: ", layer, statistics) for layer in self._drawn]
        return [("encoder: ", self.encoder, input_shape), *code, ("decoder: ", self.whole_decoder, z)]

    def multiply_adds(self, input_shape: Shape) -> int:
        """Those of encoder and decoder."""
        return self.path.multiply_adds(input_shape)


def _flat(reconstruction: Array) -> Float[Array, "N D"]:
    return reconstruction.reshape(reconstruction.shape[0], -1)


def _dense_layers(layer: Layer) -> Iterator[Dense]:
    nodes = jax.tree.leaves(layer, is_leaf=lambda node: isinstance(node, Dense))
    return (node for node in nodes if isinstance(node, Dense))


def _with_weights(decoder: Layer, weights: list[Any]) -> Layer:
    filled: Layer = eqx.tree_at(
        lambda tree: [layer.weight for layer in _dense_layers(tree)],
        decoder,
        weights,
        is_leaf=lambda node: node is None,
    )
    return filled


def _without_weights(encoder: Layer, decoder: Layer) -> Layer:
    theirs = [layer.weight.shape[::-1] for layer in reversed(list(_dense_layers(encoder)))]
    ours = [layer.weight.shape for layer in _dense_layers(decoder)]
    if not ours or ours != theirs:
        raise ValueError(f"tied needs a decoder with dense layers of the shapes {theirs}, the encoder's; got {ours}.")
    return _with_weights(decoder, [None] * len(ours))
