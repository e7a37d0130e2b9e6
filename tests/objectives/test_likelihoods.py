"""One battery for every likelihood: a new one is a new row of `CASES`."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from sklearn.metrics import d2_pinball_score, log_loss, mean_pinball_loss, mean_poisson_deviance, mean_squared_error

from shinso import objectives

N, K = 6, 4
ARRAYS = np.random.default_rng(0)
OUTPUTS = ARRAYS.normal(size=(N, K))
OUTPUTS[0] = 0.0  # where a careless second derivative of |a| or max(a, 0) goes wrong
REAL = ARRAYS.normal(size=(N, K))
BITS = ARRAYS.integers(0, 2, size=(N, K)).astype(float)
BITS[1] = (OUTPUTS[1] > 0).astype(float)
LABELS = np.array([0, 3, 1, 2, 2, 0])
ONE_HOT = np.eye(K)[LABELS]
COUNTS = ARRAYS.poisson(2.0, size=(N, K)).astype(float)
COUNTS[0, 0] = 0.0
DIRECTION = ARRAYS.normal(size=(N, K))

sigmoid = scipy.special.expit
softmax = scipy.special.softmax


def slope(a):
    return sigmoid(a) * (1 - sigmoid(a))


def bits_log_pmf(a):
    return scipy.stats.bernoulli.logpmf(BITS, sigmoid(a)).sum(1)


def class_log_pmf(a):
    return np.log(softmax(a, axis=1)[np.arange(N), LABELS])


def one_hot_log_pmf(a):
    return scipy.stats.bernoulli.logpmf(ONE_HOT, sigmoid(a)).sum(1)


def binary_log_pmf(p):
    return scipy.stats.bernoulli.logpmf(BITS, p).sum(1)


def all_bits_right(p):
    return ((p > 0.5) == BITS).all(1)


ALPHA, DELTA, SCALE, LEVEL = 0.4, 1.2, 0.8, 0.3
HUBER_Z = 2 * sum(
    scipy.integrate.quad(lambda u: np.exp(-scipy.special.huber(DELTA, u)), *piece)[0]
    for piece in ((0, DELTA), (DELTA, np.inf))
)
KAPPA = (LEVEL / (1 - LEVEL)) ** 0.5
PROBIT = scipy.stats.norm


def negative_binomial(mu):
    return scipy.stats.nbinom(1 / ALPHA, 1 / (1 + ALPHA * mu))


def huber(a):
    return scipy.special.huber(DELTA, (REAL - a) / SCALE)


def asymmetric_laplace(a):
    return scipy.stats.laplace_asymmetric(KAPPA, a, KAPPA * SCALE / LEVEL)


def softplus(a):
    return np.log1p(np.exp(a))


def cuts(a):
    """θ_k − f, one cut after the other."""
    z = [a[:, 1] - a[:, 0]]
    for k in range(2, a.shape[1]):
        z.append(z[-1] + softplus(a[:, k]))
    return np.stack(z, axis=1)


def ordinal_probabilities(a):
    edges = np.pad(sigmoid(cuts(a)), ((0, 0), (1, 1)))
    edges[:, -1] = 1
    return np.diff(edges, axis=1)


def ordinal_gradient(a):
    z, p, gradient = cuts(a), ordinal_probabilities(a), np.zeros_like(a)
    for n, y in enumerate(LABELS):
        for cut, sign in ((y, -1), (y - 1, 1)):  # p_y = σ(z_y) − σ(z_(y−1))
            if 0 <= cut < z.shape[1]:
                by_z = sign * slope(z[n, cut]) / p[n, y]
                gradient[n, :2] += by_z * np.array([-1, 1])
                gradient[n, 2 : 2 + cut] += by_z * sigmoid(a[n, 2 : 2 + cut])
    return gradient


class Case(NamedTuple):
    """The same formulas, written in NumPy or taken from SciPy."""

    name: str
    targets: np.ndarray
    loss: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    log_likelihood: Callable[[np.ndarray], np.ndarray]
    mean: Callable[[np.ndarray], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray]
    predict: Callable[[np.ndarray], np.ndarray]
    arguments: dict[str, Any] = {}  # noqa: RUF012
    largest: float = 1e30  # outputs up to which loss and gradient are finite in float32
    smooth: bool = True  # whether the Fisher information is the mean second derivative

    @property
    def id(self) -> str:
        return self.arguments.get("link", self.name)

    @property
    def likelihood(self) -> objectives.Likelihood:
        return objectives.likelihood(self.name, **self.arguments)


CASES = [
    Case(
        "gaussian",
        REAL,
        loss=lambda a: 0.5 * 2.5 * ((REAL - a) ** 2).sum(1),
        gradient=lambda a: 2.5 * (a - REAL),
        log_likelihood=lambda a: scipy.stats.norm.logpdf(REAL, a, 2.5**-0.5).sum(1),
        mean=lambda a: a,
        score=lambda a: ((REAL - a) ** 2).mean(1),
        predict=lambda a: a,
        arguments={"precision": 2.5},
        largest=1e18,
    ),
    Case(
        "bernoulli",
        BITS,
        loss=lambda a: -(BITS * np.log(sigmoid(a)) + (1 - BITS) * np.log(1 - sigmoid(a))).sum(1),
        gradient=lambda a: sigmoid(a) - BITS,
        log_likelihood=bits_log_pmf,
        mean=sigmoid,
        score=lambda a: ((sigmoid(a) > 0.5) == BITS).all(1),
        predict=lambda a: sigmoid(a) > 0.5,
    ),
    Case(
        "categorical",
        LABELS,
        loss=lambda a: -class_log_pmf(a),
        gradient=lambda a: softmax(a, axis=1) - ONE_HOT,
        log_likelihood=class_log_pmf,
        mean=lambda a: softmax(a, axis=1),
        score=lambda a: a.argmax(1) == LABELS,
        predict=lambda a: a.argmax(1),
    ),
    Case(
        "ordinal",
        LABELS,
        loss=lambda a: -np.log(ordinal_probabilities(a)[np.arange(N), LABELS]),
        gradient=ordinal_gradient,
        log_likelihood=lambda a: np.log(ordinal_probabilities(a)[np.arange(N), LABELS]),
        mean=ordinal_probabilities,
        score=lambda a: ordinal_probabilities(a).argmax(1) == LABELS,
        predict=lambda a: ordinal_probabilities(a).argmax(1),
    ),
    Case(
        "poisson",
        COUNTS,
        loss=lambda a: (np.exp(a) - COUNTS * a).sum(1),
        gradient=lambda a: np.exp(a) - COUNTS,
        log_likelihood=lambda a: scipy.stats.poisson.logpmf(COUNTS, np.exp(a)).sum(1),
        mean=np.exp,
        score=lambda a: [mean_poisson_deviance(y, mu) for y, mu in zip(COUNTS, np.exp(a), strict=True)],
        predict=np.exp,
        largest=80.0,
    ),
    Case(
        "negative_binomial",
        COUNTS,
        loss=lambda a: ((COUNTS + 1 / ALPHA) * np.log1p(ALPHA * np.exp(a)) - COUNTS * a).sum(1),
        gradient=lambda a: (np.exp(a) - COUNTS) / (1 + ALPHA * np.exp(a)),
        log_likelihood=lambda a: negative_binomial(np.exp(a)).logpmf(COUNTS).sum(1),
        mean=np.exp,
        score=lambda a: (
            2
            * (
                negative_binomial(np.maximum(COUNTS, 1e-300)).logpmf(COUNTS)
                - negative_binomial(np.exp(a)).logpmf(COUNTS)
            ).mean(1)
        ),
        predict=np.exp,
        arguments={"dispersion": ALPHA},
    ),
    Case(
        "huber",
        REAL,
        loss=lambda a: huber(a).sum(1),
        gradient=lambda a: -np.clip((REAL - a) / SCALE, -DELTA, DELTA) / SCALE,
        log_likelihood=lambda a: -(huber(a) + np.log(SCALE * HUBER_Z)).sum(1),
        mean=lambda a: a,
        score=lambda a: np.abs(REAL - a).mean(1),
        predict=lambda a: a,
        arguments={"threshold": DELTA, "scale": SCALE},
    ),
    Case(
        "quantile",
        REAL,
        loss=lambda a: np.maximum(LEVEL * (REAL - a), (LEVEL - 1) * (REAL - a)).sum(1) / SCALE,
        gradient=lambda a: np.where(a < REAL, -LEVEL, 1 - LEVEL) / SCALE,
        log_likelihood=lambda a: asymmetric_laplace(a).logpdf(REAL).sum(1),
        mean=lambda a: asymmetric_laplace(a).mean(),
        score=lambda a: [mean_pinball_loss(y, q, alpha=LEVEL) for y, q in zip(REAL, a, strict=True)],
        predict=lambda a: a,
        arguments={"level": LEVEL, "scale": SCALE},
        smooth=False,
    ),
    Case(
        "bernoulli",
        BITS,
        loss=lambda a: -(BITS * PROBIT.logcdf(a) + (1 - BITS) * PROBIT.logsf(a)).sum(1),
        gradient=lambda a: PROBIT.pdf(a) * ((1 - BITS) / PROBIT.sf(a) - BITS / PROBIT.cdf(a)),
        log_likelihood=lambda a: binary_log_pmf(PROBIT.cdf(a)),
        mean=PROBIT.cdf,
        score=lambda a: all_bits_right(PROBIT.cdf(a)),
        predict=lambda a: a > 0,
        arguments={"link": "probit"},
        largest=80.0,
    ),
    Case(
        "bernoulli",
        BITS,
        loss=lambda a: ((1 - BITS) * np.exp(a) - BITS * np.log(1 - np.exp(-np.exp(a)))).sum(1),
        gradient=lambda a: np.exp(a) * (1 - BITS / (1 - np.exp(-np.exp(a)))),
        log_likelihood=lambda a: binary_log_pmf(1 - np.exp(-np.exp(a))),
        mean=lambda a: 1 - np.exp(-np.exp(a)),
        score=lambda a: all_bits_right(1 - np.exp(-np.exp(a))),
        predict=lambda a: np.exp(a) > np.log(2),
        arguments={"link": "complementary_log_log"},
        largest=80.0,
    ),
    Case(
        "poisson",
        COUNTS,
        loss=lambda a: (softplus(a) - COUNTS * np.log(softplus(a))).sum(1),
        gradient=lambda a: sigmoid(a) * (1 - COUNTS / softplus(a)),
        log_likelihood=lambda a: scipy.stats.poisson.logpmf(COUNTS, softplus(a)).sum(1),
        mean=softplus,
        score=lambda a: [mean_poisson_deviance(y, mu) for y, mu in zip(COUNTS, softplus(a), strict=True)],
        predict=softplus,
        arguments={"link": "softplus"},
        largest=80.0,
    ),
    Case(
        "sigmoid_quadratic",
        LABELS,
        loss=lambda a: 0.5 * ((ONE_HOT - sigmoid(a)) ** 2).sum(1),
        gradient=lambda a: (sigmoid(a) - ONE_HOT) * slope(a),
        log_likelihood=lambda a: scipy.stats.norm.logpdf(ONE_HOT, sigmoid(a)).sum(1),
        mean=sigmoid,
        score=lambda a: a.argmax(1) == LABELS,
        predict=lambda a: a.argmax(1),
    ),
    Case(
        "sigmoid_cross_entropy",
        LABELS,
        loss=lambda a: -one_hot_log_pmf(a),
        gradient=lambda a: sigmoid(a) - ONE_HOT,
        log_likelihood=one_hot_log_pmf,
        mean=sigmoid,
        score=lambda a: a.argmax(1) == LABELS,
        predict=lambda a: a.argmax(1),
    ),
]
COLUMN_TARGETS = (
    "gaussian", "bernoulli", "poisson", "negative_binomial", "huber", "quantile", "sigmoid_quadratic",
    "sigmoid_cross_entropy",
)  # fmt: skip
BY_ID = {case.id: case for case in CASES}
each_case = pytest.mark.parametrize("case", CASES, ids=BY_ID)


@pytest.fixture
def x64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def everything(likelihood: objectives.Likelihood, outputs: jax.Array, targets: jax.Array) -> dict[str, jax.Array]:
    """All that is deterministic, with the derivatives that JAX finds, in one program."""

    def loss(a):
        return likelihood.loss(a, targets)

    def one_loss(a, y):
        return likelihood.loss(a[None], y[None])[0]

    def constant(a):
        return jnp.sum(likelihood.log_likelihood(a, targets) + loss(a))

    methods = ("loss", "log_likelihood", "score", "output_hessian")
    return {method: getattr(likelihood, method)(outputs, targets) for method in methods} | {
        "output_fisher": likelihood.output_fisher(outputs),
        "fisher_root": likelihood.fisher_root(outputs),
        "mean": likelihood.mean(outputs),
        "predict": likelihood.predict(outputs),
        "gradient": jax.grad(lambda a: loss(a).sum())(outputs),
        "tangent": jax.jvp(loss, (outputs,), (jnp.asarray(DIRECTION[:, : outputs.shape[1]], outputs.dtype),))[1],
        "second derivative": jax.vmap(jax.hessian(one_loss))(outputs, targets),
        "gradient of the constant": jax.grad(constant)(outputs),
    }


@functools.cache
def found(name: str) -> dict[str, np.ndarray]:
    """`everything` of a case in float64, compiled once for all tests."""
    with jax.enable_x64(True):
        arrays = jnp.asarray(OUTPUTS), jnp.asarray(BY_ID[name].targets)
        return {key: np.asarray(value) for key, value in jax.jit(everything)(BY_ID[name].likelihood, *arrays).items()}


def test_table_covers_every_likelihood():
    assert {case.name for case in CASES} == set(objectives.LIKELIHOODS)
    assert len(BY_ID) == len(CASES)


@each_case
@pytest.mark.parametrize("method", ["loss", "log_likelihood", "score", "mean", "predict", "gradient"])
def test_value_matches_reference(case: Case, method: str):
    expected = np.asarray(getattr(case, method)(OUTPUTS), float)
    np.testing.assert_allclose(found(case.id)[method], expected, rtol=1e-12, atol=1e-13)


@each_case
def test_forward_derivative_matches_reference(case: Case):
    expected = (case.gradient(OUTPUTS) * DIRECTION).sum(1)
    np.testing.assert_allclose(found(case.id)["tangent"], expected, rtol=1e-11, atol=1e-13)


@each_case
def test_log_likelihood_differs_from_loss_by_a_constant(case: Case):
    np.testing.assert_allclose(found(case.id)["gradient of the constant"], 0, atol=1e-14)


@each_case
def test_output_hessian_is_the_second_derivative_of_the_loss(case: Case):
    hessian = found(case.id)["output_hessian"]
    np.testing.assert_allclose(hessian, found(case.id)["second derivative"], rtol=1e-11, atol=1e-14)
    for k in range(K):
        shift = 1e-5 * np.eye(K)[k]
        column = (case.gradient(OUTPUTS + shift) - case.gradient(OUTPUTS - shift)) / 2e-5
        np.testing.assert_allclose(hessian[:, :, k], column, rtol=1e-8, atol=1e-9)


@each_case
def test_samples_have_the_mean_and_satisfy_the_information_identity(case: Case):
    """Under the likelihood itself E[y] is the mean, and E[δδᵀ] the Fisher information, which is E[∂²loss]."""
    count, likelihood = 40_000, case.likelihood

    @jax.jit
    def moments(key):
        outputs = jnp.broadcast_to(jnp.asarray(OUTPUTS[3], jnp.float32), (count, K))
        samples = likelihood.sample(outputs, key)
        gradients = jax.grad(lambda a: likelihood.loss(a, samples).sum())(outputs)
        return samples, gradients.T @ gradients / count, likelihood.output_hessian(outputs, samples).mean(0)

    samples, information, curvature = moments(jax.random.key(0))
    fisher = found(case.id)["output_fisher"][3]
    values = np.eye(K)[samples] if samples.ndim == 1 else np.asarray(samples)
    error = values.std(0) / count**0.5
    assert (np.abs(values.mean(0) - case.mean(OUTPUTS[3:4])[0]) < 5 * error).all()
    np.testing.assert_allclose(information, fisher, atol=0.04 * np.abs(fisher).max())
    if case.smooth:
        np.testing.assert_allclose(curvature, fisher, atol=0.04 * np.abs(fisher).max())
    if isinstance(likelihood, objectives.Predictive):
        variances = likelihood.variance(jnp.asarray(OUTPUTS[3], jnp.float32))
        np.testing.assert_allclose(values.var(0), variances, rtol=0.08)


@each_case
def test_what_a_likelihood_says_of_its_curvature(case: Case):
    """Convex: no Hessian is negative, and roots square to it. Canonical: the gradient is mean − y, up to a factor."""
    here, likelihood = found(case.id), case.likelihood
    roots = here["fisher_root"]
    np.testing.assert_allclose(np.einsum("nck,ncl->nkl", roots, roots), here["output_fisher"], atol=1e-12)
    if likelihood.convex:
        assert np.linalg.eigvalsh(here["output_hessian"]).min() > -1e-15
        outputs, targets = jnp.asarray(OUTPUTS, jnp.float32), jnp.asarray(case.targets)
        roots = np.asarray(likelihood.hessian_root(outputs, targets), float)
        np.testing.assert_allclose(np.einsum("nck,ncl->nkl", roots, roots), here["output_hessian"], atol=1e-5)
    else:
        assert case.name in ("sigmoid_quadratic", "quantile", "ordinal")
    rows = np.eye(K)[case.targets] if case.targets.ndim == 1 else case.targets
    ratios = here["gradient"] / (case.mean(OUTPUTS) - rows)
    assert likelihood.canonical == np.allclose(ratios, ratios[0, 0])
    assert likelihood.identity_link == np.allclose(case.mean(OUTPUTS), OUTPUTS)


@each_case
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_real_type_is_kept(case: Case, dtype: str, x64):
    outputs, targets = jax.ShapeDtypeStruct((N, K), dtype), jnp.asarray(case.targets)
    types = {key: str(v.dtype) for key, v in jax.eval_shape(everything, case.likelihood, outputs, targets).items()}
    sample = str(jax.eval_shape(case.likelihood.sample, outputs, jax.random.key(0)).dtype)
    assert {types.pop("predict"), sample} <= {dtype, "int32"}
    assert set(types.values()) == {dtype}


@each_case
def test_works_in_float32_under_vmap(case: Case):
    order = np.array([3, 0, 5, 1, 2, 4])
    outputs, targets = (np.stack([array, array[order]]) for array in (OUTPUTS.astype(np.float32), case.targets))
    together = jax.jit(jax.vmap(functools.partial(everything, case.likelihood)))(outputs, targets)
    for key in set(together) - {"tangent"}:
        np.testing.assert_allclose(together[key][0], found(case.id)[key], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(together[key][1], found(case.id)[key][order], rtol=1e-5, atol=1e-5)
    keys = jax.random.split(jax.random.key(0), 2)
    assert jax.eval_shape(jax.vmap(case.likelihood.sample), outputs, keys).shape[:2] == (2, N)


@each_case
def test_huge_outputs_give_finite_losses_and_gradients(case: Case):
    """Up to where the loss itself is beyond float32."""
    signs = np.where(np.random.default_rng(1).random((N, K)) > 0.5, 1.0, -1.0)
    targets = jnp.asarray(case.targets)
    at = jax.jit(jax.vmap(jax.value_and_grad(lambda a: case.likelihood.loss(a, targets).sum())))
    sizes = np.minimum([80.0, 1e2, 1e4, 1e18, 1e30], case.largest)
    values, gradients = at(jnp.asarray(sizes[:, None, None] * signs, jnp.float32))
    assert jnp.isfinite(values).all()
    assert jnp.isfinite(gradients).all()


@pytest.mark.parametrize("name", ["bernoulli", "categorical", "sigmoid_cross_entropy", "sigmoid_quadratic"])
def test_certain_and_right_costs_zero(name: str):
    """0 ln 0 = 0: probability exactly 1 for the target costs nothing and has no gradient."""
    outputs, targets = np.float32(1e6) * (2 * ONE_HOT - 1), ONE_HOT if name == "bernoulli" else LABELS
    at = jax.jit(jax.value_and_grad(lambda a: objectives.likelihood(name).loss(a, jnp.asarray(targets)).sum()))
    loss, gradient = at(jnp.asarray(outputs, jnp.float32))
    assert loss == 0
    assert (gradient == 0).all()


def test_rare_zero_rates_and_counts():
    poisson = objectives.Poisson()
    outputs, zeros = jnp.full((1, 2), -1e6), jnp.zeros((1, 2))
    assert poisson.loss(outputs, zeros)[0] == 0
    assert poisson.score(outputs, zeros)[0] == 0
    assert abs(float(poisson.log_likelihood(outputs, zeros)[0])) < 1e-5


def test_cross_entropy_keeps_the_tails(x64):
    logits = jnp.array([[50.0], [300.0], [-40.0]])
    loss = objectives.Bernoulli().loss(logits, jnp.array([1, 1, 0]))
    np.testing.assert_allclose(loss, np.exp([-50.0, -300.0, -40.0]), rtol=1e-12)


def test_soft_targets_reach_the_bernoulli(x64):
    logits, targets = jnp.asarray(OUTPUTS), jnp.asarray(ARRAYS.random((N, K)))
    bernoulli = objectives.Bernoulli()
    p = sigmoid(OUTPUTS)
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
    np.testing.assert_allclose(bernoulli.loss(logits, targets), expected.sum(1), rtol=1e-12)
    slope_in_targets = jax.grad(lambda y: bernoulli.loss(logits, y).sum())(targets)
    np.testing.assert_allclose(slope_in_targets, -OUTPUTS, rtol=1e-12)


@pytest.mark.parametrize("name", COLUMN_TARGETS)
def test_one_output_takes_a_flat_column(name: str):
    outputs, flat = OUTPUTS[:, :1].astype(np.float32), np.array([0, 1, 1, 0, 1, 0])
    against_flat = jax.jit(everything)(objectives.likelihood(name), outputs, flat)
    against_column = jax.jit(everything)(objectives.likelihood(name), outputs, flat[:, None].astype(np.float32))
    for key, value in against_column.items():
        np.testing.assert_allclose(against_flat[key], value, rtol=1e-6, atol=1e-7)
        assert value.shape[0] == N


@pytest.mark.parametrize("name", ["bernoulli", "sigmoid_quadratic", "sigmoid_cross_entropy"])
def test_one_output_is_binary_classification(name: str):
    likelihood, outputs = objectives.likelihood(name), jnp.array([[-1.0], [2.0], [0.0]])
    np.testing.assert_array_equal(likelihood.predict(outputs), [0, 1, 0])
    np.testing.assert_array_equal(likelihood.score(outputs, jnp.array([0, 0, 0])), [1, 0, 1])


@pytest.mark.parametrize("name", ["sigmoid_quadratic", "sigmoid_cross_entropy"])
def test_book_costs_take_indices_and_one_hot_rows_alike(name: str):
    by_row = jax.jit(everything)(objectives.likelihood(name), OUTPUTS.astype(np.float32), ONE_HOT)
    for key in by_row:
        np.testing.assert_allclose(by_row[key], found(name)[key], rtol=1e-5, atol=1e-5)


@each_case
def test_wrong_shapes_are_named(case: Case):
    outputs = jnp.asarray(OUTPUTS, jnp.float32)
    for targets in (jnp.asarray(case.targets)[:-1], jnp.zeros((N, K + 1), jnp.int32)):
        with pytest.raises(ValueError, match=r"targets must .*shape.*got"):
            jax.eval_shape(case.likelihood.loss, outputs, targets)


@pytest.mark.parametrize("name", ["categorical", "sigmoid_quadratic", "sigmoid_cross_entropy"])
def test_class_indices_must_be_integers(name: str):
    with pytest.raises(TypeError, match="targets must be class indices of an integer type; got float32"):
        objectives.likelihood(name).loss(jnp.zeros((N, K)), jnp.zeros(N))


def test_losses_agree_with_scikit_learn(x64):
    outputs = jnp.asarray(OUTPUTS)
    categorical = objectives.Categorical().loss(outputs, jnp.asarray(LABELS)).mean()
    assert float(categorical) == pytest.approx(log_loss(LABELS, softmax(OUTPUTS, axis=1)), rel=1e-12)
    binary = objectives.Bernoulli().loss(outputs[:, 1:2], jnp.asarray(BITS[:, 1])).mean()
    assert float(binary) == pytest.approx(log_loss(BITS[:, 1], sigmoid(OUTPUTS[:, 1])), rel=1e-12)
    deviance = objectives.Poisson().score(outputs[:, :1], jnp.asarray(COUNTS[:, 0])).mean()
    assert float(deviance) == pytest.approx(mean_poisson_deviance(COUNTS[:, 0], np.exp(OUTPUTS[:, 0])), rel=1e-12)
    squared = objectives.Gaussian().score(outputs, jnp.asarray(REAL)).mean()
    assert float(squared) == pytest.approx(mean_squared_error(REAL, OUTPUTS), rel=1e-12)


@each_case
def test_score_direction_is_declared(case: Case):
    assert case.likelihood.score_name.endswith(("accuracy", "error", "loss", "deviance"))
    assert case.likelihood.higher_is_better == (case.likelihood.score_name == "accuracy")


def test_a_new_precision_compiles_nothing():
    traces = []

    @eqx.filter_jit
    def loss(likelihood, outputs, targets):
        traces.append(1)
        return likelihood.loss(outputs, targets).sum()

    arrays = jnp.asarray(OUTPUTS, jnp.float32), jnp.asarray(REAL, jnp.float32)
    one, two = (loss(objectives.Gaussian(precision), *arrays) for precision in (1, np.float64(2.0)))
    assert float(two) == pytest.approx(2 * float(one), rel=1e-6)
    assert len(traces) == 1


def test_precision_may_be_differentiated():
    """At the maximum-likelihood precision NK/Σ‖y − a‖² the derivative of the log-likelihood vanishes."""
    outputs, targets = jnp.asarray(OUTPUTS, jnp.float32), jnp.asarray(REAL, jnp.float32)
    best = N * K / float(((REAL - OUTPUTS) ** 2).sum())
    slope_in_precision = jax.grad(lambda b: objectives.Gaussian(b).log_likelihood(outputs, targets).sum())(best)
    assert abs(float(slope_in_precision)) < 1e-4


@pytest.mark.parametrize("precision", [0, -1.0, float("nan"), float("inf")])
def test_precision_out_of_range(precision: float):
    with pytest.raises(ValueError, match="precision must be a finite number > 0; got"):
        objectives.Gaussian(precision)


@pytest.mark.parametrize("precision", ["1", None, True, np.ones(2)])
def test_precision_of_a_wrong_type(precision: Any):
    with pytest.raises(TypeError, match="precision must be"):
        objectives.Gaussian(precision)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("negative_binomial", {"dispersion": 0.0}, "dispersion must be a finite number > 0; got 0.0"),
        ("quantile", {"level": 1.0}, "level must be a finite number > 0 and < 1; got 1.0"),
        ("quantile", {"scale": 0.0}, "scale must be a finite number > 0; got 0.0"),
        ("huber", {"threshold": -1.0}, "threshold must be a finite number > 0; got -1.0"),
        ("huber", {"scale": 0.0}, "scale must be a finite number > 0; got 0.0"),
        ("bernoulli", {"link": "probt"}, "link of bernoulli must be one of .*Did you mean 'probit'"),
        ("gaussian", {"link": "probit"}, "link of gaussian must be one of"),
    ],
)
def test_numbers_and_links_out_of_range(name: str, arguments: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        objectives.likelihood(name, **arguments)


def test_limits_are_the_likelihoods_they_should_be(x64):
    a, counts, real = jnp.asarray(OUTPUTS), jnp.asarray(COUNTS), jnp.asarray(REAL)
    nearly = objectives.NegativeBinomial(1e-9).loss(a, counts)
    np.testing.assert_allclose(nearly, objectives.Poisson().loss(a, counts), rtol=1e-7)
    wide = objectives.Huber(1e3, 0.5)
    np.testing.assert_allclose(
        wide.log_likelihood(a, real), objectives.Gaussian(4.0).log_likelihood(a, real), rtol=1e-12
    )


def test_a_link_of_ones_own(x64):
    """A function from outputs to means is as good as its name, and the family's own link changes nothing."""
    a = jnp.asarray(OUTPUTS)
    for name, targets, inverse, same in (
        ("bernoulli", BITS, jax.scipy.special.ndtr, objectives.likelihood("bernoulli", link="probit")),
        ("poisson", COUNTS, jax.nn.softplus, objectives.likelihood("poisson", link="softplus")),
        ("negative_binomial", COUNTS, jnp.exp, objectives.NegativeBinomial()),
    ):
        own = objectives.GeneralizedLinear(objectives.likelihood(name), inverse)
        for method in ("loss", "log_likelihood", "score", "output_hessian"):
            values = (getattr(one, method)(a, jnp.asarray(targets)) for one in (own, same))
            np.testing.assert_allclose(*values, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(own.output_fisher(a), same.output_fisher(a), rtol=1e-9, atol=1e-12)
        assert not own.convex
        with pytest.raises(ValueError, match="inverse_link must be a name to be written down"):
            _ = own.recipe
        with pytest.raises(TypeError, match="likelihood must be one with a link"):
            own.link(a)
    with pytest.raises(TypeError, match="family must be a likelihood with independent outputs"):
        objectives.GeneralizedLinear(objectives.Categorical(), jnp.exp)
    with pytest.raises(TypeError, match="inverse_link must be a function"):
        objectives.GeneralizedLinear(objectives.Bernoulli(), 3)


@pytest.mark.parametrize("weighted", [False, True])
def test_share_of_the_pinball_loss_agrees_with_scikit_learn(weighted):
    rng = np.random.default_rng(2)
    y, answers = rng.normal(size=(41, 2)), rng.normal(size=(41, 2))
    times = rng.integers(1, 4, size=41) if weighted else np.ones(41, int)
    score = objectives.Quantile(0.25).evaluation_score
    repeated = (np.repeat(array, times, axis=0) for array in (y, answers))
    expected = d2_pinball_score(*repeated, alpha=0.25)
    assert score.name == "d2_pinball"
    assert score.of(y, answers, times[None])[0] == pytest.approx(expected, rel=2e-3)  # its baseline is interpolated
    best = min(mean_pinball_loss(y[:, 0], np.full(41, c), alpha=0.25, sample_weight=times) for c in y[:, 0])
    alone = score.of(y[:, :1], answers[:, :1], times[None])[0]
    mine = mean_pinball_loss(y[:, 0], answers[:, 0], alpha=0.25, sample_weight=times)
    assert alone == pytest.approx(1 - mine / best, rel=1e-12)
