"""Boltzmann machines and belief nets through the one loop: does the likelihood rise, and is everything else as usual?"""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM

import shinso
from shinso import Objective, nn, objectives
from shinso.training import train_belief_net, train_boltzmann
from shinso.training._stages import stage_seed

KEY = jax.random.key(0)
STATES = np.array(list(itertools.product([0.0, 1.0], repeat=6)), np.float32)
OPTIONS = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 10}


@pytest.fixture(scope="module")
def stripes():
    """200 examples of 6 units: the left three alike, the right three alike, now and then a unit flipped."""
    random = np.random.default_rng(0)
    return (np.repeat(random.random((200, 2)) < 0.5, 3, axis=1) ^ (random.random((200, 6)) < 0.05)).astype(np.float32)


@pytest.fixture(scope="module")
def runs(stripes):
    """The same machine trained by CD-1 and by persistent chains."""
    machine = nn.boltzmann(6, 4, key=KEY)
    return {
        chains: train_boltzmann(machine, stripes, chains=chains, epochs=150, validation=stripes[:30], **OPTIONS)
        for chains in (0, 10)
    }


def log_likelihood(machine, v):
    """Mean ln p(v), with Z summed over all states of the visible units."""
    return float(np.mean(-machine.free_energy(jnp.asarray(v))) - logsumexp(-machine.free_energy(jnp.asarray(STATES))))


@pytest.mark.parametrize("chains", [0, 10])
def test_the_likelihood_rises_to_nearly_the_best(runs, chains, stripes):
    _, counts = np.unique(stripes, axis=0, return_counts=True)
    best = (counts * np.log(counts / len(stripes))).sum() / len(stripes)  # of any distribution
    independent = len(STATES[0]) * np.log(0.5)
    reached = log_likelihood(runs[chains].model.machine, stripes)
    assert best > reached > independent + 0.75 * (best - independent)


@pytest.mark.parametrize("chains", [0, 10])
def test_history_tells_reconstruction_and_pseudo_likelihood(runs, chains, stripes):
    run = runs[chains]
    machine, history = run.model.machine, run.history
    cost = -float(jnp.mean(machine.pseudo_log_likelihood(jnp.asarray(stripes[:30]))))
    assert history["validation_loss"][-1] == pytest.approx(cost, rel=1e-5)
    error = float(jnp.mean((stripes[:30] - machine.reconstruct(jnp.asarray(stripes[:30]))) ** 2))
    assert history["validation_squared_error"][-1] == pytest.approx(error, rel=1e-5)
    assert history["validation_loss"][-1] < 0.5 * history["validation_loss"][0]
    assert history["squared_error"][-1] < 0.6 * history["squared_error"][0]
    np.testing.assert_allclose(run.predict(stripes), machine.reconstruct(jnp.asarray(stripes)), rtol=1e-5)
    whole = -float(jnp.mean(machine.pseudo_log_likelihood(jnp.asarray(stripes))))
    assert run.evaluate(stripes, stripes).loss == pytest.approx(whole, rel=1e-5)


def test_persistent_chains_have_moved(runs):
    chains = np.asarray(runs[10].model.chains.hidden)
    assert chains.shape == (10, 4)
    assert set(np.unique(chains)) == {0, 1}


@pytest.mark.parametrize("chains", [0, 10])
def test_a_run_is_saved_and_loaded(runs, chains, tmp_path, stripes):
    folder = runs[chains].save(tmp_path / "run")
    loaded = shinso.load(folder)
    assert eqx.tree_equal(loaded.model, runs[chains].model)
    assert isinstance(loaded.objective.likelihood, objectives.ContrastiveDivergenceLoss)
    np.testing.assert_array_equal(loaded.predict(stripes), runs[chains].predict(stripes))


@pytest.fixture(scope="module")
def stack(stripes):
    net = nn.belief_net(6, (4, 3), key=KEY)
    return net, *train_belief_net(net, stripes, epochs=3, validation=stripes[:30], seed=5, **OPTIONS)


def test_each_machine_learns_from_the_one_below(stack, stripes):
    """The second run is `shinso.train` on the first machine's probabilities, written out."""
    net, trained, runs = stack
    assert len(runs) == 2
    features = trained.machines[0](jnp.asarray(stripes))
    alone = shinso.train(
        nn.ContrastiveDivergence(net.machines[1]),
        Objective(objectives.ContrastiveDivergenceLoss()),
        (features, features),
        validation=(features[:30], features[:30]),
        epochs=3,
        seed=stage_seed(5, 1),
        **OPTIONS,
    )
    assert eqx.tree_equal(alone.model.machine, trained.machines[1], rtol=1e-5, atol=1e-7)
    assert not eqx.tree_equal(trained.machines[0], net.machines[0])
    assert eqx.tree_equal(runs[0].model.machine, trained.machines[0])


def test_the_seed_determines_the_net(stack, stripes):
    net, trained, _ = stack
    again, _ = train_belief_net(net, stripes, epochs=3, validation=stripes[:30], seed=5, **OPTIONS)
    assert eqx.tree_equal(again, trained)
    other, _ = train_belief_net(net, stripes, epochs=3, validation=stripes[:30], seed=7, **OPTIONS)
    assert not eqx.tree_equal(other, trained)


def test_the_network_can_be_fine_tuned(stack, stripes):
    network = stack[1].to_network(2, key=KEY)
    labels = (stripes[:, :3].sum(1) > 1.5).astype(np.int32)
    objective = Objective(objectives.likelihood("categorical"))
    run = shinso.train(network, objective, (stripes, labels), epochs=20, learning_rate=0.1, batch_size=10)
    assert run.history["accuracy"][-1] == 1
    assert run.model.recipe.builder == "mlp"


def test_gaussian_units_find_two_clusters():
    """Two far clusters: the machine's score-matching cost falls, and its reconstructions are near the data."""
    random = np.random.default_rng(0)
    X = (2.0 * np.sign(random.normal(size=(200, 1))) * [1, -1, 1] + random.normal(size=(200, 3))).astype(np.float32)
    machine = nn.boltzmann(3, 4, units="gaussian", key=KEY)
    run = train_boltzmann(machine, X, epochs=40, validation=X[:50], optimizer="sgd", learning_rate=0.02, batch_size=10)
    losses = run.history["validation_loss"]
    assert losses[-1] < losses[0] - 1
    assert run.history["squared_error"][-1] < 1.2


@pytest.mark.slow
def test_pseudo_likelihood_on_digits_is_no_worse_than_scikit_learns():
    X = (load_digits().data / 16).astype(np.float32)
    settings = {"learning_rate": 0.05, "batch_size": 10}
    theirs = BernoulliRBM(32, n_iter=10, random_state=0, **settings).fit(X)
    machine = nn.boltzmann(64, 32, key=KEY)
    mine = train_boltzmann(machine, X, chains=10, epochs=10, optimizer="sgd", **settings).model.machine
    copied = eqx.tree_at(
        lambda m: (m.weight, m.visible_bias, m.hidden_bias),
        machine,
        (theirs.components_.T, theirs.intercept_visible_, theirs.intercept_hidden_),
    )
    ours, scikit = (float(jnp.mean(m.pseudo_log_likelihood(jnp.asarray(X)))) for m in (mine, copied))
    assert ours > scikit - 1


@pytest.mark.parametrize(
    ("inputs", "changes", "message"),
    [
        (np.full((20, 6), -0.1), {}, r"inputs must lie in \[0, 1\] for bernoulli units; got -0.1"),
        (np.full((20, 6), 255.0), {}, r"inputs must lie in \[0, 1\] for bernoulli units; got 255"),
        (np.full((20, 6), np.nan), {}, "inputs must be finite; got nan"),
        (np.zeros((20, 5)), {}, r"inputs must have shape \[N, 6\], a number for each visible unit; got \[20, 5\]"),
        (np.zeros((20, 6, 1)), {}, r"inputs must have shape \[N, 6\]"),
        (np.zeros((20, 6)), {"validation": np.full((3, 6), 2)}, r"validation must lie in \[0, 1\]"),
        (np.zeros((20, 6)), {"steps": 0}, "steps must be a whole number, at least 1; got 0"),
        (np.zeros((20, 6)), {"chains": -1}, "chains must be a whole number, at least 0; got -1"),
        (np.zeros((0, 6)), {}, "data must have at least one example; got none"),
    ],
)
def test_bad_input(inputs, changes, message):
    with pytest.raises(ValueError, match=message):
        train_belief_net(nn.belief_net(6, (4, 3), key=KEY), inputs, **changes)


def test_only_nets_and_machines():
    with pytest.raises(TypeError, match="net must be a DeepBeliefNet; got Sequential"):
        train_belief_net(nn.mlp(6, 2, key=KEY), np.zeros((20, 6)))
    with pytest.raises(TypeError, match="machine must be a BoltzmannMachine; got Sequential"):
        train_boltzmann(nn.mlp(6, 2, key=KEY), np.zeros((20, 6)))
    with pytest.raises(TypeError, match="takes the arguments of train but folder"):
        train_belief_net(nn.belief_net(6, 4, key=KEY), np.zeros((20, 6)), folder="runs")
