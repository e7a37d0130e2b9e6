"""What entries are made of, against NumPy and closed forms."""

import math

import numpy as np
import pytest

from shinso.reproduce import ENTRIES, EXPERIMENTS, Context
from shinso.reproduce._baselines import darkness
from shinso.reproduce._code_8_3_8 import _of_codes

NOWHERE = Context(folder=None)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_a_single_neuron_learns_as_the_formulas_say():
    """(55), (56) for the quadratic cost, (61), (62) for the cross-entropy, with x = 1 and y = 0."""
    settings = {**ENTRIES["R19"].steps[0].settings, "epochs": 30}
    (result,) = EXPERIMENTS["single_neuron"](settings, [0], NOWHERE)
    for cost, slope in {"quadratic": lambda a: a * a * (1 - a), "cross-entropy": lambda a: a}.items():
        w, b, outputs = 2.0, 2.0, []
        for _ in range(30):
            step = 0.15 * slope(sigmoid(w + b))
            w, b = w - step, b - step
            outputs.append(sigmoid(w + b))
        np.testing.assert_allclose(result.curves[cost]["output"], outputs, rtol=1e-5)
    quadratic = np.square(result.curves["quadratic"]["output"]) / 2
    np.testing.assert_allclose(result.curves["quadratic"]["cost"], quadratic, rtol=1e-5)


def test_gradient_speeds_are_those_of_back_propagation(points):
    """δᴸ = σ(z) − y, δˡ = (δˡ⁺¹ Wᵀ) σ′(zˡ), averaged over the examples; then 4 steps of descent with weight decay."""
    network = {"source": str(points), "target": "answer", "network": "mlp", "hidden": [3, 4], "activation": "sigmoid"}
    network |= {"optimizer": "sgd", "learning_rate": 0.5, "schedule": "constant", "epochs": 4, "dropout": 0.0}
    network |= {"likelihood": "sigmoid_cross_entropy", "l2": 0.1, "initialization": "standard_normal"}
    settings = {"networks": {"net": network}, "every": 2}
    (result,) = EXPERIMENTS["gradient_speeds"](settings, [3], NOWHERE)
    x, y, layers = start(network, seed=3)
    found = []
    for step in range(5):
        if step % 2 == 0:
            deltas, gradients = passes(x, y, layers)
            found.append([np.linalg.norm(delta.mean(axis=0)) for delta in deltas[:-1]])
        deltas, gradients = passes(x, y, layers)
        layers = [
            (W - 0.5 * (gW + 0.1 * W), b - 0.5 * delta.mean(axis=0))
            for (W, b), gW, delta in zip(layers, gradients, deltas, strict=True)
        ]
    np.testing.assert_allclose(list(zip(*result.curves["net"].values(), strict=True)), found, rtol=2e-4)
    assert result.values == {"net: start 1": pytest.approx(found[0][0]), "net: start 2": pytest.approx(found[0][1])}


def start(network, seed):
    from shinso.experiment import arguments_of, prepare_experiment
    from shinso.settings import Settings

    data, complete = prepare_experiment(Settings.from_dict(network))
    model = arguments_of(complete.replace(seed=seed), data)["model"]
    dense = [layer for layer in model.layers if hasattr(layer, "weight")]
    x, y = data.training.inputs.astype(float), np.eye(2)[data.training.targets]
    return x, y, [(np.asarray(layer.weight, float), np.asarray(layer.bias, float)) for layer in dense]


def passes(x, y, layers):
    activations = [x]
    for W, b in layers:
        activations.append(sigmoid(activations[-1] @ W + b))
    deltas = [activations[-1] - y]
    for (W, _), a in zip(reversed(layers[1:]), reversed(activations[1:-1]), strict=True):
        deltas.insert(0, deltas[0] @ W.T * a * (1 - a))
    return deltas, [a.T @ delta / len(x) for a, delta in zip(activations, deltas, strict=False)]


def test_darkness_is_nearest_average():
    averages = np.arange(10) * 10.0
    x = np.repeat(averages, 2)[:, None] / 2 * np.ones(2)
    x[::2] += 1  # total + 2, and − 2 for its twin: the averages stay
    x[1::2] -= 1
    y = np.repeat(np.arange(10), 2)
    images = np.array([[2.0, 2.9], [45.0, 44.0], [100.0, 100.0], [17.0, 17.9]])
    np.testing.assert_array_equal(darkness(x, y, images), [0, 9, 9, 3])


def test_baselines_on_small_files(tmp_path, monkeypatch):
    from shinso.data import Dataset

    random = np.random.default_rng(0)
    y = random.integers(0, 10, size=300)
    x = random.uniform(0, 0.1, size=(300, 4, 4, 1))
    x[np.arange(300), y // 4, y % 4] += 0.9
    digits = Dataset(x, y, "classification", classes=tuple(range(10)))
    monkeypatch.setattr("shinso.reproduce._baselines.load_mnist", lambda folder: (digits, digits.take(slice(0, 100))))
    settings = {"darkness": True, "machines": {"default": [100, 200], "tuned": [200]}}
    first, second = EXPERIMENTS["baselines"](settings, [0, 1], NOWHERE)
    assert first == second
    assert set(first.values) == {
        "darkness",
        *(f"{name} images" for name in ("default machine, 100", "default machine, 200", "tuned machine, 200")),
    }
    assert first.values["default machine, 200 images"] > 90
    assert first.values["darkness"] < 40


def test_a_vote(points, tmp_path):
    """Each seed has networks of its own; a vote of three cannot be worse than all three."""
    network = {"source": str(points), "target": "answer", "network": "linear", "epochs": 3, "batch_size": 10}
    settings = {"network": network, "members": 3}
    context = Context(tmp_path, side_by_side=True)
    first, second = EXPERIMENTS["vote"](settings, [0, 1], context)
    assert first.values != second.values
    for result in (first, second):
        assert 0 <= result.values["member"] <= 100
        assert result.values["majority"] >= result.values["member"] * 2 / 3


def test_codes_are_measured():
    codes = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], float)
    assert _of_codes(codes) == {"apart": 1.0, "binary": 100.0}
    codes[7] = [1.0, 0.85, 0.4]  # nearest: 1 1 0, which is 0.427… away
    assert _of_codes(codes) == {"apart": pytest.approx(math.hypot(0.15, 0.4)), "binary": pytest.approx(100 * 22 / 24)}


@pytest.mark.slow
def test_code_8_3_8_counts():
    settings = {"epochs": 400, "learning_rate": 0.1}
    results = EXPERIMENTS["code_8_3_8"](settings, [0, 1], NOWHERE)
    assert [result.values["repeated"] for result in results] == [8, 8]
    assert all(result.values["apart"] > 0.1 for result in results)
    assert all(0 <= result.values["binary"] <= 100 for result in results)
    assert results[0].values != results[1].values


def test_newton_digits_double():
    """Near a minimum e_{k+1} = |f‴/2f″| e_k² = e_k²/2 for f = eˣ − 2x."""
    (result,) = EXPERIMENTS["newton_digits"]({"steps": 5}, [0], NOWHERE)
    digits = result.curves["newton"]["digits"]
    np.testing.assert_allclose(digits[2:4], [2 * d + math.log10(2) for d in digits[1:3]], rtol=0.02)
    assert 1.8 < result.values["growth"] < 2.3


def test_coordinate_descent_falls_at_the_predicted_rate():
    (result,) = EXPERIMENTS["coordinate_descent_rates"]({"alphas": [0.5], "sweeps": 6}, [0], NOWHERE)
    x, sizes = np.array([-3.0, 2.0]), []
    for _ in range(7):
        sizes.append(np.linalg.norm(x))
        x[0] = x[1] / 1.5
        x[1] = x[0] / 1.5
    np.testing.assert_allclose(result.curves["α = 0.5"]["size"], sizes)
    assert result.values == {"α = 0.5": pytest.approx(1.0), "α = 0.5: rate": pytest.approx(1.5**-2)}


@pytest.mark.slow
def test_the_inverse_in_one_pass():
    (result,) = EXPERIMENTS["inverse_hessian"]({"alpha": 0.1, "examples": 20}, [0], NOWHERE)
    assert 0 < result.values["error"] < 1e-8


@pytest.mark.slow
def test_ways_to_a_hessian(monkeypatch):
    """On one cost with one activation here; all of them when R36 is run."""
    monkeypatch.setattr("shinso.reproduce._hessians.LIKELIHOODS", ["poisson"])
    monkeypatch.setattr("shinso.reproduce._hessians.nn.ACTIVATIONS", ["tanh"])
    (result,) = EXPERIMENTS["hessian_ways"]({}, [0], NOWHERE)
    assert set(result.values) == {"closed form", "R-operator", "differences"}
    assert all(0 < error < 1e-6 for error in result.values.values())
