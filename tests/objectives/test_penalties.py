import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import objectives
from shinso.objectives import L1, L2

RNG = np.random.default_rng(0)
ARRAYS = {
    "layers.0.weight": RNG.normal(size=(3, 2)),
    "layers.0.bias": RNG.normal(size=2),
    "layers.1.weight": RNG.normal(size=(5, 5, 1, 2)),
    "layers.1.bias": RNG.normal(size=(2, 1, 1)),
    "scale": RNG.normal(size=4),
}
WEIGHTS = ("layers.0.weight", "layers.1.weight")
ONE = jnp.ones(())


class Layer(eqx.Module):
    weight: jax.Array
    bias: jax.Array


class Model(eqx.Module):
    layers: list[Layer]
    scale: jax.Array
    steps: jax.Array
    name: str = eqx.field(static=True, default="model")


def model(dtype: str = "float32") -> Model:
    a = {path: jnp.asarray(array, dtype) for path, array in ARRAYS.items()}
    layers = [Layer(a[f"layers.{i}.weight"], a[f"layers.{i}.bias"]) for i in range(2)]
    return Model(layers, a["scale"], jnp.arange(6).reshape(2, 3))


def never(path, leaf) -> bool:
    return False


def l2(paths) -> float:
    return 0.5 * sum((ARRAYS[path] ** 2).sum() for path in paths)


def l1(paths) -> float:
    return sum(np.abs(ARRAYS[path]).sum() for path in paths)


@pytest.mark.parametrize(("penalty", "reference"), [(L2, l2), (L1, l1)])
@pytest.mark.parametrize(
    ("where", "paths"),
    [
        (objectives.weights, WEIGHTS),
        ("layers.0.weight", ["layers.0.weight"]),
        ("layers.0.*", ["layers.0.weight", "layers.0.bias"]),
        ("*.bias", ["layers.0.bias", "layers.1.bias"]),
        ("*", list(ARRAYS)),
        (["layers.[1-9].weight", "scale"], ["layers.1.weight", "scale"]),
        (lambda path, leaf: leaf.ndim == 1, ["layers.0.bias", "scale"]),
    ],
)
def test_value_on_the_chosen_parameters(penalty, reference, where, paths):
    with jax.enable_x64(True):
        one = penalty(0.3, where=where)
        assert set(one.touched(model("float64"))) == set(paths)
        assert float(one(model("float64"), ONE)) == pytest.approx(0.3 * reference(paths), rel=1e-12)


@pytest.mark.parametrize(("penalty", "derivative"), [(L2, lambda w: w), (L1, np.sign)])
def test_gradient_touches_weights_and_nothing_else(penalty, derivative):
    with jax.enable_x64(True):
        gradient = eqx.filter_grad(lambda m: penalty(0.3)(m, ONE))(model("float64"))
        for path, leaf in objectives.parameter_paths(gradient).items():
            expected = 0.3 * derivative(ARRAYS[path]) if path in WEIGHTS else 0 * ARRAYS[path]
            np.testing.assert_allclose(leaf, expected, rtol=1e-12)


def test_l1_has_no_slope_at_zero():
    """sgn(0) = 0, and a negative zero is a zero."""
    weights = {"weight": jnp.array([[0.0, -0.0, 1e-30, -2.0]])}
    gradient = jax.grad(lambda w: L1(0.5)(w, ONE))(weights)["weight"]
    np.testing.assert_array_equal(gradient, [[0, 0, 0.5, -0.5]])


def test_batch_scale_divides_by_the_total_weight():
    total = jnp.asarray(8.0)
    assert float(L2(0.4, scale="batch")(model(), total)) == pytest.approx(0.4 * l2(WEIGHTS) / 8, rel=1e-6)
    assert float(L2(0.4)(model(), total)) == pytest.approx(0.4 * l2(WEIGHTS), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_real_type_is_kept(dtype: str):
    for penalty in (L1(0.1), L2(0.1, scale="batch")):
        assert jax.eval_shape(penalty, model(dtype), ONE).dtype == dtype


def test_paths_of_other_containers():
    tree = {"a": (jnp.zeros((2, 2)), jnp.zeros(2)), "bias": jnp.zeros((2, 2)), "n": 3, "f": jax.nn.relu}
    assert list(objectives.parameter_paths(tree)) == ["a.0", "a.1", "bias"]
    assert list(L2(1.0).touched(tree)) == ["a.0"]


def test_nothing_matched_lists_what_there_is():
    with pytest.raises(ValueError, match=r"where must match a parameter; got layer.\*, and there are: layers.0.weight"):
        L2(1.0, where="layer.*")(model(), ONE)
    with pytest.raises(ValueError, match=r"got never, and there are: layers.0.weight, .*scale\."):
        L1(1.0, where=never)(model(), ONE)
    with pytest.raises(ValueError, match="there are: none"):
        L2(1.0)({"n": 3}, ONE)


@pytest.mark.parametrize("penalty", [L1, L2])
@pytest.mark.parametrize("strength", [-1e-9, float("nan"), float("inf")])
def test_strength_out_of_range(penalty, strength):
    with pytest.raises(ValueError, match="strength must be a finite number ≥ 0; got"):
        penalty(strength)


@pytest.mark.parametrize("strength", ["0.1", None, True, np.ones(2), [1.0]])
def test_strength_of_a_wrong_type(strength):
    with pytest.raises(TypeError, match="strength must be"):
        L2(strength)


@pytest.mark.parametrize("where", [[], [1], 3, None])
def test_where_of_a_wrong_kind(where):
    with pytest.raises((ValueError, TypeError), match="where must be patterns"):
        L2(1.0, where=where)


def test_unknown_scale():
    with pytest.raises(ValueError, match=r"scale must be one of batch, mean; got 'batches'\. Did you mean 'batch'"):
        L2(1.0, scale="batches")


def test_a_new_strength_compiles_nothing():
    traces = []

    @eqx.filter_jit
    def value(penalty, m):
        traces.append(1)
        return penalty(m, ONE)

    values = [float(value(L2(strength), model())) for strength in (0, 1, 2.0, np.float32(3), jnp.asarray(4))]
    np.testing.assert_allclose(values, l2(WEIGHTS) * np.arange(5), rtol=1e-6)
    assert len(traces) == 1


def test_strengths_may_be_traced_and_batched():
    strengths = jnp.array([0.0, 0.5, 2.0])
    values = jax.vmap(lambda s: L2(s)(model(), ONE))(strengths)
    np.testing.assert_allclose(values, strengths * l2(WEIGHTS), rtol=1e-6)
    slope = jax.grad(lambda s: L1(s)(model(), ONE))(0.3)
    assert float(slope) == pytest.approx(l1(WEIGHTS), rel=1e-6)
    whole = jax.jit(lambda s: L2(s)(model(), ONE))(2)
    assert float(whole) == pytest.approx(2 * l2(WEIGHTS), rel=1e-6)


def test_what_a_penalty_says_of_itself():
    """Convex and a sum over numbers: the Hessian is diagonal and not negative. A prior: its precisions, and back again."""
    parameter = jnp.asarray(RNG.normal(size=(3, 2)))
    penalties = {
        "l2": (L2(0.3, "*"), 0.3, np.zeros((3, 2))),
        "ard": (objectives.ARD([1.0, 2.0, 0.5], "*", 0.1), [0.1, 0.2, 0.05], [[0, 0], [1, 1], [2, 2]]),
        "l1": (L1(0.3, "*"), None, None),
    }
    assert set(penalties) == set(objectives.PENALTIES)
    for one, precisions, groups in penalties.values():
        hessian = one.strength * jax.hessian(one.of_parameter)(parameter).reshape(6, 6)
        assert one.separable == bool(np.allclose(hessian, np.diag(np.diag(hessian))))
        assert one.convex == bool((np.diag(hessian) >= 0).all())
        if precisions is None:
            assert one.prior_precisions is None
            with pytest.raises(TypeError, match="penalty must be a Gaussian prior; got L1"):
                one.with_prior_precisions(np.ones(1))
            continue
        np.testing.assert_allclose(one.prior_precisions, precisions, rtol=1e-6)
        np.testing.assert_array_equal(one.prior_groups((3, 2)), groups)
        # −ln of the prior's density at that precision for each number has the same Hessian.
        each = np.ravel(one.prior_precisions)[np.ravel(groups).astype(int)]
        np.testing.assert_allclose(np.diag(hessian), each, rtol=1e-6)
        thrice = one.with_prior_precisions(3 * one.prior_precisions)
        np.testing.assert_allclose(thrice.prior_precisions, 3 * np.asarray(precisions), rtol=1e-6)
