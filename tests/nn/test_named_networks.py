"""Networks that have names: their parameters are as many as published."""

import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shinso import nn, objectives

KEY = jax.random.key(0)


def shapes_of(name, image_shape, outputs, **arguments):
    """The network with shapes in place of arrays: nothing is allocated."""
    return eqx.filter_eval_shape(lambda key: nn.network(name, image_shape, outputs, key=key, **arguments), KEY)


def parameters_of(model):
    without = jax.tree.map(lambda node: None if nn.is_buffers(node) else node, model, is_leaf=nn.is_buffers)
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(without))


@pytest.mark.parametrize(
    ("name", "image_shape", "outputs", "arguments", "published"),
    [
        ("alexnet", (224, 224, 3), 1000, {}, 60_965_224),
        ("alexnet", (224, 224, 3), 1000, {"groups": 1}, 62_378_344),
        ("lenet5", (28, 28, 1), 10, {}, 61_706),
        ("lenet5", (32, 32, 1), 10, {"pool": "max", "activation": "relu"}, 61_706),
        ("resnet", (224, 224, 3), 1000, {}, 11_689_512),
        ("resnet", (224, 224, 3), 1000, {"depth": 50}, 25_557_032),
        ("resnet", (32, 32, 3), 10, {"depth": 20, "small_images": True}, 269_722),
    ],
)
def test_parameters_as_published(name, image_shape, outputs, arguments, published):
    model = shapes_of(name, image_shape, outputs, **arguments)
    assert parameters_of(model) == published
    assert model.output_shape(image_shape) == (outputs,)


def test_alexnet_has_the_published_maps():
    shapes = shapes_of("alexnet", (224, 224, 3), 1000).shapes((224, 224, 3))
    assert [shape for before, shape in itertools.pairwise(shapes) if shape != before] == [
        (55, 55, 96), (27, 27, 96), (27, 27, 256), (13, 13, 256), (13, 13, 384), (13, 13, 256), (6, 6, 256),
        (9216,), (4096,), (1000,),
    ]  # fmt: skip


def test_small_ones_run():
    lenet = nn.lenet5((12, 12, 1), 3, key=KEY)
    resnet = nn.resnet((8, 8, 1), 3, depth=8, small_images=True, normalization="layer", key=KEY)
    for model in (lenet, resnet):
        assert nn.model_from_recipe(model.recipe.to_dict(), KEY).recipe == model.recipe
    images = jax.random.normal(KEY, (2, 12, 12, 1))
    outputs = eqx.filter_jit(lambda lenet, resnet: (lenet(images), resnet(images[:, :8, :8])))(lenet, resnet)
    for found in outputs:
        assert found.shape == (2, 3)
        assert jnp.isfinite(found).all()
        assert (found[0] != found[1]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.resnet((32, 32, 3), 10, depth=20, key=KEY), "depth must be 18, 34, .* for large images; got 20"),
        (lambda: nn.resnet((8, 8, 3), 10, depth=18, small_images=True, key=KEY), "depth must be 6n . 2 .*; got 18"),
        (
            lambda: nn.resnet((8, 8, 3), 10, normalization="lay", key=KEY),
            "normalization must be .*Did you mean 'layer'",
        ),
        (lambda: nn.lenet5(pool="l2", key=KEY), "pool must be one of max, mean; got 'l2'"),
        (lambda: nn.network("alexnet", (4,), 3, key=KEY), "image_shape must be .height, width, maps.; got"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.slow
def test_alexnet_takes_a_step_on_whole_images():
    model = nn.alexnet(key=KEY)
    objective = objectives.Objective(objectives.Categorical(), [objectives.L2(5e-4)])
    rule = optax.sgd(0.01, momentum=0.9)
    images = jax.random.normal(KEY, (2, 224, 224, 3))
    batch = objectives.Batch(images, jnp.array([3, 700]), jnp.ones(2))
    parameters, rest = nn.parameters(model)

    @jax.jit
    def step(parameters, state, key):
        cost, gradient = jax.value_and_grad(lambda p: objective(eqx.combine(p, rest), batch, key=key))(parameters)
        updates, state = rule.update(gradient, state)
        return optax.apply_updates(parameters, updates), cost

    after, cost = step(parameters, rule.init(parameters), KEY)
    assert abs(float(objectives.Objective(objectives.Categorical())(model, batch)) - np.log(1000)) < 0.5
    assert jnp.isfinite(cost)
    moved = jax.tree.map(lambda old, new: bool((old != new).any()), parameters, after)
    assert all(jax.tree.leaves(moved))


@pytest.mark.parametrize("name", ["recurrent", "conv1d"])
def test_sequences_are_made_of_images_and_vectors(name):
    """Rows of an image are the steps, and the numbers of a vector, as if they had come so."""
    x = np.random.default_rng(0).normal(size=(2, 6, 3, 2)).astype(np.float32)
    for example, sequence in ((x, x.reshape(2, 6, 6)), (x[:, :, 0, 0], x[:, :, 0, :1])):
        built, plain = (nn.network(name, taken.shape[1:], 3, key=KEY) for taken in (example, sequence))
        np.testing.assert_array_equal(built(example), plain(sequence))
        assert built.output_shape(example.shape[1:]) == (3,)
        assert parameters_of(built) == parameters_of(plain)
