"""Deep belief nets: what goes up is the sigmoid network, what comes down has the net's own distribution."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from shinso import nn

KEY = jax.random.key(0)
RANDOM = np.random.default_rng(1)
X = RANDOM.random((6, 4)).astype(np.float32)


def net(units="bernoulli"):
    """4-3-2 with weights and biases of the order of 1."""
    made = nn.belief_net(4, (3, 2), units=units, key=KEY)
    return jax.tree.map(lambda leaf: jnp.asarray(RANDOM.normal(size=leaf.shape), jnp.float32), made)


@pytest.fixture(scope="module")
def small():
    return net()


@eqx.filter_jit
def generate(net, start, steps, key=KEY):
    return net.generate(jnp.asarray(start), steps, key=key)


def test_features_are_probabilities_of_probabilities(small):
    x = X
    for machine in small.machines:
        x = expit(x @ np.asarray(machine.weight) + np.asarray(machine.hidden_bias))
    np.testing.assert_allclose(small(X), x, rtol=1e-6)
    assert small.output_shape((4,)) == (2,)
    assert small.multiply_adds((4,)) == 4 * 3 + 3 * 2


def test_to_network_has_the_features_before_its_last_layer(small):
    network = small.to_network(5, key=KEY)
    last = network.layers[-1]
    np.testing.assert_allclose(network(X), small(X) @ last.weight + last.bias, rtol=1e-6)
    assert network.recipe == nn.mlp(4, 5, (3, 2), activation="sigmoid", key=KEY).recipe
    assert network.output_shape((4,)) == (5,)


def test_generated_examples_have_the_nets_distribution(small):
    """Mean of v: sum over the states of the top machine, then one layer down."""
    bottom, top = small.machines
    states = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    weights = np.exp(-np.asarray(top.free_energy(jnp.asarray(states))))
    means = expit(np.asarray(bottom.visible_bias) + states @ np.asarray(bottom.weight).T)
    expected = (weights / weights.sum()) @ means
    drawn = np.asarray(generate(small, np.zeros((20_000, 4), np.float32), 50))
    assert (np.abs(drawn.mean(0) - expected) < 5 * drawn.std(0) / len(drawn) ** 0.5).all()


def test_generation_starts_from_what_is_given(small):
    """Without a step in between, examples go up and come down again; the key decides how."""
    once = generate(small, X, 0)
    assert once.shape == (6, 4)
    assert ((once > 0) & (once < 1)).all()
    np.testing.assert_array_equal(once, generate(small, X, 0))
    assert (once != generate(small, X, 0, jax.random.key(1))).any()


def test_gaussian_units_generate_their_means():
    made = net("gaussian")
    bottom = made.machines[0]
    possible = np.array(
        [bottom.visible_bias + bottom.weight @ np.array(h) for h in itertools.product([0, 1], repeat=3)]
    )
    for row in np.asarray(generate(made, X, 3)):
        assert np.abs(possible - row).max(1).min() < 1e-5


def test_one_machine_is_a_net(small):
    single = nn.DeepBeliefNet(small.machines[:1])
    assert generate(single, X, 2).shape == (6, 4)
    np.testing.assert_array_equal(single(X), small.machines[0](X))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.belief_net(4, (), key=KEY), "machines must hold at least one Boltzmann machine; got none"),
        (lambda: nn.belief_net(4, (3, 0), key=KEY), "hidden must be a whole number, at least 1; got 0"),
        (
            lambda: nn.DeepBeliefNet([nn.boltzmann(4, 3, key=KEY), nn.boltzmann(2, 3, key=KEY)]),
            "machine 2 must have the 3 hidden units below it; got 2",
        ),
        (
            lambda: nn.DeepBeliefNet([nn.boltzmann(4, 3, key=KEY), nn.boltzmann(3, 2, units="gaussian", key=KEY)]),
            "machine 2 must have Bernoulli units",
        ),
        (lambda: net()(jnp.zeros((2, 5))), r"takes examples of shape \(4,\); got \(5,\)"),
        (lambda: net().generate(jnp.zeros((2, 5)), 1, key=KEY), r"takes examples of shape \(4,\); got \(5,\)"),
        (lambda: net().generate(jnp.zeros((2, 4)), -1, key=KEY), "steps must be a whole number, at least 0; got -1"),
        (lambda: net().to_network(0, key=KEY), "outputs must be a whole number, at least 1; got 0"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_only_machines_are_stacked():
    with pytest.raises(TypeError, match="machines must be Boltzmann machines; got Dense"):
        nn.DeepBeliefNet([nn.Dense(2, 2, key=KEY)])
