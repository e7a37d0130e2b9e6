"""Training C20-C40-FC1000 on CPU: `shinso.train` against a PyTorch loop, on the same work.

The network is the book's (Nielsen, chapter 6) without dropout: 20 maps of 5×5 on 28×28 images, 2×2 max pooling, 40 maps
of 5×5, 2×2 max pooling, 1000 rectified units, 10 softmax outputs; plain stochastic gradient descent on the mean negative
log-likelihood, float32. One measurement is a pass over random images in a new random order: `run.timing.train_seconds`
of one compiled program here, a Python loop in PyTorch (eager, and with channels last).

Contestants take turns; ratios are taken within a round.

    python benchmarks/convolution.py --torch-python /path/to/python/with/torch
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from _timing import Contestant, Seconds, Stopwatch, cores, interleave, machine, ratios, serve, spread

RATE = 0.01


class Work(NamedTuple):
    """What every contestant does."""

    batch: int
    examples: int
    threads: int

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Random images and labels; the same for every contestant."""
        random = np.random.default_rng(0)
        return random.random((self.examples, 28, 28, 1), dtype=np.float32), random.integers(0, 10, self.examples)


def shinso_epoch(work: Work) -> Callable[[], Seconds]:
    """One call of `shinso.train`."""
    import jax

    import shinso

    data = work.arrays()
    model = shinso.nn.cnn(
        (28, 28, 1), 10, (20, 40), kernel_size=5, padding="valid", hidden=(1000,), key=jax.random.key(0)
    )
    objective = shinso.Objective(shinso.objectives.likelihood("categorical"))

    def measure() -> Seconds:
        watch = Stopwatch()
        run = shinso.train(model, objective, data, optimizer="sgd", learning_rate=RATE, epochs=1, batch_size=work.batch)
        processor = watch.processor_seconds()
        return {
            "epoch": run.timing.train_seconds,
            "processor": processor,
            "compile": run.timing.compile_seconds,
            "loss": float(run.history["loss"][-1]),
        }

    return measure


def torch_epoch(work: Work, *, channels_last: bool) -> Callable[[], Seconds]:
    """A loop written by hand."""
    import torch

    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 20, 5),
        torch.nn.MaxPool2d(2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(20, 40, 5),
        torch.nn.MaxPool2d(2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(640, 1000),
        torch.nn.ReLU(),
        torch.nn.Linear(1000, 10),
    )
    images, labels = (torch.from_numpy(array) for array in work.arrays())
    images = images.permute(0, 3, 1, 2).contiguous()
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def measure() -> Seconds:
        watch = Stopwatch()
        total = torch.zeros(())
        for chosen in torch.randperm(work.examples).split(work.batch):
            optimizer.zero_grad()
            value = torch.nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
            value.backward()
            optimizer.step()
            total += value.detach() * len(chosen)
        loss = float(total) / work.examples
        return {"epoch": watch.seconds(), "processor": watch.processor_seconds(), "loss": loss}

    return measure


def torch_eager(work: Work) -> Callable[[], Seconds]:
    """The loop as it stands."""
    return torch_epoch(work, channels_last=False)


def torch_channels_last(work: Work) -> Callable[[], Seconds]:
    """The loop with images and kernels stored channels last."""
    return torch_epoch(work, channels_last=True)


ENTRIES = {
    "shinso": (shinso_epoch, ("jax", "equinox")),
    "PyTorch eager": (torch_eager, ("torch",)),
    "PyTorch channels last": (torch_channels_last, ("torch",)),
}


def compare(torch_python: str, work: Work, rounds: int) -> None:
    """Print one table."""
    with ExitStack() as stack:
        contestants = {}
        for name in ENTRIES:
            python = torch_python if name.startswith("PyTorch") else sys.executable
            command = [python, __file__, "--serve", name, "--work", *map(str, work)]
            contestants[name] = stack.enter_context(Contestant(command, work.threads))
        found = interleave(contestants, rounds)
    print(f"\n### C20-C40-FC1000, mini-batch {work.batch}, {work.examples:,} images\n")
    print(f"n = {rounds} interleaved rounds; median (smallest–largest).\n")
    print("| | µs an image | over shinso's | processor, µs an image | over shinso's |\n|---|---|---|---|---|")
    for name, rows in found.items():
        cells = [name]
        for key in ("epoch", "processor"):
            values = [row[key] for row in rows]
            cells.append(spread([value / work.examples * 1e6 for value in values]))
            cells.append(spread(ratios(values, [row[key] for row in found["shinso"]]), ".2f"))
        print(f"| {' | '.join(cells)} |")
    versions = {package: version for one in contestants.values() for package, version in one.versions.items()}
    compiling = contestants["shinso"].warm_up["compile"]
    print(
        f"\n{', '.join(f'{package} {version}' for package, version in versions.items())}; compiling {compiling:.1f} s"
    )


def main() -> None:
    """Read the command line and compare, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that can import torch")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--examples", type=int, default=2560)
    parser.add_argument("--batch", type=int, nargs="+", default=[10, 128])
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--serve", choices=ENTRIES, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        make, packages = ENTRIES[options.serve]
        serve(make(Work(*options.work)), packages)
        return
    print(machine())
    for batch in options.batch:
        compare(options.torch_python, Work(batch, options.examples, options.threads), options.rounds)


if __name__ == "__main__":
    main()
