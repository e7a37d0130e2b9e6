"""Several costs on one network's outputs: against the parts by themselves, and through training."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import nn, objectives
from shinso.objectives import Bernoulli, Categorical, Gaussian, Joint, Part, Poisson

KEY = jax.random.key(0)
RANDOM = np.random.default_rng(0)
N = 6
CLASSES = np.array([0, 2, 1, 1, 0, 2])
REAL = RANDOM.normal(size=(N, 2))
BITS = np.array([0, 1, 1, 0, 1, 0])
OUTPUTS = RANDOM.normal(size=(N, 6))


def tasks():
    return Joint(
        [
            Part("kind", Categorical(), 3),
            Part("place", Gaussian(2.0), 2, weight=0.5),
            Part("early", Bernoulli(), 1, weight=0.25, columns=(3, 4)),
        ]
    )


def with_auxiliary():
    return Joint([Part("kind", Categorical(), 3), Part("early", Categorical(), 3, weight=0.3, auxiliary=True)])


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


def test_loss_is_the_weighted_sum(x64):
    joint = tasks()
    targets = jnp.asarray(joint.targets({"kind": CLASSES, "place": REAL, "early": BITS}))
    a = jnp.asarray(OUTPUTS)
    logits = OUTPUTS[:, :3]
    kind = np.log(np.exp(logits).sum(1)) - logits[np.arange(N), CLASSES]
    place = 0.5 * 2.0 * ((OUTPUTS[:, 3:5] - REAL) ** 2).sum(1)
    early = np.log1p(np.exp(OUTPUTS[:, 5])) - BITS * OUTPUTS[:, 5]
    np.testing.assert_allclose(joint.loss(a, targets), kind + 0.5 * place + 0.25 * early, rtol=1e-12)
    expected = -kind + Gaussian(2.0).log_likelihood(a[:, 3:5], jnp.asarray(REAL)) - early
    np.testing.assert_allclose(joint.log_likelihood(a, targets), expected, rtol=1e-12)
    hessian = joint.output_hessian(a, targets)
    second = jax.jit(jax.vmap(jax.hessian(lambda a, y: joint.loss(a[None], y[None])[0])))(a, targets)
    np.testing.assert_allclose(hessian, second, rtol=1e-10, atol=1e-12)
    assert hessian.dtype == jnp.float64


def test_means_scores_and_predictions_are_the_parts():
    joint, a = tasks(), jnp.asarray(OUTPUTS, jnp.float32)
    targets = jnp.asarray(joint.targets({"kind": CLASSES, "place": REAL, "early": BITS}))
    means = joint.split(joint.mean(a))
    np.testing.assert_allclose(means["kind"], jax.nn.softmax(a[:, :3]), rtol=1e-6)
    np.testing.assert_allclose(means["early"], jax.nn.sigmoid(a[:, 5:]), rtol=1e-6)
    assert (joint.score_name, joint.higher_is_better) == ("accuracy", True)
    np.testing.assert_array_equal(joint.score(a, targets), OUTPUTS[:, :3].argmax(1) == CLASSES)
    predicted = joint.predict(a)
    assert predicted.shape == (N, 4)
    np.testing.assert_array_equal(predicted[:, 0], OUTPUTS[:, :3].argmax(1))
    np.testing.assert_array_equal(predicted[:, 3], OUTPUTS[:, 5] > 0)
    assert joint.sample(a, KEY).shape == targets.shape
    assert set(np.unique(joint.sample(a, KEY)[:, 0])) <= {0.0, 1.0, 2.0}
    assert set(joint.metrics) == {
        "kind_loss", "kind_accuracy", "place_loss", "place_squared_error", "early_loss", "early_accuracy",
    }  # fmt: skip
    np.testing.assert_allclose(
        joint.metrics["place_squared_error"](a, targets), ((OUTPUTS[:, 3:5] - REAL) ** 2).mean(1), rtol=1e-5
    )


def test_an_auxiliary_part_shares_the_targets_and_answers_nothing():
    joint, a = with_auxiliary(), jnp.asarray(OUTPUTS, jnp.float32)
    expected = Categorical().loss(a[:, :3], CLASSES) + 0.3 * Categorical().loss(a[:, 3:], CLASSES)
    for targets in (CLASSES, CLASSES[:, None].astype(np.float32), joint.targets({"kind": CLASSES})):
        np.testing.assert_allclose(joint.loss(a, jnp.asarray(targets)), expected, rtol=1e-6)
    np.testing.assert_array_equal(joint.predict(a), OUTPUTS[:, :3].argmax(1))
    np.testing.assert_allclose(
        joint.log_likelihood(a, jnp.asarray(CLASSES)), Categorical().log_likelihood(a[:, :3], CLASSES), rtol=1e-6
    )


@pytest.mark.parametrize("make", [tasks, with_auxiliary])
def test_a_recipe_makes_the_same(make):
    objective = objectives.Objective(make())
    assert eqx.tree_equal(objectives.objective_from_recipe(objective.recipe), objective)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Joint([]), ValueError, "parts must begin with one that is not auxiliary"),
        (lambda: Joint([Categorical()]), TypeError, "parts must be a sequence of Part"),
        (lambda: Joint([Part("a", Gaussian(), 1), Part("a", Gaussian(), 1)]), ValueError, "different names; got a, a"),
        (lambda: Part("a", with_auxiliary(), 6), TypeError, "likelihood of a must be a Likelihood that is not joint"),
        (lambda: Part("a", Gaussian(), 2, columns=(0, 1)), ValueError, "columns of a must be 2 of them"),
        (lambda: Part("a", Gaussian(), 2, weight=-1.0), ValueError, "weight of a must be a finite number ≥ 0"),
        (lambda: tasks().loss(jnp.ones((N, 5)), jnp.ones((N, 4))), ValueError, "outputs must be 6, .*; got 5"),
        (lambda: tasks().loss(jnp.ones((N, 6)), jnp.ones((N, 3))), ValueError, r"targets must have shape \[N, 4\]"),
        (lambda: tasks().targets({"kind": CLASSES}), ValueError, "targets must be given for place, early; got kind"),
        (lambda: tasks().targets({"kin": CLASSES}), ValueError, "each name of targets must be .*Did you mean 'kind'"),
        (lambda: with_auxiliary().targets({"kind": CLASSES + 1}), ValueError, "class indices 0 … 2; got 3"),
        (lambda: with_auxiliary().targets({"kind": REAL}), ValueError, r"targets of kind must have shape \[6, 1\]"),
        (lambda: Joint([Part("a", Poisson(), 1)]).targets({"a": [-1.0]}), ValueError, "targets of a must be counts ≥ 0"),
        (lambda: Joint([Part("a", Bernoulli(), 1)]).targets({"a": [2.0]}), ValueError, "targets of a must be 0 or 1; got 2"),
        (lambda: objectives.likelihood("joint"), ValueError, "parts must be given for joint"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_multi_head_networks_and_training(tmp_path):
    """Two tasks and an auxiliary head on one trunk: each part's own loss falls, and a run keeps it all."""
    x = RANDOM.normal(size=(64, 3)).astype(np.float32)
    kind, place = (x[:, 0] > 0).astype(int), x[:, 1:2] - x[:, 2:]
    joint = Joint(
        [
            Part("kind", Categorical(), 2),
            Part("place", Gaussian(), 1),
            Part("early", Categorical(), 2, weight=0.3, auxiliary=True),
        ]
    )
    model = nn.multi_head(
        3, {"kind": 2, "place": 1}, trunk={"name": "mlp", "hidden": [8, 8]}, auxiliary={"early": (2, 2)}, key=KEY
    )
    (heads,) = model.layers
    assert heads.names == ("kind", "place", "early")
    assert heads.taps == (4, 4, 2)
    assert eqx.tree_equal(nn.model_from_recipe(model.recipe.to_dict(), KEY), model)
    assert nn.network("multi_head", (3,), {"b": 1, "a": 2}, key=KEY).layers[0].names == ("b", "a")
    targets = joint.targets({"kind": kind, "place": place})
    run = shinso.train(
        model,
        shinso.Objective(joint),
        (x, targets),
        validation=(x, targets),
        monitor=joint.metrics,
        learning_rate=0.02,
        batch_size=16,
        epochs=20,
    )
    for name in ("kind", "place", "early"):
        losses = run.history[f"validation_{name}_loss"]
        assert losses[-1] < 0.7 * losses[0]
    assert run.predict(x).shape == (64, 2)
    evaluation = run.evaluate(x, targets)
    assert evaluation.score_name == "accuracy"
    assert evaluation.score == pytest.approx((run.predict(x)[:, 0] == kind).mean())
    assert evaluation.loss == pytest.approx(run.history["validation_loss"][-1], rel=1e-3)
    again = shinso.load(run.save(tmp_path / "run"))
    np.testing.assert_array_equal(again.predict(x), run.predict(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.multi_head(3, {"a": 0}, key=KEY), "outputs of a must be a whole number, at least 1; got 0"),
        (lambda: nn.multi_head(3, {"a": 1}, auxiliary={"a": (1, 0)}, key=KEY), "different names; got a, a"),
        (lambda: nn.multi_head(3, {"a": 1}, auxiliary={"b": (1, 9)}, key=KEY), "tap of b must be at most 2, .*; got 9"),
        (
            lambda: nn.multi_head(3, {"a": 1}, trunk={"name": "mpl"}, key=KEY),
            "network must be one of .*Did you mean 'mlp'",
        ),
    ],
)
def test_multi_head_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_auxiliary_head_on_images_reads_the_means_of_maps():
    model = nn.multi_head(
        (8, 8, 1),
        {"main": 3},
        trunk={"name": "cnn", "channels": [4], "hidden": [5]},
        auxiliary=[("early", 3, 2)],
        key=KEY,
    )
    shared = model.layers[0].trunk
    x = jax.random.normal(KEY, (2, 8, 8, 1))
    maps = shared.layers[1](shared.layers[0](x))
    head = model.layers[0].heads[1].layers[-1]
    np.testing.assert_allclose(model(x)[:, 3:], head(maps.mean((1, 2))), rtol=1e-5, atol=1e-6)
