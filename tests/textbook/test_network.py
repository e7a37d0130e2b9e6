"""Nielsen's interface against the book's programs, transcribed line by line for one order of the examples."""

import io
import itertools
import json
from typing import ClassVar

import jax
import numpy as np
import pytest

from shinso import TrainingWarning, nn, textbook

SIZES = [5, 4, 3]
RNG = np.random.default_rng(0)
X = RNG.uniform(size=(23, 5))
DIGITS = RNG.integers(0, 3, size=23)
TRAINING = [(x[:, None], np.eye(3)[:, [digit]]) for x, digit in zip(X, DIGITS, strict=True)]
TEST = [(x[:, None], int(digit)) for x, digit in zip(X[:9], DIGITS[:9], strict=True)]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class Program:
    """network.py and network2.py, without the shuffling."""

    COSTS: ClassVar = {
        "quadratic": (lambda a, y: 0.5 * np.linalg.norm(a - y) ** 2, lambda a, y: (a - y) * a * (1 - a)),
        "cross_entropy": (
            lambda a, y: np.nan_to_num(np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a))),
            lambda a, y: a - y,
        ),
    }

    def __init__(self, network, cost):
        self.weights = [np.array(w, float) for w in network.weights]
        self.biases = [np.array(b, float) for b in network.biases]
        self.fn, self.delta = self.COSTS[cost]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights, strict=True):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def epoch(self, data, size, eta, lmbda):
        for batch in [data[k : k + size] for k in range(0, len(data), size)]:
            nabla_b, nabla_w = [np.zeros(b.shape) for b in self.biases], [np.zeros(w.shape) for w in self.weights]
            for x, y in batch:
                for total, one in zip((nabla_b, nabla_w), self.backprop(x, y), strict=True):
                    for index, part in enumerate(one):
                        total[index] += part
            decay, rate = 1 - eta * (lmbda / len(data)), eta / len(batch)
            self.weights = [decay * w - rate * nw for w, nw in zip(self.weights, nabla_w, strict=True)]
            self.biases = [b - rate * nb for b, nb in zip(self.biases, nabla_b, strict=True)]

    def backprop(self, x, y):
        activations = [x]
        for b, w in zip(self.biases, self.weights, strict=True):
            activations.append(sigmoid(np.dot(w, activations[-1]) + b))
        nabla_b, nabla_w = [None] * len(self.biases), [None] * len(self.weights)
        delta = self.delta(activations[-1], y)
        for layer in range(1, len(self.biases) + 1):
            if layer > 1:
                a = activations[-layer]
                delta = np.dot(self.weights[-layer + 1].T, delta) * a * (1 - a)
            nabla_b[-layer] = delta
            nabla_w[-layer] = np.dot(delta, activations[-layer - 1].T)
        return nabla_b, nabla_w

    def right(self, data):
        return sum(int(np.argmax(self.feedforward(x)) == (y if np.ndim(y) == 0 else np.argmax(y))) for x, y in data)

    def total_cost(self, data, lmbda):
        cost = 0.0
        for x, y in data:
            cost += self.fn(self.feedforward(x), np.eye(3)[:, [y]] if np.ndim(y) == 0 else y) / len(data)
        return cost + 0.5 * (lmbda / len(data)) * sum(np.linalg.norm(w) ** 2 for w in self.weights)


def same_numbers(network, program, tolerance=1e-10):
    for found, expected in zip([*network.weights, *network.biases], [*program.weights, *program.biases], strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_network_py():
    """Two epochs of mini-batches of 5, the last of 3: weights to 1e-10, and the program's lines."""
    with jax.enable_x64(True):
        network, out = textbook.Network(SIZES, seed=1), io.StringIO()
        program, lines = Program(network, "quadratic"), []
        for epoch in range(2):
            program.epoch(TRAINING, 5, 3.0, 0.0)
            lines.append(f"Epoch {epoch}: {program.right(TEST)} / 9")
        assert network.sgd(TRAINING, 2, 5, 3.0, test_data=TEST, shuffle="none", out=out) is None
        same_numbers(network, program)
        assert out.getvalue().splitlines() == lines
        assert network.evaluate(TEST) == program.right(TEST)
        np.testing.assert_allclose(network.feedforward(TRAINING[0][0]), program.feedforward(TRAINING[0][0]), rtol=1e-9)


@pytest.mark.parametrize("cost", ["cross_entropy", "quadratic"])
def test_network2_py(cost):
    """Everything monitored, λ = 5: weights to 1e-10, the four lists and the program's lines."""
    flags = dict.fromkeys(
        [f"monitor_{data}_{what}" for data in ("evaluation", "training") for what in ("cost", "accuracy")], True
    )
    with jax.enable_x64(True):
        network, out = textbook.Network2(SIZES, cost, seed=2), io.StringIO()
        program, expected = Program(network, cost), ([], [], [], [])
        for _ in range(2):
            program.epoch(TRAINING, 10, 0.5, 5.0)
            row = (
                program.total_cost(TEST, 5.0),
                program.right(TEST),
                program.total_cost(TRAINING, 5.0),
                program.right(TRAINING),
            )
            for values, value in zip(expected, row, strict=True):
                values.append(value)
        found = network.sgd(TRAINING, 2, 10, 0.5, 5.0, TEST, **flags, shuffle="none", out=out)
        same_numbers(network, program)
        for values, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-10)
        lines = []
        for epoch, (e_cost, e_right, t_cost, t_right) in enumerate(zip(*found, strict=True)):
            lines += [f"Epoch {epoch} training complete", f"Cost on training data: {t_cost}"]
            lines += [f"Accuracy on training data: {t_right} / 23", f"Cost on evaluation data: {e_cost}"]
            lines += [f"Accuracy on evaluation data: {e_right} / 9", ""]
        assert out.getvalue() == "\n".join(lines) + "\n"
        assert network.total_cost(TEST, 5.0) == pytest.approx(program.total_cost(TEST, 5.0), rel=1e-10)
        assert network.accuracy(TRAINING) == program.right(TRAINING)


def test_what_is_not_asked_for_is_not_said(capsys):
    textbook.Network(SIZES).sgd(TRAINING, 1, 5, 1.0)
    assert textbook.Network2(SIZES).sgd(TRAINING, 1, 5, 1.0) == ([], [], [], [])
    assert capsys.readouterr().out == "Epoch 0 complete\nEpoch 0 training complete\n\n"


def test_the_same_seed_gives_the_same_network_and_epochs_differ():
    def trained(seed, **arguments):
        network = textbook.Network(SIZES, seed=seed)
        network.sgd(TRAINING, 2, 5, 1.0, out=io.StringIO(), **arguments)
        return network.weights[0]

    np.testing.assert_array_equal(trained(3), trained(3))
    assert (trained(3) != trained(4)).any()
    assert (trained(3) != trained(3, shuffle="none")).any()


def test_arrays_and_pairs_are_the_same_data():
    networks = [textbook.Network(SIZES) for _ in range(3)]
    forms = (TRAINING, (X, DIGITS), zip(X, DIGITS, strict=True))
    for network, data in zip(networks, forms, strict=True):
        network.sgd(data, 1, 5, 1.0, out=io.StringIO())
    for network in networks[1:]:
        np.testing.assert_array_equal(network.weights[0], networks[0].weights[0])


def test_first_weights():
    large, small = textbook.Network([400, 300, 2]), textbook.Network2([400, 300, 2])
    assert large.weights[0].std() == pytest.approx(1.0, rel=0.02)
    assert small.weights[0].std() == pytest.approx(1 / 20, rel=0.02)
    assert small.biases[0].std() == pytest.approx(1.0, rel=0.1)
    small.large_weight_initializer()
    assert small.weights[0].std() == pytest.approx(1.0, rel=0.02)
    assert [w.shape for w in large.weights] == [(300, 400), (2, 300)]
    assert [b.shape for b in large.biases] == [(300, 1), (2, 1)]


def test_early_stopping():
    """A rate too small to change one answer: the first epoch is the best, and n more are tried."""
    network = textbook.Network2(SIZES)
    found = network.sgd(
        TRAINING,
        9,
        23,
        1e-9,
        evaluation_data=TEST,
        monitor_evaluation_accuracy=True,
        early_stopping_n=3,
        out=io.StringIO(),
    )
    assert len(found[1]) == 1 + 3
    assert len(set(found[1])) == 1


def test_files(tmp_path):
    """The program's own JSON, written and read."""
    network = textbook.Network2(SIZES, "quadratic", seed=5)
    network.save(tmp_path / "net.json")
    data = json.loads((tmp_path / "net.json").read_text())
    assert list(data) == ["sizes", "weights", "biases", "cost"]
    assert (data["sizes"], data["cost"]) == (SIZES, "QuadraticCost")
    assert data["weights"] == [w.tolist() for w in network.weights]
    assert np.shape(data["biases"][0]) == (4, 1)
    again = textbook.load_network(tmp_path / "net.json")
    assert again.cost == "quadratic"
    same_numbers(again, network, 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"cost": "Cost"},
        {"sizes": [5, 4, 2]},
        {"biases": [[1.0], [2.0]]},
        {"weights": None},
        {"weights": [[[1.0]], "a"]},
    ],
)
def test_other_files(tmp_path, change):
    network = textbook.Network2(SIZES)
    network.save(tmp_path / "net.json")
    data = json.loads((tmp_path / "net.json").read_text()) | change
    (tmp_path / "net.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"net.json must (be a network|have arrays)"):
        textbook.load_network(tmp_path / "net.json")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([(np.ones(4), 0)], "must have 5 inputs, as the network; got 4"),
        ([(np.ones(5), np.ones(2))], "must have 3 outputs, as the network; got 2"),
        ([(np.ones(5), 3)], "must have digits from 0 to 2"),
        ([np.ones(5)], "must be a list of pairs"),
        (7, "must be a list of pairs"),
        ([(np.full(5, np.nan), 1)], "must be finite"),
    ],
)
def test_data_that_do_not_fit(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        textbook.Network(SIZES).sgd(data, 1, 1, 1.0)


def test_arguments_that_do_not_fit():
    with pytest.raises(ValueError, match="sizes must name at least the inputs and the outputs"):
        textbook.Network([3])
    with pytest.raises(ValueError, match="cost must be one of cross_entropy, quadratic"):
        textbook.Network2(SIZES, "quadratik")
    with pytest.raises(ValueError, match="evaluation_data must be given"):
        textbook.Network2(SIZES).sgd(TRAINING, 1, 5, 1.0, monitor_evaluation_cost=True)
    with pytest.raises(ValueError, match="early_stopping_n needs monitor_evaluation_accuracy"):
        textbook.Network2(SIZES).sgd(TRAINING, 1, 5, 1.0, evaluation_data=TEST, early_stopping_n=2)
    with pytest.raises(ValueError, match="mini_batch_size must be a whole number, at least 1"):
        textbook.Network(SIZES).sgd(TRAINING, 1, 0, 1.0)


def test_the_model_is_an_ordinary_one():
    """The same outputs as a dense network of the house, before its last sigmoid."""
    network = textbook.Network(SIZES)
    assert [type(layer) for layer in network.model.layers] == [nn.Dense, nn.Activation, nn.Dense]
    outputs = np.asarray(network.model(X.astype("float32")))
    np.testing.assert_allclose(sigmoid(outputs).T, network.feedforward(X.T), rtol=1e-5)
    assert list(itertools.pairwise(SIZES)) == [layer.weight.shape for layer in network.model.layers[::2]]


def test_an_epoch_that_fails_is_not_said_to_be_complete():
    """Training refuses the step that is not finite, warns, and the last good numbers stay."""
    network, out = textbook.Network2(SIZES), io.StringIO()
    with pytest.warns(TrainingWarning, match="not finite"):
        network.sgd(TRAINING, 3, 5, 1e30, 10.0, out=out)
    assert out.getvalue() == ""
    assert all(np.isfinite(w).all() for w in network.weights)
