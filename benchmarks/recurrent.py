"""LSTM and GRU on CPU: shinso's layers against PyTorch's, the same weights, the same work.

First the same weights and inputs go through both: outputs and gradients of Σ_t,n c·h (c fixed random numbers) in the
inputs and every parameter must agree to 1e-5 (relative to the largest entry), in float32 and in float64, else the script
ends with an error. Then time: 28 steps of 28 numbers, 128 units, mini-batch 64, float32; forward alone and the gradient
in all parameters, many calls a measurement. Contestants take turns; ratios are taken within a round.

    python benchmarks/recurrent.py --torch-python /path/to/python/with/torch
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from _timing import Contestant, Seconds, Stopwatch, cores, interleave, machine, ratios, serve, spread

BATCH, STEPS, INPUTS, UNITS = 64, 28, 28, 128
CALLS = 40
TOLERANCE = 1e-5
CELLS = ("lstm", "gru")
Arrays = dict[str, np.ndarray]


def shinso_layer(cell: str) -> Any:
    """A layer with random biases, the GRU's recurrent bias included."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from shinso import nn

    layer = nn.CELLS[cell](INPUTS, UNITS, bias_init="standard_normal", key=jax.random.key(0))
    if cell == "gru":
        layer = eqx.tree_at(lambda gru: gru.recurrent_bias, layer, jnp.linspace(-1, 1, UNITS))
    return layer


def data() -> Arrays:
    """Inputs and what outputs are multiplied by, in float64."""
    random = np.random.default_rng(0)
    return {"x": random.normal(size=(BATCH, STEPS, INPUTS)), "c": random.normal(size=(BATCH, STEPS, UNITS))}


def shinso_gradient(cell: str, dtype: str) -> tuple[Arrays, Arrays]:
    """What PyTorch needs, and outputs and gradients here."""
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(dtype == "float64"):
        layer = jax.tree.map(lambda leaf: leaf.astype(dtype), shinso_layer(cell))
        given = {name: array.astype(dtype) for name, array in data().items()}

        @jax.jit
        def run(layer: Any, x: Any) -> Any:
            def cost(layer: Any, x: Any) -> Any:
                outputs = layer(x)
                return jnp.sum(given["c"] * outputs), outputs

            return jax.value_and_grad(cost, argnums=(0, 1), has_aux=True)(layer, x)

        (_, outputs), (slope, slope_x) = run(layer, given["x"])
        names = ["weight", "recurrent_weight", "bias", *(["recurrent_bias"] if cell == "gru" else [])]
        given |= {name: np.asarray(getattr(layer, name)) for name in names}
        found = {name: np.asarray(getattr(slope, name)) for name in names}
        return given, {"outputs": np.asarray(outputs), "x": np.asarray(slope_x), **found}


def torch_gradient(cell: str, given: Arrays) -> Arrays:
    """The same by PyTorch, with its own automatic differentiation."""
    import torch

    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](INPUTS, UNITS, batch_first=True)
    layer = layer.to(torch.from_numpy(given["x"]).dtype)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(given["weight"].T.copy()))
        layer.weight_hh_l0.copy_(torch.from_numpy(given["recurrent_weight"].T.copy()))
        layer.bias_ih_l0.copy_(torch.from_numpy(given["bias"]))
        layer.bias_hh_l0.zero_()
        if cell == "gru":
            layer.bias_hh_l0[2 * UNITS :] = torch.from_numpy(given["recurrent_bias"])
    x = torch.from_numpy(given["x"]).requires_grad_()
    outputs, _ = layer(x)
    (torch.from_numpy(given["c"]) * outputs).sum().backward()
    found = {
        "outputs": outputs.detach(),
        "x": x.grad,
        "weight": layer.weight_ih_l0.grad.T,
        "recurrent_weight": layer.weight_hh_l0.grad.T,
        "bias": layer.bias_ih_l0.grad,
        "recurrent_bias": layer.bias_hh_l0.grad[2 * UNITS :],
    }
    return {name: array.numpy() for name, array in found.items()}


def agree(torch_python: str) -> None:
    """Print the largest differences, and end with an error if one is above the tolerance."""
    print("\n### Agreement: largest difference over largest entry\n")
    names = ["outputs", "x", "weight", "recurrent_weight", "bias", "recurrent_bias"]
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    worst = 0.0
    for cell in CELLS:
        for dtype in ("float32", "float64"):
            given, ours = shinso_gradient(cell, dtype)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "given.npz"
                np.savez(path, **given)
                subprocess.run([torch_python, __file__, "--answer", cell, str(path)], check=True)
                theirs = dict(np.load(path))
            gaps = {name: abs(ours[name] - theirs[name]).max() / abs(theirs[name]).max() for name in ours}
            worst = max(worst, *gaps.values())
            cells = [f"{gaps[name]:.0e}" if name in gaps else "–" for name in names]
            print(f"| {cell}, {dtype} | {' | '.join(cells)} |", flush=True)
    if worst > TOLERANCE:
        raise SystemExit(f"differences of {worst:.1e} are above {TOLERANCE:g}")


def shinso_time(cell: str) -> Callable[[], Seconds]:
    """Compiled functions of the layer."""
    import jax
    import jax.numpy as jnp

    layer = shinso_layer(cell)
    x, c = (jnp.asarray(array, jnp.float32) for array in data().values())
    forward = jax.jit(lambda layer: layer(x))
    gradient = jax.jit(jax.grad(lambda layer: jnp.sum(c * layer(x))))

    def measure() -> Seconds:
        found = {}
        for name, function in (("forward", forward), ("gradient", gradient)):
            watch = Stopwatch()
            for _ in range(CALLS):
                jax.block_until_ready(function(layer))
            found[name] = watch.seconds() / CALLS
        return found

    return measure


def torch_time(cell: str, threads: int) -> Callable[[], Seconds]:
    """PyTorch's layer."""
    import torch

    torch.set_num_threads(threads)
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](INPUTS, UNITS, batch_first=True)
    x, c = (torch.from_numpy(array.astype(np.float32)) for array in data().values())

    def gradient() -> None:
        layer.zero_grad()
        (c * layer(x)[0]).sum().backward()

    def forward() -> None:
        with torch.no_grad():
            layer(x)

    def measure() -> Seconds:
        found = {}
        for name, function in (("forward", forward), ("gradient", gradient)):
            watch = Stopwatch()
            for _ in range(CALLS):
                function()
            found[name] = watch.seconds() / CALLS
        return found

    return measure


def compare(torch_python: str, cell: str, threads: int, rounds: int) -> None:
    """Print one table."""
    with ExitStack() as stack:
        contestants = {
            name: stack.enter_context(
                Contestant([python, __file__, "--serve", name, cell, "--threads", str(threads)], threads)
            )
            for name, python in (("shinso", sys.executable), ("PyTorch", torch_python))
        }
        found = interleave(contestants, rounds)
    print(f"\n### {cell.upper()}, {STEPS} steps of {INPUTS} numbers, {UNITS} units, mini-batch {BATCH}\n")
    print(f"n = {rounds} interleaved rounds of {CALLS} calls; median (smallest–largest).\n")
    print("| | forward, ms | over shinso's | gradient, ms | over shinso's |\n|---|---|---|---|---|")
    for name, rows in found.items():
        cells = [name]
        for key in ("forward", "gradient"):
            values = [row[key] for row in rows]
            cells.append(spread([value * 1e3 for value in values], ".2f"))
            cells.append(spread(ratios(values, [row[key] for row in found["shinso"]]), ".2f"))
        print(f"| {' | '.join(cells)} |")
    versions = {package: version for one in contestants.values() for package, version in one.versions.items()}
    print(f"\n{', '.join(f'{package} {version}' for package, version in versions.items())}", flush=True)


def main() -> None:
    """Read the command line and compare, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that can import torch")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--answer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        name, cell = options.serve
        if name == "shinso":
            serve(shinso_time(cell), ("jax", "equinox"))
        else:
            serve(torch_time(cell, options.threads), ("torch",))
        return
    if options.answer:
        cell, path = options.answer
        np.savez(path, **torch_gradient(cell, dict(np.load(path))))
        return
    print(machine())
    agree(options.torch_python)
    for cell in CELLS:
        compare(options.torch_python, cell, options.threads, options.rounds)


if __name__ == "__main__":
    main()
