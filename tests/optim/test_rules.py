"""Every mini-batch rule against a literal NumPy transcription of its formula, step by step in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shinso import optim


def gradients(theta):
    """An ill-conditioned quadratic with a little curvature change, so that every step has another gradient."""
    scales = np.array([1.0, 10.0, 0.1])
    return scales * theta + 0.1 * np.sin(theta)


def cost(theta):
    scales = jnp.array([1.0, 10.0, 0.1])
    return jnp.sum(0.5 * scales * theta**2) + 0.1 * jnp.sum(1 - jnp.cos(theta)), jnp.sum(theta)


def sgd(g, s, t, theta, learning_rate):
    return -learning_rate * g, s


def momentum(g, v, t, theta, learning_rate, momentum):
    v = momentum * v - learning_rate * g
    return v, v


def nesterov(g, v, t, theta, learning_rate, momentum):
    v = momentum * v - learning_rate * g
    return momentum * v - learning_rate * g, v


def nesterov_interim(_, v, t, theta, learning_rate, momentum):
    g = gradients(theta + momentum * v)
    v = momentum * v - learning_rate * g
    return v, v


def adagrad(g, r, t, theta, learning_rate, epsilon):
    r = r + g * g
    return -learning_rate / (epsilon + np.sqrt(r)) * g, r


def adadelta(g, state, t, theta, learning_rate, decay, epsilon):
    squares, updates = (0.0, 0.0) if np.isscalar(state) else state
    squares = decay * squares + (1 - decay) * g**2
    update = -np.sqrt(updates + epsilon) / np.sqrt(squares + epsilon) * g
    updates = decay * updates + (1 - decay) * update**2
    return learning_rate * update, (squares, updates)


def rmsprop(g, r, t, theta, learning_rate, decay, epsilon):
    r = decay * r + (1 - decay) * g * g
    return -learning_rate * g / np.sqrt(epsilon + r), r


def rmsprop_momentum(g, s, t, theta, learning_rate, momentum, decay, epsilon):
    v, r = (0.0, 0.0) if np.isscalar(s) else s
    r = decay * r + (1 - decay) * g * g
    v = momentum * v - learning_rate / np.sqrt(epsilon + r) * g
    return v, (v, r)


def rmsprop_nesterov(_, s, t, theta, learning_rate, momentum, decay, epsilon):
    v = 0.0 if np.isscalar(s) else s[0]
    g = gradients(theta + momentum * v)
    return rmsprop_momentum(g, s, t, theta, learning_rate, momentum, decay, epsilon)


def adam(g, s, t, theta, learning_rate, beta_1, beta_2, epsilon):
    m, r = (0.0, 0.0) if np.isscalar(s) else s
    m = beta_1 * m + (1 - beta_1) * g
    r = beta_2 * r + (1 - beta_2) * g * g
    m_hat, r_hat = m / (1 - beta_1**t), r / (1 - beta_2**t)
    return -learning_rate * m_hat / (np.sqrt(r_hat) + epsilon), (m, r)


def adamw(g, s, t, theta, learning_rate, beta_1, beta_2, epsilon, weight_decay):
    update, s = adam(g, s, t, theta, learning_rate, beta_1, beta_2, epsilon)
    return update - learning_rate * weight_decay * theta, s


def adam_uncorrected(g, s, t, theta, learning_rate, beta_1, beta_2, epsilon):
    m, r = (0.0, 0.0) if np.isscalar(s) else s
    m = beta_1 * m + (1 - beta_1) * g
    r = beta_2 * r + (1 - beta_2) * g * g
    rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return -rate * m / (np.sqrt(r) + epsilon), (m, r)


TRANSCRIPTIONS = {
    "sgd": (sgd, {"learning_rate": 0.05}),
    "momentum": (momentum, {"learning_rate": 0.03, "momentum": 0.8}),
    "nesterov": (nesterov, {"learning_rate": 0.03, "momentum": 0.8}),
    "nesterov_interim": (nesterov_interim, {"learning_rate": 0.03, "momentum": 0.8}),
    "adagrad": (adagrad, {"learning_rate": 0.3, "epsilon": 1e-2}),
    "adadelta": (adadelta, {"learning_rate": 0.7, "decay": 0.8, "epsilon": 1e-2}),
    "rmsprop": (rmsprop, {"learning_rate": 0.02, "decay": 0.7, "epsilon": 1e-3}),
    "rmsprop_momentum": (rmsprop_momentum, {"learning_rate": 0.02, "momentum": 0.6, "decay": 0.7, "epsilon": 1e-3}),
    "rmsprop_nesterov": (rmsprop_nesterov, {"learning_rate": 0.02, "momentum": 0.6, "decay": 0.7, "epsilon": 1e-3}),
    "adam": (adam, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    "adam_uncorrected": (adam_uncorrected, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    "adamw": (adamw, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1}),
}
INTERIM = ("nesterov_interim", "rmsprop_nesterov")
START = np.array([1.0, -2.0, 3.0])


def trajectory(optimizer, steps, scale=1.0):
    """Parameters after each step, as the training loop would take them."""
    params, state = jnp.asarray(START), optimizer.init(jnp.asarray(START))
    step = jax.jit(lambda p, s, k: optimizer.step(cost, p, s, k, jnp.asarray(scale)))
    seen = []
    for k in range(steps):
        proposed = step(params, state, jnp.asarray(k))
        params, state = proposed.params, proposed.state
        seen.append(np.asarray(params))
    return np.array(seen), proposed


def test_every_rule_has_a_transcription():
    assert set(TRANSCRIPTIONS) <= set(optim.OPTIMIZERS)
    rules = {name for name in optim.OPTIMIZERS if not optim.optimizer_named(name).full_batch}
    assert set(TRANSCRIPTIONS) == rules - {"kfac"}, "K-FAC's transcription needs a network: test_kfac.py"


def test_the_constants_are_the_sources():
    constants = {name: optim.optimizer_named(name).recipe for name in optim.OPTIMIZERS}
    assert constants["adagrad"]["epsilon"] == 1e-7
    assert {constants[name]["epsilon"] for name in ("rmsprop", "rmsprop_momentum", "rmsprop_nesterov")} == {1e-6}
    assert constants["adadelta"] == {"name": "adadelta", "learning_rate": 1.0, "decay": 0.95, "epsilon": 1e-6}
    assert constants["adam"] == {
        "name": "adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8
    }  # fmt: skip


@pytest.mark.parametrize("name", TRANSCRIPTIONS)
def test_steps_equal_the_formula(name):
    rule, hyperparameters = TRANSCRIPTIONS[name]
    theta, state, expected = START.copy(), 0.0, []
    for t in range(1, 13):
        update, state = rule(gradients(theta), state, t, theta, **hyperparameters)
        theta = theta + update
        expected.append(theta)
    with jax.enable_x64(True):
        found, last = trajectory(optim.optimizer_named(name, **hyperparameters), 12)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        before = found[-2]
        if name in INTERIM:
            before = before + hyperparameters["momentum"] * (before - found[-3])
        np.testing.assert_allclose(last.gradient_norm, np.linalg.norm(gradients(before)), rtol=1e-12)
        np.testing.assert_allclose(last.cost, cost(before)[0], rtol=1e-12)
        np.testing.assert_allclose(last.auxiliary, before.sum(), rtol=1e-12)
        assert bool(last.finite)
        assert int(last.result) == optim.RUNNING


@pytest.mark.parametrize("name", TRANSCRIPTIONS)
def test_dtype_is_kept_even_where_hyperparameters_are_wider(name):
    with jax.enable_x64(True):
        optimizer = optim.optimizer_named(name)
        params = {"a": jnp.ones(3, jnp.float32), "b": jnp.ones((2, 2), jnp.float32)}
        state = optimizer.init(params)
        step = optimizer.step(lambda p: (jnp.sum(p["a"] ** 2) + p["b"].sum(), 0.0), params, state, 0, jnp.ones(()))
        assert jax.tree.map(lambda leaf: leaf.dtype, step.params) == {"a": jnp.float32, "b": jnp.float32}
        assert jax.tree.map(jnp.shape, step.state) == jax.tree.map(jnp.shape, state)
        same = jax.tree.map(lambda old, new: old.dtype == new.dtype, state, step.state)
        assert all(jax.tree.leaves(same))


def test_nesterovs_two_forms_see_one_trajectory():
    options = {"learning_rate": optim.LinearDecay(0.05, 0.01, 6), "momentum": 0.8}
    with jax.enable_x64(True):
        seen, _ = trajectory(optim.optimizer_named("nesterov", **options), 8)
        theta, _ = trajectory(optim.optimizer_named("nesterov_interim", **options), 8)
    velocity = np.diff(theta, axis=0, prepend=START[None])
    np.testing.assert_allclose(seen, theta + 0.8 * velocity, rtol=1e-12)


def test_momentums_rate_on_an_ill_conditioned_quadratic():
    # The optimal constants: then every error falls as ((√κ−1)/(√κ+1))^k up to a factor linear in k, from (κ−1)/(κ+1)
    # for gradient descent (Polyak, 1964). At both ends of the spectrum λ the recurrence of the error
    # e_{k+1} = (1 + α − ελ) e_k − α e_{k−1} has the double root r = ±√α, so e_k = r^k (1 + k (e₁/r − 1)).
    smallest, largest, steps = 1.0, 1e4, 600
    rate = (np.sqrt(largest) - np.sqrt(smallest)) / (np.sqrt(largest) + np.sqrt(smallest))
    learning_rate = 4 / (np.sqrt(largest) + np.sqrt(smallest)) ** 2
    with jax.enable_x64(True):
        eigenvalues = jnp.array([smallest, 137.0, largest])
        optimizer = optim.optimizer_named("momentum", learning_rate=learning_rate, momentum=rate**2)

        def step(carry, count):
            new = optimizer.step(lambda p: (0.5 * jnp.vdot(eigenvalues, p**2), None), *carry, count, jnp.ones(()))
            return (new.params, new.state), new.params

        start = jnp.ones(3)
        _, errors = jax.lax.scan(step, (start, optimizer.init(start)), jnp.arange(steps))
    k = np.arange(1, steps + 1)
    for errors_here, eigenvalue, root in ((errors[:, 0], smallest, rate), (errors[:, 2], largest, -rate)):
        first = 1 - learning_rate * eigenvalue
        np.testing.assert_allclose(errors_here, root**k * (1 + k * (first / root - 1)), rtol=1e-7)
    slope = np.polyfit(k[300:], np.log(np.abs(errors[300:, 0])), 1)[0]
    assert np.exp(slope) == pytest.approx(rate, rel=3e-3)
    descent = (largest - smallest) / (largest + smallest)
    assert slope < 0.8 * np.sqrt(largest / smallest) * np.log(descent)


@pytest.mark.parametrize(
    "clipping", [{"clip_norm": 1.5}, {"clip_value": 0.7}, {"clip_norm": 0.9, "clip_value": 0.7}], ids=str
)
def test_rules_see_the_clipped_gradient(clipping):
    theta, velocity, expected = START.copy(), 0.0, []
    for t in range(1, 61):
        g = gradients(theta)
        if "clip_value" in clipping:
            g = np.clip(g, -clipping["clip_value"], clipping["clip_value"])
        if "clip_norm" in clipping and np.linalg.norm(g) > clipping["clip_norm"]:
            g = g * clipping["clip_norm"] / np.linalg.norm(g)
        update, velocity = momentum(g, velocity, t, theta, 0.05, 0.5)
        theta = theta + update
        expected.append(theta)
    with jax.enable_x64(True):
        found, last = trajectory(optim.optimizer_named("momentum", learning_rate=0.05, momentum=0.5, **clipping), 60)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(last.gradient_norm, np.linalg.norm(gradients(found[-2])), rtol=1e-12)
    assert float(last.gradient_norm) < 0.7, "the last steps are not clipped, the first ones are"


@pytest.mark.parametrize("name", TRANSCRIPTIONS)
def test_every_rule_clips(name):
    # At rest the gradient's entries have size 1e6; held to 1e-3, no rule tells it from one that is as small by itself.
    params = {"a": jnp.zeros(2), "b": jnp.zeros(())}

    def first_step(optimizer, factor):
        def scaled(p):
            return factor * (p["a"].sum() + p["b"]), None

        return optimizer.step(scaled, params, optimizer.init(params), 0, jnp.ones(())).params

    clipped = first_step(optim.optimizer_named(name, clip_value=1e-3), 1e6)
    np.testing.assert_allclose(clipped["a"], first_step(optim.optimizer_named(name), 1e-3)["a"], rtol=1e-5)
    assert optim.optimizer_from_recipe(optim.optimizer_named(name, clip_norm=2.0).recipe).recipe["clip_norm"] == 2.0


def test_a_gradient_of_zero_is_not_clipped():
    optimizer = optim.optimizer_named("sgd", clip_norm=1.0, clip_value=1.0)
    params = jnp.ones(2)
    step = optimizer.step(lambda p: (0.0 * p.sum(), None), params, optimizer.init(params), 0, jnp.ones(()))
    np.testing.assert_array_equal(step.params, params)


def test_scale_multiplies_the_learning_rate():
    with jax.enable_x64(True):
        whole, _ = trajectory(optim.optimizer_named("momentum", learning_rate=0.01), 5)
        scaled, _ = trajectory(optim.optimizer_named("momentum", learning_rate=0.02), 5, scale=0.5)
        np.testing.assert_allclose(whole, scaled, rtol=1e-13)


def test_a_schedule_drives_the_rate():
    rates = [0.1 * (1 - k / 4) + 0.02 * k / 4 for k in range(4)] + [0.02, 0.02]
    theta = START.copy()
    for rate in rates:
        theta = theta - rate * gradients(theta)
    with jax.enable_x64(True):
        found, _ = trajectory(optim.optimizer_named("sgd", learning_rate=optim.LinearDecay(0.1, 0.02, 4)), 6)
    np.testing.assert_allclose(found[-1], theta, rtol=1e-12)


def test_any_optax_transformation_is_an_optimizer():
    transformation = optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1, momentum=0.9))
    params = jnp.asarray(START, jnp.float32)
    state = transformation.init(params)
    for _ in range(4):
        updates, state = transformation.update(jax.grad(lambda p: cost(p)[0])(params), state, params)
        params = optax.apply_updates(params, updates)
    found, _ = trajectory(optim.as_optimizer(transformation), 4)
    np.testing.assert_allclose(found[-1], params, rtol=1e-6)
    assert np.isnan(optim.as_optimizer(transformation).learning_rate_at(0, jnp.ones(())))


def test_new_hyperparameters_compile_nothing(compilations):
    @jax.jit
    def step(optimizer, params, state):
        return optimizer.step(cost, params, state, jnp.zeros((), int), jnp.ones(())).params

    params = jnp.ones(3)
    for rate in (0.1, 0.2):
        optimizer = optim.optimizer_named("adam", learning_rate=rate)
        state = optimizer.init(params)
        compilations.reset()
        step(optimizer, params, state)
    assert compilations.count == 0


def test_not_finite_is_noticed():
    optimizer = optim.optimizer_named("sgd")
    params = jnp.zeros(2)
    step = optimizer.step(lambda p: (jnp.sum(jnp.sqrt(p)), 0.0), params, optimizer.init(params), 0, jnp.ones(()))
    assert np.isfinite(step.cost)
    assert not bool(step.finite)


@pytest.mark.parametrize("name", [*TRANSCRIPTIONS, "lbfgs"])
def test_recipes_round_trip(name):
    optimizer = optim.optimizer_named(name)
    assert optim.optimizer_from_recipe(optimizer.recipe).recipe == optimizer.recipe


def test_recipes_of_schedules_round_trip():
    for schedule in (
        optim.Cosine(0.1, 50, warm_up=5),
        optim.LinearDecay(0.1, 0.01, 9),
        optim.InverseScaling(1, 0.5, 8, 2),
        optim.Constant(0.3),
        optim.RobbinsMonro(0.7),
        optim.OneCycle(0.5, 40, rise=7),
        optim.WarmUp(optim.WarmUp(0.2, 3), 4),
        optim.Restarted(optim.Cosine(0.2, 7), 7, optim.WarmUp(0.2, 3)),
    ):
        recipe = optim.optimizer_named("sgd", learning_rate=schedule).recipe
        assert optim.optimizer_from_recipe(recipe).recipe == recipe
        assert recipe["learning_rate"]["schedule"] == type(schedule).__name__


@pytest.mark.parametrize(
    ("name", "hyperparameters", "error", "sentence"),
    [
        ("adan", {}, ValueError, "optimizer must be one of .*; got 'adan'. Did you mean 'adam"),
        (
            "sgd",
            {"momentum": 0.9},
            ValueError,
            "hyperparameter of sgd must be one of clip_norm, clip_value, learning_rate; got 'm",
        ),
        ("sgd", {"learning_rate": 0}, ValueError, "learning_rate must be a finite number > 0; got 0"),
        ("sgd", {"learning_rate": -1.0}, ValueError, "learning_rate must be a finite number > 0; got -1.0"),
        ("sgd", {"learning_rate": float("nan")}, ValueError, "learning_rate must be a finite number > 0; got nan"),
        ("sgd", {"learning_rate": "fast"}, TypeError, "learning_rate must be a finite number > 0; got 'fast'"),
        ("adam", {"beta_1": 1.0}, ValueError, "beta_1 must be a finite number ≥ 0 and < 1; got 1.0"),
        ("rmsprop", {"decay": -0.1}, ValueError, "decay must be a finite number ≥ 0 and < 1; got -0.1"),
        ("adagrad", {"epsilon": 0.0}, ValueError, "epsilon must be a finite number > 0; got 0.0"),
        ("adadelta", {"decay": 1.0}, ValueError, "decay must be a finite number ≥ 0 and < 1; got 1.0"),
        ("rmsprop_nesterov", {"momentum": -1}, ValueError, "momentum must be a finite number ≥ 0 and ≤ 1; got -1"),
        ("momentum", {"momentum": optim.OneCycle(2.0, 9)}, ValueError, "momentum must be .* ≤ 1; got 2.0"),
        ("adam", {"beta_1": optim.LinearDecay(0.9, 1.0, 9)}, ValueError, "beta_1 must be .* < 1; got 1.0"),
        ("sgd", {"clip_norm": 0.0}, ValueError, "clip_norm must be a finite number > 0; got 0.0"),
        ("adam", {"clip_value": float("nan")}, ValueError, "clip_value must be a finite number > 0; got nan"),
        ("sgd", {"clipnorm": 1.0}, ValueError, "got 'clipnorm'. Did you mean 'clip_norm'?"),
        ("lbfgs", {"clip_norm": 1.0}, ValueError, "hyperparameter of lbfgs must be one of .*; got 'clip_norm'"),
        ("lbfgs", {"learning_rate": 0.1}, ValueError, "hyperparameter of lbfgs must be one of"),
        ("lbfgs", {"memory": 0}, ValueError, "memory must be a whole number, at least 1; got 0"),
    ],
)
def test_bad_settings_say_what_is_wrong(name, hyperparameters, error, sentence):
    with pytest.raises(error, match=sentence):
        optim.optimizer_named(name, **hyperparameters)


def test_what_is_not_an_optimizer_is_refused():
    with pytest.raises(TypeError, match="optimizer must be a name, an Optimizer or an Optax transformation; got int"):
        optim.as_optimizer(3)
    with pytest.raises(TypeError, match="learning_rate goes with an optimizer's name"):
        optim.as_optimizer(optax.sgd(0.1), learning_rate=0.1)
