"""What the notes and the lecture say of mini-batches, dropout, recurrent layers and pooling, measured."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from shinso import _threefry, nn
from shinso.data import load_digits
from shinso.objectives import Batch, Objective, likelihood
from shinso.optim import Constant, RobbinsMonro
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.reproduce._small_data import least_cost, relative_error
from shinso.training import train


def mini_batch_costs(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Average (N/M) Σ_{n∈S} E_n, and its gradient, over all sets S of M examples, and compare with Σ_n E_n.

    Args:
        settings: `examples` N and `batch` M.
        seeds: of network and data.
        context: not used.

    Returns:
        For each seed, the values `cost` and `gradient`: the largest difference over the largest entry.

    Source: notes on neural networks, §2.3.1.
    """
    many, size = settings["examples"], settings["batch"]
    sets = jnp.asarray(list(itertools.combinations(range(many), size)))
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            random = np.random.default_rng(seed)
            x, y = jnp.asarray(random.normal(size=(many, 4))), jnp.asarray(random.integers(0, 3, many))
            model = nn.mlp(4, 3, 5, activation="tanh", key=_threefry.key_of(seed))
            whole, parts = (
                _cost_and_gradient(model, x[None], y[None], many),
                _cost_and_gradient(model, x[sets], y[sets], many),
            )
            errors = [relative_error(np.mean(part, axis=0), one[0]) for one, part in zip(whole, parts, strict=True)]
            results.append(Result({}, dict(zip(("cost", "gradient"), errors, strict=True))))
    return results


def _cost_and_gradient(model: Any, x: Any, y: Any, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Return N/M times the cost's sum over each set of examples, and the gradient of that."""
    objective = Objective(likelihood("categorical"))

    def one(x: Any, y: Any) -> tuple[Any, Any]:
        cost, gradient = eqx.filter_value_and_grad(objective)(model, Batch(x, y, jnp.ones(len(y))))
        return many * cost, many * ravel_pytree(gradient)[0]

    cost, gradient = eqx.filter_jit(jax.vmap(one))(x, y)
    return np.asarray(cost), np.asarray(gradient)


def robbins_monro(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Descend on single examples of a least-squares problem, at a rate that falls as 1/i and at one that stays.

    Args:
        settings: `examples`, `epochs`, and the rates `falling` (α of α/i) and `constant`.
        seeds: of data and order.
        context: not used.

    Returns:
        For each seed, curves `falling` and `constant`, column `excess`: the cost above the least; the values of the same
        names: the excess after all epochs over that after a tenth of them.

    Source: notes on neural networks, §2.3.1 (Robbins and Monro, 1951).
    """
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            random = np.random.default_rng(seed)
            x = random.normal(size=(settings["examples"], 3))
            y = x @ random.normal(size=(3, 1)) + 0.5 * random.normal(size=(len(x), 1))
            least = least_cost(x, y)
            result = Result({}, {})
            for name, rate in (("falling", RobbinsMonro), ("constant", Constant)):
                run = train(
                    nn.linear(3, 1, key=_threefry.key_of(seed)),
                    Objective(likelihood("gaussian")),
                    (x, y),
                    optimizer="sgd",
                    learning_rate=rate(settings[name]),
                    batch_size=1,
                    epochs=settings["epochs"],
                    monitor={"training": (x, y)},
                    seed=seed,
                    probes="off",
                )
                excess = np.asarray(run.history["training_loss"]) - least
                result.curves[name] = {"excess": excess.tolist()}
                result.values[name] = float(excess[-1] / excess[len(excess) // 10 - 1])
            results.append(result)
    return results


def dropout_subnets(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Run all 2^H networks that dropout makes of one with H hidden units, and compare their mean with the prediction.

    Args:
        settings: `hidden` H; each unit is dropped with probability ½, so all are equally probable.
        seeds: of network and inputs.
        context: not used.

    Returns:
        For each seed, the largest differences: `outputs`, of the mean output; `geometric`, of the normalized geometric mean
        of the class probabilities; `arithmetic`, of their plain mean.

    Source: notes on neural networks, §2.3.2; Goodfellow et al., §7.12.
    """
    hidden = settings["hidden"]
    masks = np.array(list(itertools.product((0.0, 2.0), repeat=hidden)))
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            x = jnp.asarray(np.random.default_rng(seed).normal(size=(6, 4)))
            model = nn.mlp(4, 3, hidden, activation="tanh", dropout=0.5, key=_threefry.key_of(seed))
            first, last = [layer for layer in model.layers if isinstance(layer, nn.Dense)]
            units = np.tanh(np.asarray(first(x)))
            each = (masks[:, None] * units) @ np.asarray(last.weight) + np.asarray(last.bias)
            predicted = np.asarray(model(x))
            means = {
                "geometric": np.mean(each - _log_sum(each), axis=0),
                "arithmetic": np.log(np.mean(np.exp(each - _log_sum(each)), axis=0)),
            }
            values = {"outputs": float(np.abs(each.mean(axis=0) - predicted).max())}
            for name, mean in means.items():
                ours, theirs = np.exp(predicted - _log_sum(predicted)), np.exp(mean - _log_sum(mean))
                values[name] = float(np.abs(ours - theirs).max())
            results.append(Result({}, values))
    return results


def _log_sum(logits: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return found


def recurrent_gradients(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Measure ‖∂E/∂a_t‖, a_t what reaches the units at step t, of a cost E of the last output alone.

    Args:
        settings: `units`, `steps` T, and `forget`, the bias of the LSTM's forget gate.
        seeds: of the first weights and the inputs.
        context: not used.

    Returns:
        For each seed, curves `elman` and `lstm`, column `gradient`, from the last step back to the first over that of the
        last; the values `elman` and `lstm`: what is left at the first step.

    Source: the lecture on deep learning, "Recurrent networks"; Goodfellow et al., §8.2.5.
    """
    results = []
    for seed in seeds:
        x = jnp.asarray(np.random.default_rng(seed).normal(size=(20, settings["steps"], 3)), jnp.float32)
        units, key = settings["units"], _threefry.key_of(seed)
        result = Result({}, {})
        for name, layer in (
            ("elman", nn.Elman(3, units, key=key)),
            ("lstm", nn.LSTM(3, units, forget_bias=settings["forget"], key=key)),
        ):
            norms = np.asarray(_step_gradients(layer, x))[::-1]
            result.curves[name] = {"gradient": (norms / norms[0]).tolist()}
            result.values[name] = float(norms[-1] / norms[0])
        results.append(result)
    return results


@eqx.filter_jit
def _step_gradients(layer: nn.RecurrentLayer, x: jax.Array) -> jax.Array:
    def cost(probe: jax.Array) -> jax.Array:
        outputs, _ = layer.tapped(x, probe)
        return 0.5 * jnp.sum(jnp.square(outputs[:, -1]))

    gradient = jax.grad(cost)(jnp.zeros((*x.shape[:2], layer.weight.shape[1])))
    return jnp.sqrt(jnp.sum(jnp.square(gradient), axis=(0, 2)))


def pooling_invariance(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Move digits by one pixel and measure by how much feature maps change, before and after pooling.

    Args:
        settings: `images`, `maps`.
        seeds: of the convolution's weights.
        context: not used.

    Returns:
        For each seed, the values `maps`, `max`, `mean`: the mean over images of ‖f(moved x) − f(x)‖ / ‖f(x)‖, of the feature
        maps and of what 2×2 pooling makes of them.

    Source: notes on neural networks, §2.4.1; the lecture on deep learning, "Pooling".
    """
    x = jnp.asarray(load_digits().inputs[: settings["images"]])
    moved = jnp.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0)))[:, :, :-1]
    results = []
    for seed in seeds:
        maps = nn.Sequential([nn.Conv2d(1, settings["maps"], 3, key=_threefry.key_of(seed)), nn.Activation("relu")])
        pools: dict[str, list[nn.Layer]] = {
            "maps": [],
            "max": [nn.MaxPool2d((2, 2), (2, 2))],
            "mean": [nn.MeanPool2d((2, 2), (2, 2))],
        }
        values = {}
        for name, pool in pools.items():
            before, after = (
                np.asarray(nn.Sequential([*maps.layers, *pool])(one)).reshape(len(x), -1) for one in (x, moved)
            )
            changes = np.linalg.norm(after - before, axis=1) / np.linalg.norm(before, axis=1)
            values[name] = float(changes.mean())
        results.append(Result({}, values))
    return results


def first_sums(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Draw the sum z of a unit with 1,000 inputs, 500 of them 1 and the others 0, under both initializations.

    Args:
        settings: `units`, how many are drawn.
        seeds: of the draws.
        context: not used.

    Returns:
        For each seed, the values `old` and `new`: the deviation of z over √501 and √(3/2).

    Source: Nielsen, chapter 3, "Weight initialization".
    """
    x = np.repeat([1.0, 0.0], 500).astype(np.float32)[None]
    expected = {"old": ("standard_normal", math.sqrt(501)), "new": ("fan_in_normal", math.sqrt(1.5))}
    results = []
    for seed in seeds:
        values = {}
        for name, (weights, deviation) in expected.items():
            layer = nn.Dense(
                1000, settings["units"], weight_init=weights, bias_init="standard_normal", key=_threefry.key_of(seed)
            )
            values[name] = float(np.std(np.asarray(layer(jnp.asarray(x))))) / deviation
        results.append(Result({}, values))
    return results
