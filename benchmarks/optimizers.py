"""Full-batch methods to a given cost: `shinso.optim.minimise` against SciPy, an Optax loop and PyTorch.

Four problems, float64; the same arrays, start and target for all. The script ends with an error if the contestants' costs at
the start differ by more than 1e-10 of themselves.

quadratic: ½xᵀAx, 100 parameters, eigenvalues from 1 to 1e6, evenly in their logarithm.
softmax: regression on the digits, 64 inputs and 10 classes.
network: 64-30-10 with tanh and softmax on the digits.
regression: 10-20-1 with tanh on the diabetes set, half the mean square.

The three on data have L2 on the weights (λ = 1e-3). Targets: E* + 1e-6 (E₀ − E*) where the minimum E* is known, which is
0 for the quadratic and what Newton's method ends at for softmax. The networks have many minima: their targets are round
figures that every full-batch method here reaches from this start.

The cost is written once for JAX and PyTorch; SciPy, Optax and `minimise` are given the same JAX function and compile it.
SciPy and PyTorch are stopped inside the function at the first evaluation that is low enough, the loops on Optax after a
step. `minimise` has no such stop: it is told how many iterations it takes. L-BFGS remembers 10 pairs everywhere. Adam has
the best rate of 1, 2, 5 times a power of ten. "of a Problem" is the same cost as `curvature.problem(model, objective,
data)`, in its chunks; "in train" is `shinso.train` on it. A method that has not arrived after 5,000 steps is shown with the
cost it has reached.

Every contestant has one core (`--threads`): with two, thread pools that wait for each other take most of the time of
problems as small as these, in PyTorch and in LAPACK.

    python benchmarks/optimizers.py --torch-python /path/to/python/with/torch
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _timing import Contestant, Seconds, Stopwatch, cores, interleave, machine, ratios, serve, spread

DECAY = 1e-3
MOST = 5_000
"""Iterations that no method may exceed."""
SHORTEST = 0.1
"""Seconds of a measurement; what is shorter is repeated."""
Arrays = dict[str, np.ndarray]


class Library(NamedTuple):
    """What the costs need of JAX or PyTorch."""

    tanh: Callable[..., Any]
    log_softmax: Callable[..., Any]
    concatenate: Callable[..., Any]


class ReachedError(Exception):
    """The cost is low enough."""


class Found(NamedTuple):
    """Cost at the start and at the end, and what the way between took."""

    start: float
    cost: float
    evaluations: int
    products: int = 0


Ways = dict[str, Callable[[], Found]]


def quadratic_arrays() -> Arrays:
    """A, and a start with the same share along every eigenvector."""
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(100, 100)))[0]
    return {"matrix": (vectors * np.logspace(0, 6, 100)) @ vectors.T, "θ0": vectors.sum(axis=1)}


def quadratic(parameters: list[Any], data: Any, library: Library) -> Any:
    """½xᵀAx."""
    (x,) = parameters
    return 0.5 * x @ (data["matrix"] @ x)


def digits() -> Arrays:
    """Inputs in 0–1 and a row of zeros and a one for every label."""
    from sklearn.datasets import load_digits

    inputs, labels = load_digits(return_X_y=True)
    return {"inputs": inputs / 16, "targets": np.eye(10)[labels]}


def weights(*sizes: int) -> Arrays:
    """Weights of variance 1/inputs, and biases of 0."""
    random, made = np.random.default_rng(0), []
    for inputs, outputs in pairwise(sizes):
        made += [random.normal(size=(inputs, outputs)) / inputs**0.5, np.zeros(outputs)]
    return {f"θ{place}": array for place, array in enumerate(made)}


def regression_arrays() -> Arrays:
    """Standardized inputs and targets, and weights."""
    from sklearn.datasets import load_diabetes

    inputs, targets = load_diabetes(return_X_y=True)
    targets = (targets - targets.mean()) / targets.std()
    return {"inputs": inputs / inputs.std(axis=0), "targets": targets[:, None]} | weights(10, 20, 1)


def outputs(parameters: list[Any], data: Any, library: Library) -> Any:
    """Outputs of a network with tanh between its layers."""
    signal = data["inputs"] @ parameters[0] + parameters[1]
    for weight, bias in zip(parameters[2::2], parameters[3::2], strict=True):
        signal = library.tanh(signal) @ weight + bias
    return signal


def classification(parameters: list[Any], data: Any, library: Library) -> Any:
    """Mean cross-entropy, and L2 on the weights."""
    likelihoods = (library.log_softmax(outputs(parameters, data, library), -1) * data["targets"]).sum()
    return 0.5 * DECAY * sum((weight**2).sum() for weight in parameters[::2]) - likelihoods / len(data["targets"])


def residuals(parameters: list[Any], data: Any, library: Library) -> Any:
    """Residuals whose ½Σr² is half the mean square, and L2 on the weights."""
    errors = (outputs(parameters, data, library) - data["targets"]).ravel() / len(data["targets"]) ** 0.5
    return library.concatenate([errors, *(DECAY**0.5 * weight.ravel() for weight in parameters[::2])])


def regression(parameters: list[Any], data: Any, library: Library) -> Any:
    """½Σr²."""
    found = residuals(parameters, data, library)
    return 0.5 * found @ found


class Problem(NamedTuple):
    """What every contestant minimises, how far, which methods of ours do, and Adam's rate."""

    title: str
    target: float
    rate: float
    arrays: Callable[[], Arrays]
    cost: Callable[[list[Any], Any, Library], Any]
    methods: tuple[str, ...]


GRADIENTS = ("lbfgs", "conjugate_gradient", "trust_region")
DENSE = ("bfgs", "newton")
WITH_MODEL = ("lbfgs of a Problem", "lbfgs in train")
SQUARES = ("gauss_newton", "levenberg_marquardt", "hessian_free")
PROBLEMS = {
    "quadratic": Problem(
        "quadratic of condition 1e6, 100 parameters", 3.84, 0.1, quadratic_arrays, quadratic, (*GRADIENTS, *DENSE)
    ),
    "softmax": Problem(
        "softmax regression on digits, 650 parameters", 0.2618666, 1.0, lambda: digits() | weights(64, 10), classification,
        (*GRADIENTS, *DENSE, *WITH_MODEL, "hessian_free of a Problem"),
    ),
    "network": Problem(
        "64-30-10 on digits, 2,260 parameters", 0.13, 0.05, lambda: digits() | weights(64, 30, 10), classification,
        (*GRADIENTS, *WITH_MODEL, "hessian_free of a Problem"),
    ),
    "regression": Problem(
        "10-20-1 on diabetes, 241 parameters", 0.125, 0.05, regression_arrays, regression,
        (*GRADIENTS, *DENSE, *SQUARES, *WITH_MODEL, "levenberg_marquardt of a Problem"),
    ),
}  # fmt: skip


def start_and_data(arrays: Arrays) -> tuple[list[Any], dict[str, Any]]:
    """Return the parameters at the start, and everything else."""
    names = [name for name in arrays if name.startswith("θ")]
    return [arrays[name] for name in names], {name: array for name, array in arrays.items() if name not in names}


class Functions(NamedTuple):
    """The problem in JAX."""

    cost: Callable[[list[Any]], Any]
    residuals: Callable[[list[Any]], Any]
    start: list[Any]


def in_jax(problem: Problem, arrays: Arrays) -> Functions:
    """Return the problem's functions, in float64 from now on."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    library = Library(jnp.tanh, jax.nn.log_softmax, jnp.concatenate)
    start, data = start_and_data({name: jnp.asarray(array) for name, array in arrays.items()})
    return Functions(lambda at: problem.cost(at, data, library), lambda at: residuals(at, data, library), start)


def shinso_ways(problem: Problem, arrays: Arrays) -> Ways:
    """`optim.minimise` on the function, or on the residuals; on the model's cost; `shinso.train`."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    import shinso
    from shinso import curvature, nn, optim

    function = in_jax(problem, arrays)

    def model_and_data() -> tuple[Any, shinso.Objective, tuple[Any, Any]]:
        sizes = [array.shape[0] for array in function.start[::2]]
        targets = arrays["targets"]
        model = nn.mlp(sizes[0], targets.shape[1], tuple(sizes[1:]), activation="tanh", key=jax.random.key(0))
        parameters, rest = nn.parameters(model)
        model = eqx.combine(jax.tree.unflatten(jax.tree.structure(parameters), function.start), rest)
        classes = problem.cost is classification
        likelihood = shinso.objectives.Categorical() if classes else shinso.objectives.Gaussian()
        objective = shinso.Objective(likelihood, [shinso.objectives.L2(DECAY)])
        return model, objective, (jnp.asarray(arrays["inputs"]), targets.argmax(axis=1) if classes else targets)

    def stop(now: optim.Minimum) -> None:
        if now.value <= problem.target:
            raise KeyboardInterrupt  # as if the user did

    def minimise(given: Any, start: Any, method: str, steps: int | None) -> tuple[np.ndarray, int, int]:
        limit = {"max_steps": MOST, "progress": stop} if steps is None else {"max_steps": steps}
        found = optim.minimise(given, start, method, gradient_tolerance=0, **limit)
        return found.history, found.evaluations, found.products

    def train(given: Any, method: str, steps: int | None) -> tuple[np.ndarray, int, int]:
        run = shinso.train(*given, optimizer=optim.optimizer_named(method, gradient_tolerance=0), epochs=steps or 1000)
        return np.array([np.nan, *run.history["cost"]]), 0, 0

    def way(name: str) -> Callable[[], Found]:
        method, _, place = name.partition(" ")
        given = model_and_data() if place else function.residuals if method in SQUARES else function.cost
        if place == "in train":
            work = partial(train, given, method)
        elif place == "of a Problem":
            work = partial(minimise, curvature.problem(*given), None, method)
        else:
            work = partial(minimise, given, function.start, method)
        steps: int | None = None

        def run() -> Found:
            nonlocal steps
            history, evaluations, products = work(steps)
            steps = steps or int(np.argmax(history <= problem.target)) or None
            return Found(history[0], history[-1], evaluations, products)

        return run

    return {name: way(name) for name in problem.methods}


SCIPY = {
    "L-BFGS-B": {"maxfun": 10**6, "ftol": 0, "gtol": 0, "maxcor": 10},
    "BFGS": {"gtol": 0},
    "CG": {"gtol": 0},
    "Newton-CG": {"xtol": 0},
    "trust-ncg": {"gtol": 0},
}


def scipy_ways(problem: Problem, arrays: Arrays) -> Ways:
    """`scipy.optimize.minimize` and `least_squares`, on jitted functions of one vector."""
    import jax
    import scipy.optimize
    from jax.flatten_util import ravel_pytree

    function = in_jax(problem, arrays)
    flat, tree = ravel_pytree(function.start)
    start = np.asarray(flat)
    value_and_gradient = jax.jit(jax.value_and_grad(lambda x: function.cost(tree(x))))
    product = jax.jit(lambda x, v: jax.jvp(jax.grad(lambda x: function.cost(tree(x))), (x,), (v,))[1])
    residuals = jax.jit(lambda x: function.residuals(tree(x)))
    jacobian = jax.jit(jax.jacfwd(lambda x: function.residuals(tree(x))))

    def run(method: str) -> Found:
        products, costs = 0, []

        def seen(cost: float) -> None:
            costs.append(cost)
            if cost <= problem.target:
                raise ReachedError

        def evaluate(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = value_and_gradient(x)
            seen(float(value))
            return float(value), np.asarray(gradient)

        def multiply(x: np.ndarray, v: np.ndarray) -> np.ndarray:
            nonlocal products
            products += 1
            return np.asarray(product(x, v))

        def evaluate_residuals(x: np.ndarray) -> np.ndarray:
            found = np.asarray(residuals(x))
            seen(0.5 * float(found @ found))
            return found

        def differentiate(x: np.ndarray) -> np.ndarray:
            nonlocal products
            products += len(x)
            return np.asarray(jacobian(x))

        with suppress(ReachedError):
            if method == "least_squares":
                scipy.optimize.least_squares(
                    evaluate_residuals, start, differentiate, method="lm", x_scale="jac",
                    **dict.fromkeys(("xtol", "ftol", "gtol"), np.finfo(float).eps),
                )  # fmt: skip
            else:
                second = {"hessp": multiply} if method in ("Newton-CG", "trust-ncg") else {}
                options = {"maxiter": MOST, **SCIPY[method]}
                scipy.optimize.minimize(evaluate, start, jac=True, method=method, options=options, **second)
        return Found(costs[0], min(costs), len(costs), products)

    names = [name for name, ours in ALIKE["SciPy"].items() if ours in problem.methods]
    return {name: lambda name=name: run(name) for name in names}


def optax_ways(problem: Problem, arrays: Arrays) -> Ways:
    """A jitted step, called until the cost is low enough."""
    import jax
    import optax

    function = in_jax(problem, arrays)

    def way(optimizer: Any, value_and_gradient: Callable[[Any, Any], Any]) -> Callable[[], Found]:
        @jax.jit
        def step(parameters: Any, state: Any) -> Any:
            value, gradient = value_and_gradient(parameters, state)
            updates, state = optimizer.update(
                gradient, state, parameters, value=value, grad=gradient, value_fn=function.cost
            )
            searched = optax.tree.get(state, "num_linesearch_steps", 1)
            return optax.apply_updates(parameters, updates), state, value, searched

        def run() -> Found:
            parameters, state = function.start, optimizer.init(function.start)
            costs, evaluations = [], 0
            while not costs or (costs[-1] > problem.target and len(costs) < MOST):
                parameters, state, before, searched = step(parameters, state)
                costs = costs or [float(before)]
                # L-BFGS knows the cost it has reached, Adam the one where it was.
                costs.append(float(optax.tree.get(state, "value", before)))
                evaluations += int(searched)
            return Found(costs[0], min(costs), evaluations)

        return run

    from_state, anew = optax.value_and_grad_from_state(function.cost), jax.value_and_grad(function.cost)
    return {
        "lbfgs": way(optax.lbfgs(memory_size=10), lambda parameters, state: from_state(parameters, state=state)),
        "adam": way(optax.with_extra_args_support(optax.adam(problem.rate)), lambda parameters, _: anew(parameters)),
    }


def torch_ways(problem: Problem, arrays: Arrays) -> Ways:
    """`torch.optim.LBFGS` with its line search, and a loop on `torch.optim.Adam`."""
    import torch

    torch.set_num_threads(cores())
    library = Library(torch.tanh, torch.log_softmax, torch.concatenate)
    start, data = start_and_data({name: torch.from_numpy(array) for name, array in arrays.items()})

    def run(make: Callable[[Any], Any], steps: int) -> Found:
        parameters = [array.clone().requires_grad_() for array in start]
        optimizer = make(parameters)
        costs = []

        def closure() -> Any:
            optimizer.zero_grad()
            cost = problem.cost(parameters, data, library)
            costs.append(cost.item())
            if costs[-1] <= problem.target:
                raise ReachedError
            cost.backward()
            return cost

        with suppress(ReachedError):
            for _ in range(steps):
                optimizer.step(closure)
        return Found(costs[0], min(costs), len(costs))

    def lbfgs(parameters: Any) -> Any:
        return torch.optim.LBFGS(
            parameters, max_iter=MOST, max_eval=10**6, tolerance_grad=0, tolerance_change=0, history_size=10,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

    def adam(parameters: Any) -> Any:
        return torch.optim.Adam(parameters, lr=problem.rate)

    return {"LBFGS": lambda: run(lbfgs, 1), "Adam": lambda: run(adam, MOST)}


class Entry(NamedTuple):
    """How a contestant is run."""

    ways: Callable[[Problem, Arrays], Ways]
    packages: tuple[str, ...]


ENTRIES = {
    "shinso": Entry(shinso_ways, ("jax", "equinox")),
    "SciPy": Entry(scipy_ways, ("scipy", "jax")),
    "Optax": Entry(optax_ways, ("optax", "jax")),
    "PyTorch": Entry(torch_ways, ("torch",)),
}
ALIKE = {
    "shinso": {},
    "SciPy": {
        "L-BFGS-B": "lbfgs", "BFGS": "bfgs", "CG": "conjugate_gradient", "Newton-CG": "trust_region",
        "trust-ncg": "trust_region", "least_squares": "levenberg_marquardt",
    },
    "Optax": {"lbfgs": "lbfgs", "adam": "lbfgs"},
    "PyTorch": {"LBFGS": "lbfgs", "Adam": "lbfgs"},
}  # fmt: skip
"""Which of ours a peer's method is compared with."""


def measurement(problem: Problem, ways: Ways) -> Callable[[], Seconds]:
    """Return a measurement of all ways in turn; those that missed the target at first are left out later."""
    left = dict.fromkeys(ways, True)
    warm = False

    def one(name: str) -> Seconds:
        watch, calls = Stopwatch(), 0
        while calls == 0 or (warm and watch.seconds() < SHORTEST):
            found, calls = ways[name](), calls + 1
        seconds = watch.seconds() / calls
        left[name] = found.cost <= problem.target
        return {f"{name}/{key}": value for key, value in {"seconds": seconds, **found._asdict()}.items()}

    def measure() -> Seconds:
        nonlocal warm
        found = {key: float(value) for name in ways if left[name] for key, value in one(name).items()}
        warm = True
        return found

    return measure


def compare(name: str, libraries: list[str], torch_python: str, rounds: int, threads: int) -> None:
    """Print one table."""
    problem = PROBLEMS[name]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "arrays.npz"
        np.savez(path, **problem.arrays())
        contestants = {}
        for library in libraries:
            python = torch_python if library == "PyTorch" else sys.executable
            command = [python, __file__, "--serve", library, "--problem", name, "--arrays", str(path)]
            command += ["--threads", str(threads)]
            contestants[library] = stack.enter_context(Contestant(command, threads))
        check_agreement(contestants)
        found = interleave(contestants, rounds)
    print(f"\n### {problem.title}, to {problem.target:.7g}\n")
    print(f"n = {rounds} interleaved rounds; median (smallest–largest).\n")
    print("| | evaluations | products | ms | over | | first call, s |\n|---|---|---|---|---|---|---|")
    for library, contestant in contestants.items():
        for key in contestant.warm_up:
            if key.endswith("/seconds"):
                print(row_of(library, key.removesuffix("/seconds"), contestant.warm_up, found))
    packages = {name: version for contestant in contestants.values() for name, version in contestant.versions.items()}
    print("\n" + ", ".join(f"{package} {version}" for package, version in packages.items()), flush=True)


def check_agreement(contestants: dict[str, Contestant]) -> None:
    """End if the costs at the start differ."""
    firsts = [contestant.warm_up for contestant in contestants.values()]
    starts = [value for first in firsts for key, value in first.items() if key.endswith("/start")]
    if np.nanmax(starts) - np.nanmin(starts) > 1e-10 * abs(np.nanmax(starts)):
        raise SystemExit(f"the contestants' costs at the start differ: {starts}")


def row_of(library: str, method: str, first: Seconds, found: dict[str, list[Seconds]]) -> str:
    """Return one row of the table."""
    last = found[library][0] if f"{method}/seconds" in found[library][0] else first
    counts = [
        f"{last[f'{method}/{key}']:,.0f}" if last[f"{method}/{key}"] else "–" for key in ("evaluations", "products")
    ]
    head = f"| {library} {method} | {' | '.join(counts)} |"
    if last is first:
        return f"{head} not reached: {first[f'{method}/cost']:.6g} | | | |"
    seconds = [row[f"{method}/seconds"] for row in found[library]]
    alike = ALIKE[library].get(method, method.partition(" ")[0])
    over = "|"
    if f"{alike}/seconds" in found["shinso"][0] and (library, method) != ("shinso", alike):
        reference = [row[f"{alike}/seconds"] for row in found["shinso"]]
        over = f"{spread(ratios(seconds, reference), '.2f')} | {alike}"
    return f"{head} {spread([1e3 * value for value in seconds])} | {over} | {first[f'{method}/seconds']:.1f} |"


def main() -> None:
    """Read the command line and compare, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--torch-python", help="interpreter that can import torch; without it PyTorch is left out")
    parser.add_argument("--problem", choices=PROBLEMS, help="this one alone")
    parser.add_argument("--quick", action="store_true", help="two rounds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="cores of each contestant")
    parser.add_argument("--serve", choices=ENTRIES, help=argparse.SUPPRESS)
    parser.add_argument("--arrays", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options.threads :])
        problem, entry = PROBLEMS[options.problem], ENTRIES[options.serve]
        serve(measurement(problem, entry.ways(problem, dict(np.load(options.arrays)))), entry.packages)
        return
    libraries = [name for name in ENTRIES if options.torch_python or name != "PyTorch"]
    print(machine(), flush=True)
    for name in [options.problem] if options.problem else PROBLEMS:
        compare(name, libraries, options.torch_python, 2 if options.quick else options.rounds, options.threads)


if __name__ == "__main__":
    main()
