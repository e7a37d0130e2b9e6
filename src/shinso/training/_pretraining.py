"""Greedy unsupervised pre-training: autoencoders, layer by layer."""

import itertools
from typing import Any

from shinso import _threefry, nn
from shinso.nn import Layer
from shinso.objectives import Gaussian, Objective, as_inputs
from shinso.training._chunks import outputs_of
from shinso.training._stages import UNSTORED, Stages, cut_short, refuse, stage_seed
from shinso.training._train import train


def pretrain_autoencoders(
    model: nn.Sequential,
    inputs: Any,
    *,
    corruption: Layer | None = None,
    objective: Objective | None = None,
    seed: int = 0,
    **settings: Any,
) -> Stages:
    """Return the model with every hidden layer's weights those of an autoencoder, trained on the codes of the layer below.

    With F⁰ the inputs, layer l = 1 … L−1 minimizes the reconstruction error of its own codes,

        W_l, b_l = argmin min_(V, c) Σ_n h(F_n, φ(F̃_n W_l + b_l) V + c),   F ← φ(F W_l + b_l),

    F̃ the codes, or what is left of them after `corruption`. It starts at the model's own weights; the decoder (V, c) is
    drawn anew and thrown away. The output layer stays as it is: train the returned model on targets to fine-tune it.

    Args:
        model: a `Sequential` of `Dense` and `Activation` layers, `Flatten` and `Dropout` among them; at least one hidden
            `Dense`. Autoencoders have no dropout but the corruption.
        inputs: `[N, …]`, without targets.
        corruption: a layer that spoils an autoencoder's input in training, such as `shinso.nn.Dropout(0.2)`: the
            autoencoders then are denoising ones. None leaves inputs as they are.
        objective: h and penalties, by default ½‖F − F̂‖². With the "sigmoid_cross_entropy" likelihood the decoder's outputs
            are sigmoid, which suits numbers from 0 to 1.
        seed: determines decoders, order and noise.
        **settings: further arguments of `shinso.train`, for every layer (`epochs`, `learning_rate`, `progress`, …), but
            `validation`, `monitor`, `trainable`, `start`, `folder` and `resume`.

    Returns:
        The model with its hidden layers pre-trained, and the run of each autoencoder.

    Raises:
        TypeError: `model` is no `Sequential`, or has a layer of another kind, or an argument is one of those above.
        ValueError: `model` has no hidden `Dense` layer, or inputs do not fit it.

    Source: lecture on deep learning, pre-training by autoencoders; Bengio et al. (2007); for `corruption`, Vincent et
    al. (2008).
    """
    refuse("pretrain_autoencoders", settings, *UNSTORED, "validation", "monitor", "trainable")
    if corruption is not None and not isinstance(corruption, Layer):
        raise TypeError(f"corruption must be a layer, such as shinso.nn.Dropout(0.2), or None; got {corruption!r}.")
    places = _hidden_layers(model)
    spoiling = [] if corruption is None else [corruption]
    objective = Objective(Gaussian()) if objective is None else objective
    codes = outputs_of(nn.Sequential(model.layers[: places[0]]), as_inputs("inputs", inputs))
    runs = []
    for stage, (place, end) in enumerate(itertools.pairwise(places)):
        stage_key = stage_seed(seed, stage)
        encoder = [layer for layer in model.layers[place:end] if not isinstance(layer, nn.Dropout)]
        width, units = encoder[0].weight.shape  # type: ignore[attr-defined]
        decoder = nn.Dense(units, width, key=_threefry.key_of(stage_key))
        autoencoder = nn.Sequential([*spoiling, *encoder, decoder])
        run = train(autoencoder, objective, (codes, codes), seed=stage_key, **settings)
        runs.append(run)
        trained = run.model.layers[len(spoiling) : -1]  # type: ignore[attr-defined]
        model = nn.Sequential([*model.layers[:place], trained[0], *model.layers[place + 1 :]], model.recipe)
        if cut_short(run):
            break
        codes = outputs_of(nn.Sequential(trained), codes)
    return Stages(model, tuple(runs))


def _hidden_layers(model: Any) -> list[int]:
    """Return the places of the dense layers: the hidden ones, and last the output layer."""
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be a Sequential of Dense layers; got {type(model).__name__}.")
    for layer in model.layers:
        if not isinstance(layer, nn.Dense | nn.Activation | nn.Flatten | nn.Dropout):
            accepted = "Dense, Activation, Flatten and Dropout layers"
            raise TypeError(f"model must be a Sequential of {accepted}; got a {type(layer).__name__}.")
    places = [place for place, layer in enumerate(model.layers) if isinstance(layer, nn.Dense)]
    if len(places) < 2:
        raise ValueError(f"model must have a hidden Dense layer and an output layer; got {len(places)} Dense layers.")
    return places
