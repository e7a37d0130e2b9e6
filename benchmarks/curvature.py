"""Curvature and posteriors: shinso, curvlinops and laplace-torch on the same weights and the same work, float32.

- `products`: a product with the Hessian and with the Gauss–Newton matrix on 784-30-10 with 10,000 examples and on a small
  convolutional network with 1,000 images, also in gradients of the same cost by the same library.
- `dense`: the Hessian of 1,250 parameters as a matrix, in gradients, with the gain of multiplying many vectors at once.
- `laplace`: fitting posteriors of 100-100-50-10 to 2,000 examples, and the variances of 1,000 predictions.

Every contestant is a process of its own, and they take turns. Each first computes everything once: that call is timed apart
(it compiles), and results that differ from shinso's by more than 1e-3 of the largest number end the script with an error.
laplace-torch's Kronecker factors treat a bias apart from its weights; it gets networks whose bias is the weight of a
constant input, which means what ours does.

    python benchmarks/curvature.py --torch-python /path/to/python/with/torch/and/laplace
"""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _timing import Contestant, Seconds, Stopwatch, cores, interleave, machine, ratios, serve, spread
from _torch_networks import Arrays, named, places, torch_inputs, torch_network, weights_of

TOLERANCE = 1e-3
LEAST = 0.2
"""Seconds of a measurement: calls are repeated until they have passed."""
CHUNK = 1000
"""Examples that laplace-torch looks at together."""
PREDICTED = 100
"""Inputs it predicts together where it needs every parameter's Jacobian."""
VECTORS = 32
"""Vectors multiplied together where the gain of that is measured."""
Works = dict[str, Callable[[], Any]]


class Task(NamedTuple):
    """A network, examples, and who computes.

    Attributes:
        kind: what is measured: "products", "dense" or "laplace".
        shape: of an example.
        units: outputs of the dense layers; of a convolutional network those after C8-C16, 5×5, max-pooled by 2.
        examples: N.
        contestants: by name.
        rounds: measurements of each.
    """

    kind: str
    shape: tuple[int, ...]
    units: tuple[int, ...]
    examples: int
    contestants: tuple[str, ...]
    rounds: int


CHANNELS, KERNEL = (8, 16), 5
TASKS = {
    "784-30-10": Task("products", (784,), (30, 10), 10_000, ("shinso", "curvlinops"), 9),
    "C8-C16-FC32": Task("products", (28, 28, 1), (32, 10), 1_000, ("shinso", "curvlinops"), 9),
    "20-40-10": Task("dense", (20,), (40, 10), 1_000, ("shinso", "curvlinops"), 9),
    "100-100-50-10": Task("laplace", (100,), (100, 50, 10), 2_000, ("shinso", "laplace-torch"), 3),
}
POSTERIORS = {
    "last layer, full": ("last_layer", "full"),
    "last layer, Kronecker": ("last_layer", "kronecker"),
    "all, Kronecker": ("all", "kronecker"),
    "all, diagonal": ("all", "diagonal"),
}


def given(task: Task) -> Arrays:
    """Return examples, new inputs, a vector, and weights in shinso's layout."""
    random = np.random.default_rng(0)
    shapes, inputs = [], int(np.prod(task.shape))
    if len(task.shape) == 3:
        side, maps = task.shape[0], task.shape[-1]
        for channels in CHANNELS:
            shapes.append((KERNEL, KERNEL, maps, channels))
            side, maps = (side - KERNEL + 1) // 2, channels
        inputs = side * side * maps
    for units in task.units:
        shapes.append((inputs, units))
        inputs = units
    weights = []
    for shape in shapes:
        weights.append(random.normal(size=shape) / np.sqrt(np.prod(shape[:-1])))
        weights.append(0.1 * random.normal(size=shape[-1:]))
    found, size = named(weights), sum(array.size for array in weights)
    found |= {
        "inputs": random.normal(size=(task.examples, *task.shape)),
        "new": random.normal(size=(1000, *task.shape)),
    }
    found["vectors"] = random.normal(size=(VECTORS, size))
    found = {name: array.astype(np.float32) for name, array in found.items()}
    return found | {"targets": random.integers(0, task.units[-1], task.examples)}


# shinso


def shinso_works(task: Task, arrays: Arrays) -> Works:
    """Return what is measured, by name; each returns arrays in shinso's layout."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    import shinso
    from shinso import curvature, nn, objectives

    key = jax.random.key(0)
    if len(task.shape) == 3:
        model = nn.cnn(
            task.shape,
            task.units[-1],
            CHANNELS,
            kernel_size=KERNEL,
            padding="valid",
            hidden=task.units[:-1],
            activation="tanh",
            key=key,
        )
    else:
        model = nn.mlp(task.shape[0], task.units[-1], task.units[:-1], activation="tanh", key=key)
    parameters, rest = nn.parameters(model)
    leaves = [jnp.asarray(array) for array in weights_of(arrays)]
    model = eqx.combine(jax.tree.unflatten(jax.tree.structure(parameters), leaves), rest)
    data = jnp.asarray(arrays["inputs"]), jnp.asarray(arrays["targets"])
    objective = objectives.Objective(objectives.likelihood("categorical"))
    unflatten = ravel_pytree(nn.parameters(model)[0])[1]
    vector = unflatten(jnp.asarray(arrays["vectors"][0]))
    # `curvature.gradient` checks its arguments at every call, which takes longer than a small gradient.
    problem = curvature.problem(model, objective, data)
    gradient = eqx.filter_jit(lambda problem: problem.gradient(problem.parameters))
    works: Works = {"gradient": lambda: gradient(problem)}
    if task.kind == "products":
        hessian = curvature.hessian(model, objective, data)
        gauss_newton = curvature.gauss_newton(model, objective, data)
        return works | {"Hessian": lambda: hessian.mv(vector), "Gauss–Newton": lambda: gauss_newton.mv(vector)}
    if task.kind == "dense":
        hessian = curvature.hessian(model, objective, data)
        many = jax.vmap(unflatten)(jnp.asarray(arrays["vectors"]))
        return works | {
            "Hessian": lambda: hessian.mv(vector),
            f"Hessian, {VECTORS} vectors": lambda: curvature.products(hessian, many),
            "dense Hessian": lambda: curvature.dense(hessian),
        }
    return works | posterior_works(
        lambda subset, structure: shinso.laplace(
            model, data, objective, subset=subset, structure=structure, prior_precision=1.0
        ),
        lambda posterior: posterior.output_moments(arrays["new"]),
    )


def posterior_works(fit: Callable[[str, str], Any], predict: Callable[[Any], Any]) -> Works:
    """Return a fit, with the log evidence, and a prediction for every posterior."""
    fitted: dict[str, Any] = {}
    works: Works = {}
    for name, (subset, structure) in POSTERIORS.items():

        def fit_it(name: str = name, subset: str = subset, structure: str = structure) -> Any:
            fitted[name] = fit(subset, structure)
            return fitted[name].log_evidence()

        def predict_it(name: str = name) -> Any:
            return predict(fitted[name])

        works |= {f"fit {name}": fit_it, f"predict {name}": predict_it}
    return works


def shinso_shown(name: str, found: Any) -> np.ndarray:
    """Return a result as an array."""
    import jax
    from jax.flatten_util import ravel_pytree

    if name.startswith("predict"):
        return np.diagonal(found[1], axis1=1, axis2=2)
    if name.startswith(("fit", "dense")):
        return np.asarray(found)
    ravel = lambda tree: ravel_pytree(tree)[0]  # noqa: E731
    return np.asarray(jax.vmap(ravel)(found) if "vectors" in name else ravel(found))


# PyTorch


def curvlinops_works(task: Task, arrays: Arrays) -> Works:
    """Return the same by PyTorch and curvlinops."""
    import torch
    from curvlinops import GGNLinearOperator, HessianLinearOperator

    network, cost = torch_network(weights_of(arrays)), torch.nn.CrossEntropyLoss()
    inputs, targets = torch_inputs(arrays["inputs"]), torch.from_numpy(arrays["targets"])
    parameters = list(network.parameters())
    vectors = torch.from_numpy(arrays["vectors"][:, places(weights_of(arrays))].T.copy())
    options = network, cost, parameters, [(inputs, targets)]
    hessian = HessianLinearOperator(*options, check_deterministic=False)

    def gradient() -> Any:
        return torch.cat([slope.ravel() for slope in torch.autograd.grad(cost(network(inputs), targets), parameters)])

    works: Works = {"gradient": gradient, "Hessian": lambda: hessian @ vectors[:, 0]}
    if task.kind == "products":
        gauss_newton = GGNLinearOperator(*options, check_deterministic=False)
        return works | {"Gauss–Newton": lambda: gauss_newton @ vectors[:, 0]}
    unit = torch.eye(len(vectors))
    return works | {
        f"Hessian, {VECTORS} vectors": lambda: hessian @ vectors,
        "dense Hessian": lambda: hessian @ unit,
    }


class Loader:
    """Slices of the data: a `DataLoader` would put every example into its batch by itself."""

    def __init__(self, inputs: Any, targets: Any):
        self.dataset, self.batch_size = targets, CHUNK
        self._batches = list(zip(inputs.split(CHUNK), targets.split(CHUNK), strict=True))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


def laplace_works(arrays: Arrays) -> Works:
    """Return the same by laplace-torch, each step with its fastest backend.

    For the diagonal that is BackPACK, whose prediction however is slower than PyTorch's own Jacobians; for all else it is
    curvlinops, the default.
    """
    import laplace
    import torch
    from laplace.curvature import BackPackGGN, CurvlinopsGGN

    weights, new = weights_of(arrays), torch_inputs(arrays["new"])
    loader = Loader(torch_inputs(arrays["inputs"]), torch.from_numpy(arrays["targets"]))

    def fit(subset: str, structure: str) -> Any:
        posterior = laplace.Laplace(
            torch_network(weights, one=structure == "kronecker"),
            "classification",
            subset_of_weights=subset,
            hessian_structure={"kronecker": "kron", "diagonal": "diag"}.get(structure, structure),
            prior_precision=1.0,
            backend=BackPackGGN if structure == "diagonal" else CurvlinopsGGN,
        )
        posterior.fit(loader)
        if structure == "diagonal":
            posterior.model, posterior._backend, posterior._backend_cls = torch_network(weights), None, CurvlinopsGGN
        posterior.log_evidence = lambda: posterior.log_marginal_likelihood().detach()
        posterior.pieces = new.split(PREDICTED if subset == "all" else len(new))
        return posterior

    def predict(posterior: Any) -> Any:
        moments = [posterior._glm_predictive_distribution(piece) for piece in posterior.pieces]
        return [torch.cat(part).detach() for part in zip(*moments, strict=True)]

    return posterior_works(fit, predict)


def torch_shown(name: str, found: Any, order: np.ndarray) -> np.ndarray:
    """Return a result as an array in shinso's layout, logits centred."""
    if name.startswith("predict"):
        matrix = np.eye(found[0].shape[1]) - 1 / found[0].shape[1]
        return np.diagonal(matrix @ found[1].numpy() @ matrix, axis1=1, axis2=2)
    array = found.detach().numpy()
    if name.startswith("fit"):
        return np.asarray(array)
    back = np.argsort(order)
    return array[np.ix_(back, back)] if name.startswith("dense") else array[back].T


# The comparison


def contestant(name: str, task: Task, folder: Path, threads: int) -> Callable[[], Seconds]:
    """Return a measurement, after a first call of everything whose results and times are left in `folder`."""
    warnings.simplefilter("ignore")  # the weights are no minimum, which a posterior should be around
    arrays = dict(np.load(folder / "given.npz"))
    if name == "shinso":
        import jax

        works, wait, shown = shinso_works(task, arrays), jax.block_until_ready, shinso_shown
    else:
        import torch

        torch.set_num_threads(threads)
        works = curvlinops_works(task, arrays) if name == "curvlinops" else laplace_works(arrays)
        wait = lambda found: found  # noqa: E731
        order = places(weights_of(arrays))
        shown = lambda work, found: torch_shown(work, found, order)  # noqa: E731
    first = {}
    for work, function in works.items():
        watch = Stopwatch()
        found = wait(function())
        first |= {f"seconds {work}": np.asarray(watch.seconds()), work: shown(work, found)}
    np.savez(folder / f"{name}.npz", **first)

    def measure() -> Seconds:
        seconds = {}
        for work, function in works.items():
            watch, calls = Stopwatch(), 0
            while not calls or watch.seconds() < LEAST:
                wait(function())
                calls += 1
            seconds[work] = watch.seconds() / calls
        return seconds

    return measure


PACKAGES = {
    "shinso": ("jax", "equinox", "lineax"),
    "curvlinops": ("torch", "curvlinops-for-pytorch"),
    "laplace-torch": ("torch", "laplace-torch", "curvlinops-for-pytorch", "backpack-for-pytorch"),
}


def compare(title: str, task: Task, torch_python: str, threads: int) -> list[str]:
    """Print one table; return what does not agree."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        arrays = given(task)
        np.savez(Path(folder) / "given.npz", **arrays)
        contestants = {}
        for name in task.contestants:
            python = sys.executable if name == "shinso" else torch_python
            command = [python, __file__, "--serve", title, name, folder, "--threads", str(threads)]
            contestants[name] = stack.enter_context(Contestant(command, threads))
        first = {name: dict(np.load(Path(folder) / f"{name}.npz")) for name in contestants}
        found = interleave(contestants, task.rounds)
        versions = {package: version for one in contestants.values() for package, version in one.versions.items()}
    size = sum(array.size for array in weights_of(arrays))
    print(f"\n### {title}: {size:,} parameters, {task.examples:,} examples\n")
    print(f"n = {task.rounds} interleaved rounds; median (smallest–largest).\n")
    print("| | | ms | over shinso's | in its gradients | first call, s | difference |\n|---|---|---|---|---|---|---|")
    failed = []
    for work in found["shinso"][0]:
        for name, rows in found.items():
            if work not in rows[0]:
                continue  # laplace-torch is asked for no gradient
            gap = difference(first[name][work], first["shinso"][work])
            print(
                f"| {work} | {name} | {cells(work, name, found)} | {float(first[name][f'seconds {work}']):.2f} | {gap:.0e} |"
            )
            failed += [f"{title}, {work}, {name}"] if gap > TOLERANCE else []
    if task.kind == "dense":
        batching(found, size)
    print(f"\n{', '.join(f'{package} {version}' for package, version in versions.items())}", flush=True)
    return failed


def cells(work: str, name: str, found: Mapping[str, list[Seconds]]) -> str:
    """Return time, ratio to shinso's and to a gradient of its own."""
    seconds = [row[work] for row in found[name]]
    mine = spread(ratios(seconds, [row[work] for row in found["shinso"]]), ".2f")
    gradients = [row.get("gradient", float("nan")) for row in found[name]]
    relative = "–" if "gradient" not in found[name][0] else spread(ratios(seconds, gradients), ".2f")
    return f"{spread([1e3 * second for second in seconds])} | {mine} | {relative}"


def batching(found: Mapping[str, list[Seconds]], size: int) -> None:
    """Print the dense Hessian in W gradients, and what multiplying many vectors at once gains."""
    print(f"\n| | dense Hessian over {size:,} gradients | gain of {VECTORS} vectors at once | product of the two |")
    print("|---|---|---|---|")
    for name, rows in found.items():
        dense = [row["dense Hessian"] / (size * row["gradient"]) for row in rows]
        gain = [VECTORS * row["Hessian"] / row[f"Hessian, {VECTORS} vectors"] for row in rows]
        both = [one * other for one, other in zip(dense, gain, strict=True)]
        print(f"| {name} | {spread(dense, '.3f')} | {spread(gain, '.2f')} | {spread(both, '.2f')} |")


def difference(found: np.ndarray, reference: np.ndarray) -> float:
    """Return the largest difference over the largest number."""
    return float(np.max(np.abs(found - reference)) / np.max(np.abs(reference)))


def main() -> None:
    """Read the command line and compare, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that can import torch and laplace")
    parser.add_argument("--rounds", type=int, help="measurements of each, in place of a table's own number")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--only", choices=TASKS, action="append", help="a table; may be given several times")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        title, name, folder = options.serve
        serve(contestant(name, TASKS[title], Path(folder), options.threads), PACKAGES[name])
        return
    print(machine(), flush=True)
    failed = []
    for title in options.only or TASKS:
        task = TASKS[title] if options.rounds is None else TASKS[title]._replace(rounds=options.rounds)
        failed += compare(title, task, options.torch_python, options.threads)
    if failed:
        raise SystemExit(f"differences above {TOLERANCE:g}: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
