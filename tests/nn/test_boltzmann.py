"""Every formula against sums over all states of a machine with 5 visible and 3 hidden units, in float64."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, logsumexp, softmax
from sklearn.neural_network import BernoulliRBM

from shinso import nn

VISIBLE, HIDDEN, ROWS = 5, 3, 6
KEY = jax.random.key(2)
RANDOM = np.random.default_rng(0)
W = RANDOM.normal(size=(VISIBLE, HIDDEN))
B = RANDOM.normal(size=VISIBLE)
C = RANDOM.normal(size=HIDDEN)
V = np.array(list(itertools.product([0.0, 1.0], repeat=VISIBLE)))
H = np.array(list(itertools.product([0.0, 1.0], repeat=HIDDEN)))
DATA = V[RANDOM.integers(0, len(V), ROWS)]
GREY = RANDOM.random((ROWS, VISIBLE))
REAL = RANDOM.normal(size=(ROWS, VISIBLE))


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def machine(units="bernoulli"):
    made = nn.boltzmann(VISIBLE, HIDDEN, units=units, key=KEY)
    return eqx.tree_at(lambda m: (m.weight, m.visible_bias, m.hidden_bias), made, tuple(map(jnp.asarray, (W, B, C))))


def energies(v, units="bernoulli"):
    """E(v, h) of every row of v with every state h, `[N, 2^hidden]`, term by term."""
    own = -v @ B if units == "bernoulli" else 0.5 * ((v - B) ** 2).sum(1)
    return own[:, None] - H @ C - v @ W @ H.T


def probabilities():
    """p(v) of all 2^visible states."""
    return softmax(logsumexp(-energies(V), axis=1))


def gradient_of_free_energy(v):
    """∂F/∂(W, b, c) for each row of v."""
    p = expit(C + v @ W)
    return -v[:, :, None] * p[:, None, :], -v, -p


def exact_gradient(p):
    """Gradient of −mean ln p(DATA), or with other probabilities `p` of the states what stands in for it."""
    data, model = gradient_of_free_energy(DATA), gradient_of_free_energy(V)
    return [d.mean(0) - np.tensordot(p, m, 1) for d, m in zip(data, model, strict=True)]


def transitions():
    """p(v′ | v) of one step of Gibbs sampling, `[2^visible, 2^visible]`."""
    up = np.prod(np.where(H[None] == 1, expit(C + V @ W)[:, None], 1 - expit(C + V @ W)[:, None]), axis=2)
    down = np.prod(np.where(V[None] == 1, expit(B + H @ W.T)[:, None], 1 - expit(B + H @ W.T)[:, None]), axis=2)
    return up @ down


@pytest.mark.parametrize(("units", "v"), [("bernoulli", GREY), ("gaussian", REAL)])
def test_energies_are_sums_over_hidden_states(units, v):
    made, all_energies = machine(units), energies(v, units)
    for number in (0, 3, 7):
        found = made.energy(jnp.asarray(v), jnp.asarray(np.tile(H[number], (ROWS, 1))))
        np.testing.assert_allclose(found, all_energies[:, number], rtol=1e-13)
    np.testing.assert_allclose(made.free_energy(jnp.asarray(v)), -logsumexp(-all_energies, axis=1), rtol=1e-13)
    np.testing.assert_allclose(made(jnp.asarray(v)), softmax(-all_energies, axis=1) @ H, rtol=1e-13)


def test_visible_means_are_sums_over_visible_states():
    joint = softmax(-energies(V), axis=0)
    np.testing.assert_allclose(machine().visible_means(jnp.asarray(H)), joint.T @ V, rtol=1e-13)
    np.testing.assert_allclose(machine("gaussian").visible_means(jnp.asarray(H)), B + H @ W.T, rtol=1e-13)


def test_pseudo_log_likelihood_is_made_of_conditionals():
    p = probabilities()
    flipped = V[:, None] != np.eye(VISIBLE)[None].astype(bool)
    places = (flipped * 2 ** np.arange(VISIBLE)[::-1]).sum(2)
    expected = np.log(p[:, None] / (p[:, None] + p[places])).sum(1)
    np.testing.assert_allclose(machine().pseudo_log_likelihood(jnp.asarray(V)), expected, rtol=1e-12)


def test_score_matching_is_made_of_derivatives():
    made = machine("gaussian")

    def free_energy(v):
        return made.free_energy(v[None])[0]

    derivatives = jax.jit(lambda v: (jax.vmap(jax.grad(free_energy))(v), jax.vmap(jax.hessian(free_energy))(v)))
    slopes, bends = map(np.asarray, derivatives(REAL))
    expected = 0.5 * (slopes**2).sum(1) - np.trace(bends, axis1=1, axis2=2)
    np.testing.assert_allclose(made.misfit(jnp.asarray(REAL)), expected, rtol=1e-12)


def test_formulas_are_those_of_scikit_learn():
    rbm = BernoulliRBM(HIDDEN, random_state=0).fit(DATA)
    rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_ = W.T, B, C
    made = machine()
    for v in (DATA, GREY):
        np.testing.assert_allclose(made(jnp.asarray(v)), rbm.transform(v), rtol=1e-12)
        np.testing.assert_allclose(made.free_energy(jnp.asarray(v)), rbm._free_energy(v), rtol=1e-12)
        flips = np.abs(v[:, None] - np.eye(VISIBLE))  # one row for each unit that scikit-learn might draw
        drawn = [
            -VISIBLE * np.logaddexp(0, rbm._free_energy(v) - rbm._free_energy(flips[:, i])) for i in range(VISIBLE)
        ]
        np.testing.assert_allclose(made.pseudo_log_likelihood(jnp.asarray(v)), np.mean(drawn, axis=0), rtol=1e-12)


def test_gibbs_sampling_has_the_exact_distribution():
    chains, p = 40_000, probabilities()
    states = jax.jit(lambda v: machine().gibbs(v, 60, key=KEY))(jnp.zeros((chains, VISIBLE)))
    counts = np.bincount((np.asarray(states) @ 2 ** np.arange(VISIBLE)[::-1]).astype(int), minlength=len(V))
    assert (np.abs(counts - chains * p) < 5 * np.sqrt(chains * p)).all()


def test_gaussian_units_are_sampled_around_their_means():
    made, count = machine("gaussian"), 20_000
    v = made.sample_visible(jnp.broadcast_to(jnp.asarray(H[5]), (count, HIDDEN)), KEY)
    np.testing.assert_allclose(v.mean(0), B + W @ H[5], atol=5 / count**0.5)
    np.testing.assert_allclose(np.cov(np.asarray(v).T), np.eye(VISIBLE), atol=6 / count**0.5)


def mean_cost(model, v, key):
    return jnp.mean(model(v, key=key)[:, 0])


def gradient(model, v, key):
    """Value and gradient of the mean cost: W, b, c."""
    value, slope = eqx.filter_jit(eqx.filter_value_and_grad(mean_cost))(model, jnp.asarray(v), key)
    return value, [slope.machine.weight, slope.machine.visible_bias, slope.machine.hidden_bias]


@pytest.mark.parametrize("steps", [1, 3])
def test_contrastive_divergence_is_the_textbook_update(steps):
    """Hinton's rule, ⟨v h⟩ of the data minus ⟨v h⟩ after k steps, with the same random numbers."""
    v = GREY
    for number in range(steps):
        up, down = jax.random.split(jax.random.fold_in(KEY, number))
        h = (jax.random.uniform(up, (ROWS, HIDDEN)) < expit(C + v @ W)).astype(float)
        v = np.asarray(jax.random.uniform(down, (ROWS, VISIBLE)) < expit(B + h @ W.T)).astype(float)
    p, q = expit(C + GREY @ W), expit(C + v @ W)
    update = [(GREY.T @ p - v.T @ q) / ROWS, (GREY - v).mean(0), (p - q).mean(0)]
    value, found = gradient(nn.ContrastiveDivergence(machine(), steps=steps), GREY, KEY)
    for mine, textbook in zip(found, update, strict=True):
        np.testing.assert_allclose(-mine, textbook, rtol=1e-12, atol=1e-15)
    contrast = [-(x @ B) - h @ C - ((x @ W) * h).sum(1) for x, h in ((GREY, p), (v, q))]
    np.testing.assert_allclose(value, (contrast[0] - contrast[1]).mean(), rtol=1e-12)


def test_the_gradient_is_that_of_the_free_energies():
    """Of F(v) − F(v′), v′ held fixed, by automatic differentiation."""

    def contrast(made, v, after):
        return jnp.mean(made.free_energy(v) - made.free_energy(after))

    for units, v in (("bernoulli", GREY), ("gaussian", REAL)):
        made = machine(units)
        slope = jax.jit(jax.grad(contrast))(made, jnp.asarray(v), made.gibbs(jnp.asarray(v), 1, key=KEY))
        _, found = gradient(nn.ContrastiveDivergence(made), v, KEY)
        for mine, other in zip(found, (slope.weight, slope.visible_bias, slope.hidden_bias), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-15)


def test_more_steps_come_nearer_to_the_gradient_of_the_likelihood():
    """Against the expectation over k steps, from the matrix of transitions; at k = 40 that is the exact gradient."""
    start = np.bincount((DATA @ 2 ** np.arange(VISIBLE)[::-1]).astype(int), minlength=len(V)) / ROWS
    exact, distances, copies = exact_gradient(probabilities()), [], 10_000
    for steps in (1, 40):
        expected = exact_gradient(start @ np.linalg.matrix_power(transitions(), steps))
        _, found = gradient(nn.ContrastiveDivergence(machine(), steps=steps), np.tile(DATA, (copies, 1)), KEY)
        for mine, mean in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, mean, atol=5 * 0.5 / (copies * ROWS) ** 0.5)
        distances.append(max(np.abs(e - x).max() for e, x in zip(expected, exact, strict=True)))
    assert distances[0] > 0.01
    assert distances[1] < 1e-9


def test_persistent_chains_are_scikit_learns():
    """One step of `BernoulliRBM._fit` written out, with our random numbers; the chains go on from where they were."""
    model = nn.ContrastiveDivergence(machine(), chains=4)
    assert not model.chains.hidden.any()
    model = eqx.tree_at(lambda m: m.chains.hidden, model, jnp.asarray(H[[1, 3, 4, 6]]))
    down, up = jax.random.split(jax.random.fold_in(KEY, 0))
    v = np.asarray(jax.random.uniform(down, (4, VISIBLE)) < expit(B + H[[1, 3, 4, 6]] @ W.T)).astype(float)
    q = expit(C + v @ W)
    p = expit(C + DATA @ W)
    update = [DATA.T @ p / ROWS - v.T @ q / 4, DATA.mean(0) - v.mean(0), p.mean(0) - q.mean(0)]
    for mine, textbook in zip(gradient(model, DATA, KEY)[1], update, strict=True):
        np.testing.assert_allclose(-mine, textbook, rtol=1e-12, atol=1e-15)
    _, after = eqx.filter_jit(nn.call_and_update)(model, jnp.asarray(DATA), key=KEY)
    np.testing.assert_array_equal(after.chains.hidden, jax.random.uniform(up, (4, HIDDEN)) < q)
    assert model.call_and_update(jnp.asarray(DATA))[1] is model


def test_chains_are_no_parameters():
    model = nn.ContrastiveDivergence(machine(), chains=4)
    assert nn.parameter_count(model) == nn.parameter_count(machine()) == W.size + B.size + C.size
    assert jax.tree.leaves(nn.buffers(model))[0].shape == (4, HIDDEN)


@pytest.mark.parametrize(("units", "v"), [("bernoulli", GREY), ("gaussian", REAL)])
def test_prediction_is_cost_and_reconstruction(units, v):
    made = machine(units)
    outputs = nn.ContrastiveDivergence(made, chains=2)(jnp.asarray(v))
    np.testing.assert_array_equal(outputs[:, 0], made.misfit(jnp.asarray(v)))
    mean = B + expit(C + v @ W) @ W.T
    np.testing.assert_allclose(outputs[:, 1:], expit(mean) if units == "bernoulli" else mean, rtol=1e-12)
    assert outputs.shape[1:] == nn.ContrastiveDivergence(made).output_shape((VISIBLE,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.boltzmann(0, 3, key=KEY), "visible must be a whole number, at least 1; got 0"),
        (lambda: nn.boltzmann(5, 0, key=KEY), "hidden must be a whole number, at least 1; got 0"),
        (lambda: nn.boltzmann(5, 3, units="binary", key=KEY), "units must be one of bernoulli, gaussian; got 'binary'"),
        (lambda: nn.ContrastiveDivergence(machine(), steps=0), "steps must be a whole number, at least 1; got 0"),
        (lambda: nn.ContrastiveDivergence(machine(), chains=-1), "chains must be a whole number, at least 0; got -1"),
        (lambda: machine().gibbs(jnp.asarray(DATA), -1, key=KEY), "steps must be a whole number, at least 0; got -1"),
        (lambda: machine()(jnp.zeros((2, 4))), r"takes examples of shape \(5,\); got \(4,\)"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_only_machines_are_trained():
    with pytest.raises(TypeError, match="machine must be a BoltzmannMachine; got Dense"):
        nn.ContrastiveDivergence(nn.Dense(2, 2, key=KEY))


@pytest.mark.parametrize(
    "model",
    [
        nn.boltzmann(5, 3, units="gaussian", key=KEY),
        nn.contrastive_divergence(5, 3, steps=2, chains=4, key=KEY),
        nn.belief_net(5, (4, 3, 2), units="gaussian", key=KEY),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_recipe_builds_the_same_kind_of_model(model):
    built = eqx.filter_eval_shape(nn.model_from_recipe, model.recipe.to_dict(), KEY)
    assert jax.tree.structure(built) == jax.tree.structure(model)
    assert [leaf.shape for leaf in jax.tree.leaves(built)] == [leaf.shape for leaf in jax.tree.leaves(model)]
    assert built.recipe == model.recipe
