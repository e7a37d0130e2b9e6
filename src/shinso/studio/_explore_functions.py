"""Explorers of what networks can compute: steps, bumps, towers, and functions drawn from a prior."""

import jax
import jax.numpy as jnp
import numpy as np

from shinso.bayes import sample_prior_functions
from shinso.nn import Sequential
from shinso.studio._explorer import Choice, Explorer, Figure, Slider, chart, line, remembered
from shinso.studio._recognizer import picture
from shinso.textbook import average_deviation, challenge, given_network

_AT = np.linspace(0, 1, 401)
GOAL = 0.40
"""Average deviation that the book asks for."""


def _logit(p: np.ndarray | float) -> np.ndarray:
    return np.asarray(np.log(p) - np.log1p(-np.asarray(p)))


def _values(model: Sequential, x: np.ndarray) -> np.ndarray:
    return np.asarray(model(jnp.asarray(x.reshape(-1, 1), jnp.float32)))[:, 0]


@remembered
def _steps(s1: float, s2: float, h1: float, h2: float, steepness: float) -> Figure:
    w = 10.0**steepness
    model = given_network(
        [np.array([[w, w]]), np.array([[h1], [h2]])], [np.array([-w * s1, -w * s2]), np.zeros(1)], output="identity"
    )
    handles = [
        {"x": s1, "y": h1, "parameters": {"x": "s1", "y": "h1"}, "label": "first step"},
        {"x": s2, "y": h1 + h2, "parameters": {"x": "s2"}, "label": "second step"},
    ]
    return {
        "charts": [
            chart(
                "h₁σ(w(x − s₁)) + h₂σ(w(x − s₂)): drag the steps",
                "x",
                "weighted output",
                [line("two hidden neurons", _AT, _values(model, _AT))],
                range={"x": [0, 1], "y": [-2.5, 2.5]},
                handles=handles,
            )
        ],
        "numbers": [["weights w", f"{w:.4g}"], ["biases b = −ws", f"{-w * s1:.4g}, {-w * s2:.4g}"]],
        "note": "With h₂ = −h₁ two steps make a bump; a small w shows that they are sigmoids.",
    }


@remembered
def _bumps(h1: float, h2: float, h3: float, h4: float, h5: float) -> Figure:
    heights = np.array([h1, h2, h3, h4, h5])
    edges, w = np.linspace(0, 1, 6), 1000.0
    edges[[0, -1]] += (-0.1, 0.1)
    ends = np.stack([edges[:-1], edges[1:]], axis=1).ravel()
    out = np.stack([heights, -heights], axis=1).reshape(-1, 1)
    model = given_network([np.full((1, 10), w), out], [-w * ends, np.zeros(1)], output="identity")
    deviation = average_deviation(model, lambda x: float(_logit(challenge(x))))
    inner = _values(model, _AT)
    handles = [
        {"x": 0.1 + 0.2 * k, "y": float(h), "parameters": {"y": f"h{k + 1}"}, "label": f"bump {k + 1}"}
        for k, h in enumerate(heights)
    ]
    return {
        "charts": [
            chart(
                "Weighted output and goal σ⁻¹(f): drag the bumps",
                "x",
                "Σ h a",
                [line("goal", _AT, _logit(challenge(_AT))), line("network", _AT, inner)],
                range={"x": [0, 1], "y": [-3, 3]},
                handles=handles,
            ),
            chart(
                "The same after the output neuron",
                "x",
                "output",
                [line("goal f", _AT, challenge(_AT)), line("network", _AT, 1 / (1 + np.exp(-inner)))],
                range={"x": [0, 1], "y": [0, 1]},
            ),
        ],
        "numbers": [
            ["average deviation", f"{deviation:.3f}"],
            ["the book's challenge, 0.40", "met" if deviation <= GOAL else "not yet met"],
        ],
        "note": "Ten hidden neurons in pairs, each a bump. f(x) = 0.2 + 0.4x² + 0.3x sin 15x + 0.05 cos 50x.",
    }


@remembered
def _tower(x1: float, x2: float, y1: float, y2: float, height: float, threshold: float, steepness: float) -> Figure:
    w = 10.0**steepness
    first = np.array([[w, w, 0, 0], [0, 0, w, w]])
    bias = -w * np.array([x1, x2, y1, y2])
    second = height * np.array([[1.0], [-1.0], [1.0], [-1.0]])
    model = given_network([first, second], [bias, np.array([-threshold * height])], output="sigmoid")
    side = 64
    at = (np.arange(side) + 0.5) / side
    grid = np.stack(np.meshgrid(at, at[::-1]), axis=-1).reshape(-1, 2)
    values = np.asarray(model(jnp.asarray(grid, jnp.float32))).reshape(side, side)
    handles = [
        {"x": x1, "y": y1, "parameters": {"x": "x1", "y": "y1"}, "label": "lower left corner"},
        {"x": x2, "y": y2, "parameters": {"x": "x2", "y": "y2"}, "label": "upper right corner"},
    ]
    return {
        "charts": [
            chart(
                "σ(h(step + step − step − step) − th): drag the corners",
                "x",
                "y",
                [],
                range={"x": [0, 1], "y": [0, 1]},
                field=picture(values),
                handles=handles,
            )
        ],
        "numbers": [["largest output", f"{values.max():.3f}"], ["smallest output", f"{values.min():.3f}"]],
        "note": "With t = 1.5 and a large h only the place where both bumps stand is left: a tower.",
    }


@remembered
def _prior(weights: float, biases: float, hidden: int, activation: str, seed: int) -> Figure:
    x = np.linspace(-1, 1, 201)
    functions = sample_prior_functions(
        jnp.asarray(x[:, None]),
        hidden=hidden,
        weight_deviation=10.0**weights,
        bias_deviation=10.0**biases,
        activation=activation,
        draws=5,
        key=jax.random.key(seed),
    )
    drawn = [line(f"draw {k + 1}", x, values) for k, values in enumerate(np.asarray(functions))]
    return {
        "charts": [chart("Five functions drawn from the prior", "x", "network's output", drawn)],
        "numbers": [["deviation of weights", f"{10.0**weights:.3g}"], ["deviation of biases", f"{10.0**biases:.3g}"]],
        "note": "Nothing is learned here: this is what the prior over weights believes before any data.",
    }


FUNCTIONS = (
    Explorer(
        "steps",
        "Two neurons, two steps",
        "A sigmoid with a large weight is a step. Where it stands, and how high it is, two numbers decide.",
        "Nielsen, chapter 4, “Universality with one input and one output”",
        (
            Slider("s1", "place of the first step", 0, 1, 0.01, 0.4),
            Slider("h1", "height of the first step", -2, 2, 0.05, 0.8),
            Slider("s2", "place of the second step", 0, 1, 0.01, 0.6),
            Slider("h2", "height of the second step", -2, 2, 0.05, -0.8),
            Slider("steepness", "log₁₀ of the weight", 0, 3, 0.1, 3),
        ),
        _steps,
    ),
    Explorer(
        "bumps",
        "Any function from bumps",
        "Five bumps are to follow a given function. The book asks for an average deviation of at most 0.40: can you?",
        "Nielsen, chapter 4, (106)",
        tuple(Slider(f"h{k}", f"height of bump {k}", -3, 3, 0.05, 0) for k in range(1, 6)),
        _bumps,
    ),
    Explorer(
        "tower",
        "Steps in two dimensions make a tower",
        "Four neurons make a bump along each axis; a fifth adds them up and lets only their crossing stand.",
        "Nielsen, chapter 4, “Many input variables”",
        (
            Slider("x1", "left edge", 0, 1, 0.01, 0.3),
            Slider("x2", "right edge", 0, 1, 0.01, 0.7),
            Slider("y1", "lower edge", 0, 1, 0.01, 0.3),
            Slider("y2", "upper edge", 0, 1, 0.01, 0.7),
            Slider("height", "h", 0.5, 20, 0.5, 10),
            Slider("threshold", "t", 0, 2.5, 0.1, 1.5),
            Slider("steepness", "log₁₀ of the weight", 0.5, 3, 0.1, 2.5),
        ),
        _tower,
    ),
    Explorer(
        "prior",
        "Functions of a prior",
        "Weights drawn at random make functions. How wide the weights are spread says how wild these are.",
        "Bishop, PRML, §5.7 and figure 5.11; Neal (1996), §2.1",
        (
            Slider("weights", "log₁₀ deviation of weights", -1, 2, 0.1, 0.6),
            Slider("biases", "log₁₀ deviation of biases", -1, 2, 0.1, 0.6),
            Slider("hidden", "hidden units", 1, 200, 1, 12),
            Choice("activation", "activation", ("tanh", "relu", "gaussian_cdf", "step"), "tanh"),
            Slider("seed", "seed", 0, 50, 1, 0),
        ),
        _prior,
    ),
)
