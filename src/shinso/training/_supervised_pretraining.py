"""Greedy supervised pre-training: each layer learns the task under an output layer of its own."""

import itertools
import math
from typing import Any

import jax

from shinso import _threefry, nn
from shinso.nn import Layer
from shinso.objectives import Objective, as_batch, parameter_paths, weights
from shinso.training._stages import UNSTORED, Stages, cut_short, refuse, stage_seed
from shinso.training._train import train


def pretrain_supervised(
    model: nn.Sequential, objective: Objective, data: Any, *, seed: int = 0, **settings: Any
) -> Stages:
    """Return a model with layers trained in turn on the targets, each under an output layer of its own, those below frozen.

    For l = 1 … L−1, with the layers below l as they came out of their stages,

        W_l = argmin_{W_l} min_{V} J(f_V ∘ f_{W_l} ∘ f_{l−1} ∘ … ∘ f_1),

    V a linear output layer drawn anew and thrown away; in the last stage it is the model's own. A layer is one with
    weights, together with what follows it up to the next (activation, pooling, normalization, dropout). Train the returned
    model to fine-tune all layers at once.

    Args:
        model: a `Sequential`; every layer's output is a vector, images `(H, W, C)`, or a sequence `(T, D)`.
        objective: likelihood and penalties, for every stage; a penalty's `where` must match in each.
        data: as in `shinso.train`.
        seed: determines output layers, order and noise.
        **settings: further arguments of `shinso.train`, for every stage, but `trainable`, `start`, `folder` and `resume`.

    Returns:
        The model with its layers pre-trained, and the run of each stage.

    Raises:
        TypeError: `model` is no `Sequential`, or an argument is one of those above.
        ValueError: `model` has no hidden layer, data do not fit it, or an output is of another shape.

    Source: Goodfellow et al., §8.7.4 and figure 8.7; Bengio et al. (2007).
    """
    refuse("pretrain_supervised", settings, *UNSTORED, "trainable")
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be a Sequential; got {type(model).__name__}.")
    places = [place for place, layer in enumerate(model.layers) if _has_weights(layer)]
    if len(places) < 2:
        raise ValueError(
            f"model must have a hidden layer with weights and an output layer; got {len(places)} layers with weights."
        )
    inputs = as_batch("data", data, objective.likelihood).inputs
    shapes = model.shapes(jax.tree.leaves(inputs)[0].shape[1:])
    if len(shapes[-1]) != 1:
        raise ValueError(f"model must return outputs [N, K]; got examples of shape {shapes[-1]}.")
    layers, runs = model.layers, []
    for stage, (place, end) in enumerate(itertools.pairwise(places)):
        last = end == places[-1]
        stage_key = stage_seed(seed, stage)
        top = layers[end:] if last else _output_layers(shapes[end], shapes[-1][0], _threefry.key_of(stage_key))
        network = nn.Sequential([*layers[:end], *top], model.recipe if last else None)
        run = train(network, objective, data, trainable=_from(place, network), seed=stage_key, **settings)
        runs.append(run)
        trained: tuple[Layer, ...] = run.model.layers  # type: ignore[attr-defined]
        layers = trained if last else (*trained[:end], *layers[end:])
        if cut_short(run):
            break
    return Stages(nn.Sequential(layers, model.recipe), tuple(runs))


def _has_weights(layer: Layer) -> bool:
    return any(weights(path, leaf) for path, leaf in parameter_paths(nn.parameters(layer)[0]).items())


def _output_layers(shape: tuple[int, ...], outputs: int, key: Any) -> list[Layer]:
    """Return a linear output layer on features of one example's `shape`."""
    if len(shape) not in (1, 2, 3):
        raise ValueError(
            f"model must have hidden layers whose outputs are vectors, sequences or images; got shape {shape}."
        )
    if len(shape) == 2:
        return [nn.LastStep(), nn.Dense(shape[1], outputs, key=key)]
    before: list[Layer] = [nn.Flatten()] if len(shape) == 3 else []
    return [*before, nn.Dense(math.prod(shape), outputs, key=key)]


def _from(place: int, network: nn.Sequential) -> nn.Sequential:
    """Return which leaves may change: the parameters of the layers from `place` on."""
    frozen = [jax.tree.map(lambda _: False, layer) for layer in network.layers[:place]]
    return nn.Sequential([*frozen, *map(nn.trainable, network.layers[place:])], network.recipe)
