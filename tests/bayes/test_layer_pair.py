import jax
import numpy as np
import pytest

from shinso import nn, objectives
from shinso.bayes import laplace
from shinso.bayes._layer_pair import LayerPair
from shinso.curvature import LayerJacobian


@pytest.mark.parametrize(("one", "other"), [((3, 4), (5, 2)), ((9, 2), (3, 4)), ((9, 2), (9, 2)), ((3, 4), (3, 4))])
def test_sum_of_products(one, other):
    """More rows than pairs of columns or fewer; two layers, or one with itself."""
    rng = np.random.default_rng(0)
    same = one == other
    first = LayerJacobian(("one",), np.zeros((1, 1, one[0])), np.zeros((1, 2, 1, one[1])))
    second = first if same else LayerJacobian(("two",), np.zeros((1, 1, other[0])), np.zeros((1, 2, 1, other[1])))
    pair, rows = LayerPair(first, second), []
    for _ in range(2):
        a, g = rng.normal(size=(7, one[0])), rng.normal(size=(7, 2, one[1]))
        b, h = (a, g) if same else (rng.normal(size=(7, other[0])), rng.normal(size=(7, 2, other[1])))
        pair.add(a, g, b, h)
        whole = [(a, g)] if same else [(a, g), (b, h)]
        products = [np.einsum("na,ncg->ncag", part, roots).reshape(14, -1) for part, roots in whole]
        rows.append(np.concatenate(products, axis=1))
    size = np.prod(one)
    places = {"one": slice(0, size), "two": slice(size, size + np.prod(other))}
    expected = sum(part.T @ part for part in rows)
    matrix = expected.copy()
    matrix[places["one"], places["one" if same else "two"]] = np.nan
    pair.write(matrix, places)
    np.testing.assert_allclose(matrix, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
@pytest.mark.parametrize("subset", ["all", "last_layer"])
def test_many_outputs_are_predicted_by_the_inverse_few_without(subset):
    rng = np.random.default_rng(0)
    model = nn.mlp(3, 4, (5,), activation="tanh", key=jax.random.key(0))
    inputs, objective = rng.normal(size=(40, 3)), objectives.Objective(objectives.Categorical(), [objectives.L2(0.1)])
    posterior = laplace(model, (inputs, np.arange(40) % 4), objective, subset=subset)
    _, many = posterior.output_moments(inputs)
    assert "inverse" in vars(posterior.covariance)
    del vars(posterior.covariance)["inverse"]
    few = [posterior.output_moments(inputs[start : start + 4])[1] for start in range(0, 40, 4)]
    assert "inverse" not in vars(posterior.covariance)
    np.testing.assert_allclose(many, np.concatenate(few), rtol=1e-8, atol=1e-10)
