"""The networks of Nielsen's chapter 6: their layers, their sizes and how they start."""

import math

import equinox as eqx
import jax
import pytest

from shinso import nn, textbook

KEY = jax.random.key(0)


def shapes_of(configuration):
    """The network by its name, with shapes in place of arrays: nothing is allocated."""
    return eqx.filter_eval_shape(
        lambda key: nn.network("nielsen", (28, 28, 1), 10, key=key, configuration=configuration), KEY
    )


@pytest.mark.parametrize(
    ("configuration", "parameters"),
    [
        ("conv-conv-fc1000-fc1000-relu-dropout", 20 * 26 + 40 * 501 + 641_000 + 1_001_000 + 10_010),
        ("fc100", 79_510),
    ],
)
def test_their_parameters(configuration, parameters):
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes_of(configuration))) == parameters


@pytest.mark.parametrize("configuration", textbook.NIELSEN_NETWORKS)
def test_the_networks(configuration):
    chosen = textbook.NIELSEN_NETWORKS[configuration]
    model = shapes_of(configuration)
    sizes = [layer.weight.shape for layer in model.layers if isinstance(layer, nn.Dense | nn.Conv2d)]
    assert tuple(shape[-1] for shape in sizes) == (*chosen.channels, *chosen.hidden, 10)
    dropped = sum(isinstance(layer, nn.Dropout) for layer in model.layers)
    assert dropped == (3 if configuration.endswith("dropout") else 0)


def test_it_starts_as_network3():
    model = textbook.nielsen(configuration="conv-fc100", key=KEY)
    convolution, dense, softmax = (layer for layer in model.layers if isinstance(layer, nn.Conv2d | nn.Dense))
    assert abs(convolution.weight.std() / (4 / (20 * 25)) ** 0.5 - 1) < 0.1
    assert abs(dense.weight.std() / 0.1 - 1) < 0.02
    assert not softmax.weight.any()
    assert eqx.tree_equal(nn.model_from_recipe(model.recipe.to_dict(), KEY), model)


def test_an_unknown_configuration():
    with pytest.raises(ValueError, match="configuration must be one of .*Did you mean 'fc100'"):
        textbook.nielsen(configuration="fc10", key=KEY)
