"""What the studio's explorers compute: images for a class, ways over surfaces, polynomials."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, optim, textbook
from shinso.objectives import likelihood

KEY = jax.random.key(0)
WEIGHT = np.random.default_rng(0).normal(size=(9, 4))
MODEL = nn.Sequential([nn.Flatten(), *textbook.given_network([WEIGHT], [np.zeros(4)], output="identity").layers])


def test_an_image_for_a_class_is_where_a_linear_network_wants_it() -> None:
    """Of two classes a linear network's cost has a gradient of one sign everywhere, so the nearest corner is the answer."""
    two = nn.Sequential(
        [nn.Flatten(), *textbook.given_network([WEIGHT[:, :2]], [np.zeros(2)], output="identity").layers]
    )
    image = np.full((3, 3), 0.5, np.float32)
    for reach in (0.1, 1.0):
        found = textbook.image_for_class(two, likelihood("categorical"), image, 1, reach=reach, steps=10)
        signs = np.sign(WEIGHT[:, 1] - WEIGHT[:, 0]).reshape(3, 3)
        np.testing.assert_allclose(found, np.clip(0.5 + reach * signs, 0, 1), atol=1e-6)


def test_an_image_for_a_class_lowers_its_cost_within_reach() -> None:
    image = np.random.default_rng(1).uniform(size=(3, 3)).astype(np.float32)
    cost = likelihood("categorical")
    found = np.asarray(textbook.image_for_class(MODEL, cost, image, 2, reach=0.2))
    assert np.abs(found - image).max() <= 0.2 + 1e-6
    assert found.min() >= 0
    assert found.max() <= 1
    before, after = (cost.loss(MODEL(jnp.asarray(x)[None]), jnp.array([2]))[0] for x in (image, found))
    assert after < before


@pytest.mark.parametrize("changed", [{"reach": 0.0}, {"reach": 1.5}, {"steps": 0}])
def test_numbers_out_of_range_are_refused(changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(changed))):
        textbook.image_for_class(MODEL, likelihood("categorical"), np.zeros((3, 3)), 0, **changed)


def test_momentum_goes_its_way_as_written_down() -> None:
    """v ← αv − εg, p ← p + v on ½(x² + 25y²), by NumPy."""
    surface = textbook.SURFACES["ill-conditioned"]
    way = textbook.way_over(surface, optim.optimizer_named("momentum", learning_rate=0.02, momentum=0.9), 30)
    p, v, expected = np.array(surface.start), np.zeros(2), [surface.start]
    for _ in range(30):
        v = 0.9 * v - 0.02 * p * (1, 25)
        p = p + v
        expected.append(tuple(p))
    np.testing.assert_allclose(way, expected, rtol=1e-4, atol=1e-5)


def test_surfaces_are_what_they_are_called() -> None:
    def hessian(name: str, place: tuple[float, float]) -> np.ndarray:
        return np.linalg.eigvalsh(jax.hessian(textbook.SURFACES[name].cost)(jnp.array(place)))

    eigenvalues = hessian("ill-conditioned", (0.0, 0.0))
    assert eigenvalues[1] / eigenvalues[0] == pytest.approx(25, rel=1e-5)
    assert hessian("saddle", (0.0, 0.0))[0] < 0 < hessian("saddle", (0.0, 0.0))[1]
    np.testing.assert_allclose(jax.grad(textbook.SURFACES["saddle"].cost)(jnp.array([0.0, np.sqrt(2.5)])), 0, atol=1e-5)
    cliff = textbook.SURFACES["cliff"].cost
    assert jnp.linalg.norm(jax.grad(cliff)(jnp.array([1.0, 0.0]))) > 50 * jnp.linalg.norm(
        jax.grad(cliff)(jnp.array([0.0, 0.0]))
    )


def test_a_step_that_is_not_finite_is_not_taken() -> None:
    surface = textbook.Surface(lambda p: jnp.where(p[0] > 0, jnp.log(p[0]), jnp.nan), (0.5, 0.0), (0, 1, 0, 1))
    way = np.asarray(textbook.way_over(surface, optim.optimizer_named("sgd", learning_rate=1.0), 4))
    assert np.isfinite(way).all()


@pytest.mark.parametrize("degree", [1, 3, 9])
def test_polynomials_are_numpys(degree: int) -> None:
    random = np.random.default_rng(0)
    x, at = np.linspace(-1, 3, 10), np.linspace(-1, 3, 41)
    y = 2 * x + random.normal(size=10)
    expected = np.polynomial.Polynomial.fit(x, y, degree)(at)
    np.testing.assert_allclose(textbook.polynomial_fit(x, y, degree, at), expected, atol=2e-2 * np.abs(expected).max())


def test_weight_decay_flattens_a_polynomial() -> None:
    x = np.linspace(0, 1, 10)
    y = x + 0.3 * (-1) ** np.arange(10)
    roughness = [
        np.abs(np.diff(textbook.polynomial_fit(x, y, 9, np.linspace(0, 1, 99), strength), 2)).sum()
        for strength in (0, 0.1, 100)
    ]
    assert roughness[0] > roughness[1] > roughness[2]
    np.testing.assert_allclose(textbook.polynomial_fit(x, y, 3, x, 1e9), y.mean(), atol=1e-4)
    with pytest.raises(ValueError, match="two places"):
        textbook.polynomial_fit(np.ones(3), np.ones(3), 1, np.ones(3))
