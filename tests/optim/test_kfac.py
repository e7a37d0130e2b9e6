"""K-FAC beside a literal transcription of its published algorithm, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import curvature, nn, objectives, optim
from shinso.objectives import L2, Batch, Objective
from shinso.optim import MiniBatchCost

LAMBDA, DECAY, INTERVAL, STRENGTH = 0.5, 0.6, 2, 0.01
STEPS = 6


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    return Batch(jnp.asarray(random.normal(size=(7, 3))), jnp.asarray(random.integers(0, 2, 7)), jnp.ones(7))


def drawn(outputs, key):
    """The targets that the Fisher matrix is sampled with: one key for each example."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.split(key, 1)[0], jnp.arange(len(outputs)))
    sample = objectives.Categorical().sample
    return np.array([sample(jnp.asarray(a)[None], k)[0] for a, k in zip(outputs, keys, strict=True)])


class Transcription:
    """Martens and Grosse (2015), algorithm 2, block-diagonal, for x → tanh(xV + c) W + b and softmax, every array dense."""

    def __init__(self, X, y, V, c, W, b):
        self.X, self.y, self.k, self.damping = X, y, 0, LAMBDA
        self.theta = [np.vstack([V, c]), np.vstack([W, b])]
        self.past = [np.zeros_like(theta) for theta in self.theta]
        self.factors = None

    def forward(self, theta):
        X = np.hstack([self.X, np.ones((len(self.X), 1))])
        h = np.hstack([np.tanh(X @ theta[0]), np.ones((len(X), 1))])
        a = h @ theta[1]
        p = np.exp(a - a.max(axis=1, keepdims=True))
        return X, h, a, p / p.sum(axis=1, keepdims=True)

    def backward(self, theta, h, delta):
        return [(delta @ theta[1][:-1].T) * (1 - h[:, :-1] ** 2), delta]

    def cost(self, theta):
        p = self.forward(theta)[3]
        squares = sum((part[:-1] ** 2).sum() for part in theta)
        return -np.log(p[np.arange(len(p)), self.y]).mean() + 0.5 * STRENGTH * squares

    def step(self, key):
        self.k += 1
        n, theta = len(self.X), self.theta
        X, h, a, p = self.forward(theta)
        one_hot = np.eye(2)
        rows = [X, h]
        slopes = self.backward(theta, h, p - one_hot[self.y])
        kept = [np.vstack([np.ones_like(part[:-1]), np.zeros_like(part[-1:])]) for part in theta]
        gradient = [r.T @ s / n + STRENGTH * k * t for r, s, k, t in zip(rows, slopes, kept, theta, strict=True)]
        sampled = self.backward(theta, h, p - one_hot[drawn(a, key)])
        new = [(r.T @ r / n, s.T @ s / n) for r, s in zip(rows, sampled, strict=True)]
        share = min(1 - 1 / self.k, DECAY)
        old = self.factors or new
        self.factors = [
            tuple(share * before + (1 - share) * now for before, now in zip(o, f, strict=True))
            for o, f in zip(old, new, strict=True)
        ]
        if self.k <= 3 or (self.k - 1) % INTERVAL == 0:
            self.held = self.factors
        direction = []
        for (A, G), g, k in zip(self.held, gradient, kept, strict=True):
            gamma = np.sqrt(self.damping + STRENGTH * k.mean())
            pi = np.sqrt((np.trace(A) / len(A)) / (np.trace(G) / len(G)))
            left, right = A + pi * gamma * np.eye(len(A)), G + gamma / pi * np.eye(len(G))
            direction.append(-np.linalg.inv(left) @ g @ np.linalg.inv(right))
        matrix = (
            self.gauss_newton(theta, X, h, p) + STRENGTH * np.diag(flat(kept)) + self.damping * np.eye(len(flat(kept)))
        )
        pair = np.stack([flat(direction), flat(self.past)])
        if self.k == 1:
            pair = pair[:1]
        quadratic, linear = pair @ matrix @ pair.T, pair @ flat(gradient)
        lengths = -np.linalg.solve(quadratic, linear)
        update = lengths @ pair
        foretold = 0.5 * update @ matrix @ update + update @ flat(gradient)
        sizes = np.cumsum([part.size for part in theta])[:-1]
        self.past = [u.reshape(t.shape) for u, t in zip(np.split(update, sizes), theta, strict=True)]
        self.theta = [t + u for t, u in zip(theta, self.past, strict=True)]
        if self.k % 5 == 0:
            ratio = (self.cost(self.theta) - self.cost(theta)) / foretold
            omega = (19 / 20) ** 5
            self.damping *= omega if ratio > 0.75 else 1 / omega if ratio < 0.25 else 1

    def gauss_newton(self, theta, X, h, p):
        total = 0
        for n in range(len(X)):
            M = np.diag(p[n]) - np.outer(p[n], p[n])
            rows = []
            for k in range(2):
                unit = np.zeros((1, 2))
                unit[0, k] = 1
                first, last = self.backward(theta, h[n : n + 1], unit)
                rows.append(flat([np.outer(X[n], first), np.outer(h[n], last)]))
            J = np.stack(rows)
            total = total + J.T @ M @ J / len(X)
        return total


def flat(parts):
    return np.concatenate([np.ravel(part) for part in parts])


def test_steps_are_those_of_the_published_algorithm(data):
    model = nn.mlp(3, 2, 4, activation="tanh", key=jax.random.key(1))
    objective = Objective(objectives.Categorical(), [L2(STRENGTH)])
    params, rest = nn.parameters(model)
    rule = optim.KFAC(damping=LAMBDA, decay=DECAY, interval=INTERVAL)

    @jax.jit
    def step(params, state, count, key):
        problem = curvature.Problem(params, rest, objective, data, 7)
        return rule.step(
            MiniBatchCost(lambda at: (problem.cost(at), None), lambda: problem, key), params, state, count, 1.0
        )

    first, last = (layer for layer in model.layers if isinstance(layer, nn.Dense))
    literal = Transcription(
        np.asarray(data.inputs),
        np.asarray(data.targets),
        *map(np.asarray, (first.weight, first.bias, last.weight, last.bias)),
    )
    state = rule.init(params)
    for count in range(STEPS):
        key = jax.random.key(count)
        value = literal.cost(literal.theta)
        made = step(params, state, jnp.asarray(count), key)
        literal.step(key)
        params, state = made.params, made.state
        found = [np.vstack([layer.weight, layer.bias]) for layer in params.layers if isinstance(layer, nn.Dense)]
        np.testing.assert_allclose(made.cost, value, rtol=1e-10)
        np.testing.assert_allclose(flat(found), flat(literal.theta), rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(state.damping, literal.damping, rtol=1e-12)
    assert literal.damping != LAMBDA
    assert made.finite
    assert made.result == optim.RUNNING


def test_one_step_solves_linear_regression(data):
    targets = jnp.sin(data.inputs @ jnp.ones(3))[:, None]
    run = shinso.train(
        nn.linear(3, 1, key=jax.random.key(0)),
        Objective(objectives.Gaussian()),
        (data.inputs, targets),
        optimizer=optim.KFAC(damping=1e-20),
        epochs=1,
        batch_size=7,
    )
    design = np.hstack([data.inputs, np.ones((7, 1))])
    expected = np.linalg.lstsq(design, np.asarray(targets), rcond=None)[0]
    np.testing.assert_allclose(np.vstack([run.model.layers[-1].weight, run.model.layers[-1].bias]), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (lambda key: nn.cnn((6, 6, 1), 2, (2,), hidden=(3,), dropout=0.5, key=key), (7, 6, 6, 1)),
        (lambda key: nn.recurrent(2, 2, (3,), cell="elman", key=key), (7, 4, 2)),
    ],
)
def test_factors_are_those_of_the_kronecker_operator(model, shape):
    made, key = model(jax.random.key(0)), jax.random.key(3)
    inputs = np.random.default_rng(1).normal(size=shape)
    objective, data = Objective(objectives.Categorical()), (inputs, np.arange(7) % 2)
    problem = curvature.problem(made, objective, data)
    found = curvature.layer_factors(problem, key)
    blank = curvature.blank_factors(problem.parameters)
    assert jax.tree.structure(found) == jax.tree.structure(blank)
    assert [leaf.shape for leaf in jax.tree.leaves(found)] == [leaf.shape for leaf in jax.tree.leaves(blank)]
    operator = curvature.kronecker(made, objective, data, of="fisher", samples=1, key=key)
    for one, block in zip(found, operator.blocks, strict=True):
        width = len(one.gradients)
        matrix = np.random.default_rng(2).normal(size=(len(one.inputs), width))
        np.testing.assert_allclose(one.inputs @ matrix @ one.gradients, block.product(matrix), rtol=1e-8, atol=1e-12)


def test_forms_are_those_of_the_matrix(data):
    model = nn.mlp(3, 2, 2, activation="tanh", key=jax.random.key(0))
    objective = Objective(objectives.Categorical(), [L2(0.3)])
    problem = curvature.problem(model, objective, data, chunk=3)
    matrix = np.asarray(curvature.dense(curvature.gauss_newton(model, objective, data)))
    vectors = np.random.default_rng(0).normal(size=(2, len(matrix)))
    unflatten = jax.flatten_util.ravel_pytree(problem.parameters)[1]
    forms = curvature.gauss_newton_forms(problem, jax.vmap(unflatten)(jnp.asarray(vectors)))
    np.testing.assert_allclose(forms, vectors @ matrix @ vectors.T, rtol=1e-9)


def test_it_trains_with_dropout_averages_and_a_schedule(data):
    rule = optim.averaged(optim.optimizer_named("kfac", learning_rate=optim.Cosine(1.0, 8), damping=0.5))
    model = nn.mlp(3, 2, 4, dropout=0.25, key=jax.random.key(0))
    arguments = {"optimizer": rule, "epochs": 4, "batch_size": 4}
    run, again = (shinso.train(model, Objective(objectives.Categorical()), data, **arguments) for _ in range(2))
    assert run.history.rows[-1]["loss"] < run.history.rows[0]["loss"]
    assert run.averaged_model is not None
    for one, other in zip(jax.tree.leaves(run.model), jax.tree.leaves(again.model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert optim.optimizer_from_recipe(rule.recipe).recipe == rule.recipe


def test_what_it_does_not_fit_is_refused_by_name(data):
    objective = Objective(objectives.Categorical())
    normalized = nn.mlp(3, 2, 4, normalization="batch", key=jax.random.key(0))
    with pytest.raises(ValueError, match=r"for Kronecker factors; got .* of BatchNorm"):
        shinso.train(normalized, objective, data, optimizer="kfac", epochs=1)
    for arguments, message in (
        ({"damping": 0.0}, "damping must be a finite number > 0; got 0.0"),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number > 0; got 0.0"),
        ({"decay": 1.0}, "decay must be a finite number ≥ 0 and < 1; got 1.0"),
        ({"interval": 0}, "interval must be a whole number, at least 1; got 0"),
        ({"momentum": 0.9}, "hyperparameter of kfac must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            optim.optimizer_named("kfac", **arguments)
