"""What Goodfellow et al. say of cost surfaces and of the ways down them, measured."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from shinso import _threefry, nn, optim
from shinso.objectives import Batch, Objective, likelihood
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.reproduce._small_data import few_and_others, flat_digits, least_cost
from shinso.textbook import Surface, way_over
from shinso.training import train


def symmetries(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Permute the hidden tanh units of a network and flip their signs in every way, and compare outputs.

    Args:
        settings: `hidden` units M.
        seeds: of network and inputs.
        context: not used.

    Returns:
        For each seed, the values `networks`: how many different weights there are, and `error`: the largest difference of
        their outputs.

    Source: Goodfellow et al., §8.2.2; Bishop, PRML, §5.1.1 (M! 2ᴹ).
    """
    many = settings["hidden"]
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            x = jnp.asarray(np.random.default_rng(seed).normal(size=(10, 3)))
            model = nn.mlp(3, 2, many, activation="tanh", bias_init="standard_normal", key=_threefry.key_of(seed))
            first, activation, last = model.layers
            assert isinstance(first, nn.Dense)
            assert isinstance(last, nn.Dense)
            seen, error, outputs = set(), 0.0, np.asarray(model(x))
            for order in itertools.permutations(range(many)):
                for signs in itertools.product((1.0, -1.0), repeat=many):
                    flip = np.array(signs)
                    arrays = (first.weight[:, order] * flip, first.bias[jnp.array(order)] * flip)
                    one = eqx.tree_at(lambda layer: (layer.weight, layer.bias), first, arrays)
                    other = eqx.tree_at(lambda layer: layer.weight, last, last.weight[jnp.array(order)] * flip[:, None])
                    seen.add(np.asarray(one.weight).tobytes())
                    error = max(error, float(np.abs(other(activation(one(x))) - outputs).max()))
            results.append(Result({}, {"networks": float(len(seen)), "error": error}))
    return results


def matrix_powers(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Multiply a vector by one matrix again and again, as a recurrent network does: ‖Wᵗx‖ grows as |λ|ᵗ.

    Args:
        settings: `radii`, the largest |λ| of W; `size`; `steps` t.
        seeds: of W and x.
        context: not used.

    Returns:
        For each seed, a curve for each radius, column `size`; the values `|λ| = …`: the growth a step over the second half,
        over |λ|.

    Source: Goodfellow et al., §8.2.5.
    """
    steps, size = settings["steps"], settings["size"]
    results = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        matrix, start = random.normal(size=(size, size)), random.normal(size=size)
        matrix = matrix + matrix.T
        matrix /= np.abs(np.linalg.eigvalsh(matrix)).max()
        result = Result({}, {})
        for radius in settings["radii"]:
            layer = nn.Elman(size, size, activation="identity", key=_threefry.key_of(seed))
            arrays = (jnp.eye(size), jnp.asarray(radius * matrix, jnp.float32))
            layer = eqx.tree_at(lambda layer: (layer.weight, layer.recurrent_weight), layer, arrays)
            x = jnp.zeros((1, steps + 1, size)).at[0, 0].set(jnp.asarray(start, jnp.float32))
            sizes = np.linalg.norm(np.asarray(layer(x)[0], float), axis=1)
            name = f"|λ| = {radius:g}"
            result.curves[name] = {"size": sizes.tolist()}
            result.values[name] = float((sizes[-1] / sizes[steps // 2]) ** (1 / (steps - steps // 2)) / radius)
        results.append(result)
    return results


def gradient_noise(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Measure the deviation of the gradient of m examples drawn with replacement, for several m.

    Args:
        settings: `sizes` m; `draws` for each.
        seeds: of network and draws.
        context: not used.

    Returns:
        For each seed, the value `power`: the slope of ln(deviation) over ln m, −½ by theory, and the curve `noise`, column
        `deviation`, by m.

    Source: Goodfellow et al., §8.1.3 (σ/√n).
    """
    x, y = flat_digits()
    results = []
    for seed in seeds:
        model = nn.mlp(64, 10, 20, key=_threefry.key_of(seed))
        random, deviations = np.random.default_rng(seed), []
        for size in settings["sizes"]:
            rows = random.integers(0, len(y), (settings["draws"], size))
            found = np.asarray(_gradients(model, jnp.asarray(x[rows]), jnp.asarray(y[rows])))
            deviations.append(float(np.sqrt(np.mean(np.sum(np.square(found - found.mean(axis=0)), axis=1)))))
        slope = np.polyfit(np.log(settings["sizes"]), np.log(deviations), 1)[0]
        results.append(Result({"noise": {"deviation": deviations}}, {"power": float(slope)}))
    return results


@eqx.filter_jit
def _gradients(model: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    """Return the gradient of each mini-batch."""
    objective = Objective(likelihood("categorical"))

    def one(x: jax.Array, y: jax.Array) -> jax.Array:
        return ravel_pytree(eqx.filter_grad(objective)(model, Batch(x, y, jnp.ones(len(y)))))[0]

    found: jax.Array = jax.vmap(one)(x, y)
    return found


def valleys(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Descend into a valley ½(x² + κy²): plainly, with momentum, each at its best rate, and by conjugate gradients.

    The best rate of gradient descent is 2/(1 + κ), that of momentum (2/(1 + √κ))² with α = ((√κ − 1)/(√κ + 1))²; so the
    distance falls by (κ − 1)/(κ + 1) and by about (√κ − 1)/(√κ + 1) a step.

    Args:
        settings: `condition` κ; `until`, the distance to reach, of that at the start; `most` steps.
        seeds: nothing is drawn, so all give the same.
        context: not used.

    Returns:
        For each seed, curves `plain` and `momentum`, column `distance`; the values of the same names and `conjugate`: steps
        taken; and `turns`: the mean cosine between one step of `plain` and the next, across the valley.

    Source: Goodfellow et al., §8.2.1, §8.3.2 and §8.6.2 (figures 8.5 and 8.6).
    """
    condition, root = settings["condition"], math.sqrt(settings["condition"])
    start = (-math.sqrt(condition), 1.0)
    valley = Surface(lambda p: 0.5 * (p[0] ** 2 + condition * p[1] ** 2), start, (-1.0, 1.0, -1.0, 1.0))
    rules = {
        "plain": optim.optimizer_named("sgd", learning_rate=2 / (1 + condition)),
        "momentum": optim.optimizer_named(
            "momentum", learning_rate=(2 / (1 + root)) ** 2, momentum=((root - 1) / (root + 1)) ** 2
        ),
    }
    result = Result({}, {})
    for name, rule in rules.items():
        points = np.asarray(way_over(valley, rule, settings["most"]), float)
        distance = np.linalg.norm(points, axis=1) / np.linalg.norm(points[0])
        reached = np.flatnonzero(distance <= settings["until"])
        result.curves[name] = {"distance": distance.tolist()}
        result.values[name] = float(reached[0]) if len(reached) else math.nan
        if name == "plain":
            across = np.diff(points[:20], axis=0)[:, 1]
            result.values["turns"] = float(np.mean(np.sign(across[1:] * across[:-1])))
    with jax.enable_x64(True):
        end = optim.minimise(valley.cost, jnp.asarray(start, float), "conjugate_gradient", gradient_tolerance=1e-8)
    result.values["conjugate"] = float(end.steps)
    return [result for _ in seeds]


def averages_in_a_valley(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Descend on single noisy examples into a valley, and compare the last point with the average of all.

    Args:
        settings: `examples`, `epochs`, `learning_rate`, `scale` of the second input, whose square is the valley's condition.
        seeds: of data and order.
        context: not used.

    Returns:
        For each seed, curves `last` and `average`, column `excess`: the cost above the least; the value `gain`: the former
        over the latter, each averaged over the second half of the epochs.

    Source: Goodfellow et al., §8.7.3 (Polyak averaging).
    """
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            random = np.random.default_rng(seed)
            x = random.normal(size=(settings["examples"], 2)) * [1.0, settings["scale"]]
            y = x @ np.array([[1.0], [1.0]]) + random.normal(size=(len(x), 1))
            least = least_cost(x, y)
            run = train(
                nn.linear(2, 1, key=_threefry.key_of(seed)),
                Objective(likelihood("gaussian")),
                (x, y),
                optimizer=optim.averaged(optim.optimizer_named("sgd", learning_rate=settings["learning_rate"])),
                batch_size=1,
                epochs=settings["epochs"],
                monitor={"training": (x, y)},
                seed=seed,
                probes="off",
            )
            names = {"last": "training_loss", "average": "averaged_training_loss"}
            excess = {name: np.asarray(run.history[column]) - least for name, column in names.items()}
            half = settings["epochs"] // 2
            gain = excess["last"][half:].mean() / excess["average"][half:].mean()
            results.append(
                Result({name: {"excess": one.tolist()} for name, one in excess.items()}, {"gain": float(gain)})
            )
    return results


def linear_chain(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Make one step down the gradient of a chain ŷ = x w₁ w₂ … w_l, without and with batch normalization of its units.

    The step is so long that by the gradient alone the cost would fall by the share f = `fall`. Where ŷ is linear in what
    moves, it falls by f (1 − f/4) of itself.

    Args:
        settings: `depths` l; `weight`, of every link at the start; `fall`.
        seeds: of the data.
        context: not used.

    Returns:
        For each seed, the values `plain, l links` and `normalized, l links`: by what share of the promise the cost fell; 1
        if the gradient told the truth, negative if the cost rose.

    Source: Goodfellow et al., §8.7.1, (8.34).
    """
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            x = jnp.asarray(np.random.default_rng(seed).normal(size=(100, 1)))
            batch, values = Batch(x, 2.0 * x, jnp.ones(100)), {}
            for depth in settings["depths"]:
                for name, normalized in (("plain", False), ("normalized", True)):
                    chain = _chain(depth, settings["weight"], normalized=normalized)
                    values[f"{name}, {depth} links"] = _promise_kept(chain, batch, settings["fall"])
            results.append(Result({}, values))
    return results


def _chain(depth: int, weight: float, *, normalized: bool) -> nn.Sequential:
    link = nn.Dense(1, 1, weight_init="zeros", key=_threefry.key_of(0))
    link = eqx.tree_at(lambda link: link.weight, link, jnp.full((1, 1), weight))
    return nn.Sequential([layer for _ in range(depth) for layer in ([link, nn.BatchNorm(1)] if normalized else [link])])


def _promise_kept(model: nn.Sequential, batch: Batch, fall: float) -> float:
    """Return the fall of the cost after one step, over what the gradient promised."""
    parameters, rest = nn.parameters(model)
    objective, key = Objective(likelihood("gaussian")), _threefry.key_of(0)

    def cost(parameters: Any) -> jax.Array:
        return objective.value_outputs_and_model(eqx.combine(parameters, rest), batch, key=key)[0]

    before, gradient = jax.value_and_grad(cost)(parameters)
    rate = fall * before / sum(jnp.vdot(one, one) for one in jax.tree.leaves(gradient))
    after = cost(jax.tree.map(lambda theta, slope: theta - rate * slope, parameters, gradient))
    return float((before - after) / (fall * before))


def after_perfection(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Train on few digits until all are right and beyond, and watch the error on the others.

    Args:
        settings: `examples`, `epochs`, `hidden`, `learning_rate`.
        seeds: of first weights, order and choice of the examples.
        context: not used.

    Returns:
        For each seed, the curves `training` and `test`, column `error` in per cent; the values `perfect`: the first epoch
        after which every training example is right, `then` and `least`: the test error after it and the least later.

    Source: Goodfellow et al., §8.1.2 and §7.8.
    """
    x, y = flat_digits()
    results = []
    for seed in seeds:
        few, others = few_and_others(len(y), settings["examples"], seed)
        run = train(
            nn.mlp(64, 10, settings["hidden"], key=_threefry.key_of(seed)),
            Objective(likelihood("categorical")),
            (x[few], y[few]),
            optimizer="sgd",
            learning_rate=settings["learning_rate"],
            batch_size=10,
            epochs=settings["epochs"],
            monitor={"training": (x[few], y[few]), "test": (x[others], y[others])},
            seed=seed,
            probes="off",
        )
        errors = {name: 100 - 100 * np.asarray(run.history[f"{name}_accuracy"]) for name in ("training", "test")}
        perfect = int(np.argmax(errors["training"] == 0))
        test = errors["test"][perfect:]
        values = {"perfect": perfect + 1.0, "then": float(test[0]), "least": float(test.min())}
        if errors["training"].min() > 0:
            values = dict.fromkeys(values, math.nan)
        results.append(Result({name: {"error": one.tolist()} for name, one in errors.items()}, values))
    return results
